export function SchedulesView() { return <></>; }
