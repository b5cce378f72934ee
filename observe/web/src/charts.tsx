// Charts over time. Their figures are differences of the running totals that
// the store samples, so a chart costs the same whatever the recording's length.

import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignalEffect } from "@preact/signals";
import uPlot from "uplot";
import { theme } from "./color.ts";
import { big, short } from "./format.ts";
import { lang, w, type Word } from "./i18n.ts";
import { KCreate, KReady, KStart, KYield } from "./kinds.ts";
import { Native, Runnable, Running, Waiting, type Totals } from "./machine.ts";
import { cursorTime, moveToTime, range, stats, store, version } from "./state.ts";
import type { Sample, Store } from "./store.ts";

const points = 300;
const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// sampleAt returns the last sample that is not after t.
function sampleAt(s: Store, t: number): Sample | null {
  let lo = 0,
    hi = s.samples.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (s.samples[mid].time <= t) lo = mid + 1;
    else hi = mid;
  }
  return s.samples[lo - 1] ?? null;
}

export type Series = { word: Word; at: (a: Sample, b: Sample, seconds: number, s: Store, t: number) => number };

const counts: Series[] = [
  { word: "running", at: (_, b) => b.counts[Running] },
  { word: "runnable", at: (_, b) => b.counts[Runnable] },
  { word: "parked", at: (_, b) => b.counts[Waiting] },
  { word: "native", at: (_, b) => b.counts[Native] },
];

const rate = (word: Word, k: keyof Totals): Series => ({ word, at: (a, b, s) => (b.total[k] - a.total[k]) / s });
const wakes: Series[] = [rate("wakeups", "readies"), rate("created2", "created"), rate("ioWakeups", "io")];
const rare: Series[] = [rate("steals", "steals"), rate("handoffs", "handoffs"), rate("netpolls", "netpolls")];

const served: Series[] = [{ word: "requestRate", at: (_a, _b, seconds, s, t) => s.requestRate(t - seconds * 1e9, t) }];

// sampled returns the columns of a chart: times in seconds, then each series.
export function sampled(s: Store, series: Series[], from: number, to: number): number[][] {
  const out: number[][] = [[], ...series.map(() => [])],
    dt = (to - from) / points;
  let before = sampleAt(s, from);
  for (let i = 1; i <= points; i++) {
    const t = from + i * dt,
      now = sampleAt(s, t);
    out[0].push(t / 1e9);
    series.forEach((x, k) => out[k + 1].push(before && now ? x.at(before, now, dt / 1e9, s, t) : 0));
    before = now;
  }
  return out;
}

export function ChartsView() {
  const s = store.value;
  version.value;
  lang.value;
  if (!s) return <></>;
  return (
    <div class="page charts">
      <p class="muted">
        {w("chartWindow")}: {short(range.value[1] - range.value[0])}
        {stats.value?.requests !== undefined && (
          <>
            . {w("requests")}: <b>{big(stats.value.requests)}</b>
          </>
        )}
      </p>
      {s.served.length > 0 && <Chart title={w("chartRequests")} series={served} />}
      <Chart title={w("chartCounts")} series={counts} />
      <Chart title={w("chartRates")} series={wakes} />
      <Chart title="" series={rare} />
      <Latency s={s} />
    </div>
  );
}

