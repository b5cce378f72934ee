export function QuestionsView() { return <></>; }
