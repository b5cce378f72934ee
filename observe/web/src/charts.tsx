export function ChartsView() { return <></>; }