function Chart({ title, series }: { title: string; series: Series[] }) {
  const box = useRef<HTMLDivElement>(null),
    plot = useRef<uPlot | null>(null);
  const look = theme.value + lang.value;
  useLayoutEffect(() => {
    const s = store.value;
    if (!s) return;
    const u = new uPlot(options(series, box.current!.clientWidth), sampled(s, series, ...range.peek()) as uPlot.AlignedData, box.current!);
    u.over.addEventListener("dblclick", () => moveToTime(u.posToVal(u.cursor.left!, "x") * 1e9));
    plot.current = u;
    const watch = new ResizeObserver(() => u.setSize({ width: box.current!.clientWidth, height: 190 }));
    watch.observe(box.current!);
    return () => {
      watch.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [look]);
  const due = useRef(0);
  useSignalEffect(() => {
    const s = store.value,
      [a, b] = range.value;
    version.value;
    cursorTime.value;
    cancelAnimationFrame(due.current);
    due.current = requestAnimationFrame(() => {
      if (s && plot.current) plot.current.setData(sampled(s, series, a, b) as uPlot.AlignedData);
    });
  });
  return (
    <section>
      {title && <h2>{title}</h2>}
      <div class="plot" ref={box} />
    </section>
  );
}

const lines = ["--line1", "--line2", "--line3", "--line4"];

function options(series: Series[], width: number): uPlot.Options {
  const axis = {
    stroke: css("--muted"),
    grid: { stroke: css("--line"), width: 1 },
    ticks: { stroke: css("--line"), width: 1 },
    font: "11px system-ui",
  };
  return {
    width,
    height: 190,
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { time: false }, y: { range: (_u, _lo, hi) => [0, Math.max(1, hi * 1.08)] } },
    axes: [
      { ...axis, values: (_u, v) => v.map((x) => short(x * 1e9)) },
      { ...axis, size: 64, values: (_u, v) => v.map((x) => big(x)) },
    ],
    series: [
      { label: "t", value: (_u, v) => (v == null ? "–" : `+${short(v * 1e9)}`) },
      ...series.map((x, i) => ({
        label: w(x.word),
        stroke: css(lines[i]),
        width: 1.6,
        points: { show: false },
        fill: i ? undefined : css(lines[i]) + "22",
        value: (_u: uPlot, v: number | null) => (v == null ? "–" : big(v)),
      })),
    ],
  };
}

// latencies counts, in the window, how long Gs were runnable before they ran,
// by powers of two.
export function latencies(s: Store, from: number, to: number): { log2: number[]; n: number; max: number } {
  const log2: number[] = [];
  let n = 0,
    max = 0;
  s.scan(s.find(from), s.find(to), (c, i, at) => {
    if (c.kind[i] !== KStart) return;
    const link = s.event(at).link;
    if (!s.has(link)) return;
    const e = s.event(link);
    if (e.kind !== KCreate && e.kind !== KReady && e.kind !== KYield) return;
    const d = c.time[i] - e.time,
      bucket = d < 1 ? 0 : Math.floor(Math.log2(d)) + 1;
    log2[bucket] = (log2[bucket] ?? 0) + 1;
    n++;
    max = Math.max(max, d);
  });
  return { log2: Array.from(log2, (x) => x ?? 0), n, max };
}

let known: { key: string; got: ReturnType<typeof latencies> } | null = null;

function Latency({ s }: { s: Store }) {
  const [a, b] = range.value,
    key = `${a} ${b} ${s.n}`;
  if (known?.key !== key) known = { key, got: latencies(s, a, b) };
  const { log2, n, max } = known.got;
  const part = (q: number) => {
    let left = q * n;
    for (let i = 0; i < log2.length; i++) if ((left -= log2[i]) <= 0 && log2[i]) return Math.min(2 ** i - 1, max);
    return max;
  };
  return (
    <section>
      <h2>{w("chartLatency")}</h2>
      <p class="muted">
        {big(n)} {w("events")}; {w("median")} {short(part(0.5))}; {w("p99")} {short(part(0.99))}; {w("max")} {short(max)}
      </p>
      {n > 0 && <Histogram title="" log2={log2} />}
    </section>
  );
}

// Histogram draws counts by powers of two of nanoseconds.
export function Histogram({ title, log2 }: { title: string; log2: number[] }) {
  const first = Math.max(
      0,
      log2.findIndex((x) => x > 0),
    ),
    all = log2.slice(first),
    most = Math.max(1, ...all);
  return (
    <figure class="histogram">
      {title && <figcaption>{title}</figcaption>}
      <table>
        <tbody>
          {all.map((n, i) => (
            <tr>
              <th scope="row">&lt; {short(2 ** (first + i))}</th>
              <td>
                <svg class="cellbar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={(n / most) * 100} height="8" />
                </svg>
              </td>
              <td class="num">{big(n)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
