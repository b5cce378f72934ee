export function LessonsView() { return <></>; }
