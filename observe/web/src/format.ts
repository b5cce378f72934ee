// Numbers for people.

// goDuration writes ns as Go's time.Duration does: 1h0m0s, 12.5ms, 340ns.
export function goDuration(ns: number): string {
  const sign = ns < 0 ? "-" : "";
  ns = Math.abs(ns);
  if (ns === 0) return "0s";
  const trim = (x: number, digits: number) => {
    const s = x.toFixed(digits);
    return s.includes(".") ? s.replace(/\.?0+$/, "") : s;
  };
  if (ns < 1e3) return `${sign}${ns}ns`;
  if (ns < 1e6) return `${sign}${trim(ns / 1e3, 3)}µs`;
  if (ns < 1e9) return `${sign}${trim(ns / 1e6, 6)}ms`;
  const h = Math.floor(ns / 3600e9),
    m = Math.floor((ns % 3600e9) / 60e9);
  const s = trim((ns % 60e9) / 1e9, 9) + "s";
  return sign + (h ? `${h}h${m}m${s}` : m ? `${m}m${s}` : s);
}

// short writes ns with three figures: 1.23 ms.
export function short(ns: number): string {
  if (!isFinite(ns)) return "–";
  const sign = ns < 0 ? "−" : "",
    x = Math.abs(ns);
  for (const [unit, of] of [
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
  ] as const) {
    if (x >= of * 0.9995) return `${sign}${three(x / of)} ${unit}`;
  }
  return `${sign}${Math.round(x)} ns`;
}

// stamp writes a moment, in ns since the start of the run, to the microsecond or
// better.
export function stamp(t: number): string {
  if (t < 1e6) return `+${(t / 1e3).toFixed(1)} µs`;
  if (t < 1e9) return `+${(t / 1e6).toFixed(3)} ms`;
  return `+${(t / 1e9).toFixed(6)} s`;
}

const three = (x: number) => (x >= 99.95 ? x.toFixed(0) : x >= 9.995 ? x.toFixed(1) : x.toFixed(2));

// big writes a count: 12 345, or 1.2 M with many.
export function big(n: number): string {
  if (n >= 1e9) return three(n / 1e9) + " G";
  if (n >= 1e6) return three(n / 1e6) + " M";
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

// ticks returns round times for an axis: about n of them between a and b.
export function ticks(a: number, b: number, n: number): number[] {
  const raw = (b - a) / Math.max(1, n),
    mag = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((x) => x * mag).find((x) => x >= raw) ?? raw;
  const out: number[] = [];
  for (let i = Math.ceil(a / step); i * step <= b && out.length < 1000; i++) out.push(i * step);
  return out;
}
