// The timeline's drawing: a track a P, a track an M, a slice a G, and one track
// for the selected G with all its states.
//
// What a frame costs depends on the pixels, not on the events: a slice that is
// wider than a pixel and a half is drawn as such; of all those that fall into
// one pixel a binary search finds the last, and what part of the pixel they
// fill is a difference of two running totals.

import { ByCoroutine, KBlock, KCreate, KPark, KReady, KStart, KSyscall, KSysret, KUnblock, KYield } from "./kinds.ts";
import { colorOf, css, type RGB } from "./color.ts";
import { short, stamp, ticks } from "./format.ts";
import { Native, Runnable, Running, Waiting } from "./machine.ts";
import { narrate, where, type Lang } from "./narrate.ts";
import type { Painter } from "./painter.ts";
import type { Store } from "./store.ts";
import type { Track } from "./tracks.ts";

export interface Look {
  ink: string;
  muted: string;
  line: string;
  ground: string;
  track: string;
  accent: string;
  flow: string;
  runnable: string;
  waiting: string;
  native: string;
  trackRGB: RGB;
}

export interface Scene {
  store: Store;
  from: number;
  to: number;
  width: number;
  height: number;
  scroll: number;
  cursor: number; // a time
  g: number; // the selected one, 0: none
  showMs: boolean;
  arrows: boolean;
  look: Look;
  lang: Lang;
}

export interface Row {
  kind: "g" | "p" | "m";
  id: number;
  y: number;
  h: number;
  track: Track | null;
}

// A Span is a stretch of the selected G's life.
export interface Span {
  from: number;
  to: number;
  state: number;
  event: number;
  label: string;
}

export const gutter = 58;
export const axis = 26;
const rowH = { g: 30, p: 30, m: 18 };
const tallest = 1.9; // what a row grows to where there is room
const gap = 4;
const maxArrows = 300;

export function rows(c: { store: Store; g: number; showMs: boolean; height: number }): Row[] {
  const { ps, ms } = c.store,
    out: Row[] = [];
  const least = (c.g ? rowH.g + 12 : 0) + ps.length * (rowH.p + gap) + (c.showMs ? ms.length * (rowH.m + gap) : 0) + axis + 24;
  const grow = Math.max(1, Math.min(tallest, c.height / least));
  let y = 6;
  const add = (kind: Row["kind"], id: number, track: Track | null) => {
    const h = Math.floor(rowH[kind] * grow);
    out.push({ kind, id, y, h, track });
    y += h + gap;
  };
  if (c.g) {
    add("g", c.g, null);
    y += 8;
  }
  ps.forEach((t, id) => add("p", id, t));
  y += 8;
  if (c.showMs)
    ms.forEach((t, id) => {
      if (t.n) add("m", id, t);
    });
  return out;
}

export function contentHeight(all: Row[]): number {
  const last = all.at(-1);
  return axis + (last ? last.y + last.h : 0) + 10;
}

const scale = (c: Scene) => (c.width - gutter) / (c.to - c.from);
export const xOf = (c: Scene, t: number) => gutter + (t - c.from) * scale(c);
export const timeOf = (c: Scene, x: number) => c.from + (x - gutter) / scale(c);

export function draw(c: Scene, p: Painter): void {
  const all = rows(c);
  drawAxis(c, p);
  p.clip(0, axis, c.width, c.height - axis, () => {
    for (const row of all) {
      const y = axis + row.y - c.scroll;
      if (y > c.height || y + row.h < axis) continue;
      p.text(gutter - 10, y + row.h / 2, `${row.kind}${row.id}`, row.kind === "m" ? c.look.muted : c.look.ink, "end", row.kind !== "m");
      p.rect(gutter, y, c.width - gutter, row.h, c.look.track);
      p.clip(gutter, y, c.width - gutter, row.h, () => (row.track ? drawTrack(c, p, row, y) : drawLife(c, p, row, y)));
    }
    p.clip(gutter, axis, c.width - gutter, c.height - axis, () => {
      if (c.arrows) drawArrows(c, p, all);
      drawCursor(c, p);
    });
  });
}

function drawAxis(c: Scene, p: Painter): void {
  const marks = ticks(c.from, c.to, Math.max(2, (c.width - gutter) / 110));
  const step = marks.length > 1 ? marks[1] - marks[0] : 1;
  for (const t of marks) {
    const x = xOf(c, t);
    if (x < gutter) continue;
    p.rect(x, axis - 5, 1, c.height, c.look.line);
    p.text(x + 4, 11, tickName(t, step), c.look.muted);
  }
  p.rect(0, axis - 1, c.width, 1, c.look.line);
}

// tickName writes a time with as many digits as tell it from its neighbours.
function tickName(t: number, step: number): string {
  if (t === 0) return "0";
  const [unit, of] = step >= 1e9 ? ["s", 1e9] : step >= 1e6 ? ["ms", 1e6] : step >= 1e3 ? ["µs", 1e3] : ["ns", 1];
  const v = t / of,
    digits = Math.max(0, -Math.floor(Math.log10(step / of) + 1e-9));
  return `${v.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009")} ${unit}`;
}

function drawTrack(c: Scene, p: Painter, row: Row, y: number): void {
  const t = row.track!,
    k = scale(c),
    now = c.store.last;
  const thin: (RGB | null)[] = [];
  let i = t.at(c.from);
  while (i < t.n && t.start[i] < c.to) {
    const x0 = xOf(c, t.start[i]),
      x1 = xOf(c, Math.min(t.end[i], now));
    if (x1 - x0 >= 1.5) {
      slice(c, p, t, i, Math.max(x0, gutter - 2), Math.min(x1, c.width + 2), y, row.h);
      i++;
      continue;
    }
    const px = Math.max(0, Math.floor(x0 - gutter)),
      end = c.from + (px + 1) / k,
      begin = c.from + px / k;
    const full = (t.ran(end, now) - t.ran(begin, now)) / (end - begin);
    while (thin.length < px) thin.push(null);
    thin[px] = mix(c.look.trackRGB, colorOf(c.store, t.g[i]), 0.25 + 0.75 * Math.min(1, full));
    const next = t.at(end);
    i = next > i ? (next < t.n && t.start[next] < end ? next : Math.max(next, i + 1)) : i + 1;
  }
  p.row(gutter, y, row.h, thin);
}

const mix = (a: RGB, b: RGB, f: number): RGB => [a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f, a[2] + (b[2] - a[2]) * f];

function slice(c: Scene, p: Painter, t: Track, i: number, x0: number, x1: number, y: number, h: number): void {
  const g = t.g[i],
    w = Math.max(1, x1 - x0 - (x1 - x0 > 4 ? 1 : 0));
  p.rect(x0, y, w, h, css(colorOf(c.store, g)));
  if (t.native[i]) for (let x = x0 + 3; x < x0 + w; x += 6) p.rect(x, y, 1.5, h, c.look.track);
  if (g === c.g) {
    p.rect(x0, y, w, 2, c.look.accent);
    p.rect(x0, y + h - 2, w, 2, c.look.accent);
  }
  if (w < 26) return;
  const name = c.store.gFunc(g),
    label = `g${g}`;
  const long = `${label} ${name}`;
  p.text(x0 + 5, y + h / 2, w > long.length * 6.2 + 10 ? long : w > label.length * 7 + 8 ? label : "", "#14202a");
}

// --- the selected G

// spans returns the states of g in a window, in order. Of those that end within
// the same step of time only the first is returned.
export function spans(s: Store, g: number, from: number, to: number, step = 0): Span[] {
  const life = s.life(g),
    out: Span[] = [];
  for (let k = Math.max(0, life.find(from) - 1); k < life.n && life.time[k] < to;) {
    const e = s.event(life.event[k]),
      state = after(e.kind, e.a);
    const end = k + 1 < life.n ? life.time[k + 1] : s.last;
    if (state) {
      const label = e.kind === KPark ? `${s.tables.reasons[e.sub] ?? ""} ${s.waitName(e.sub, e.a, short)}` : "";
      out.push({ from: e.time, to: end, state, event: e.i, label });
    }
    k = end - e.time < step ? Math.max(k + 1, life.find(e.time + step)) : k + 1;
  }
  return out;
}

// after returns the state of a G after an event of its life, 0 when it is gone.
export function after(kind: number, a: number): number {
  switch (kind) {
    case KCreate:
    case KReady:
    case KYield:
      return Runnable;
    case KStart:
      return Running;
    case KPark:
      return Waiting;
    case KBlock:
    case KSyscall:
      return Native;
    case KUnblock:
    case KSysret:
      return a === 1 ? Running : Runnable;
  }
  return 0;
}

function drawLife(c: Scene, p: Painter, row: Row, y: number): void {
  const fill: Record<number, string> = {
    [Running]: css(colorOf(c.store, row.id)),
    [Runnable]: c.look.runnable,
    [Waiting]: c.look.waiting,
    [Native]: c.look.native,
  };
  for (const sp of spans(c.store, row.id, c.from, c.to, 0.5 / scale(c))) {
    const x0 = Math.max(gutter, xOf(c, sp.from)),
      x1 = Math.min(c.width, xOf(c, sp.to));
    if (x1 < gutter) continue;
    const high = sp.state === Running ? 0 : 7;
    p.rect(x0, y + high, Math.max(0.5, x1 - x0), row.h - 2 * high, fill[sp.state]);
    if (sp.label && x1 - x0 > sp.label.length * 6.4) p.text(x0 + 5, y + row.h / 2, sp.label, c.look.ink);
  }
}

// --- who woke whom

function drawArrows(c: Scene, p: Painter, all: Row[]): void {
  const s = c.store,
    byP = new Map(all.filter((r) => r.kind === "p").map((r) => [r.id, r]));
  let n = 0;
  for (const row of byP.values()) {
    const t = row.track!;
    for (let i = t.at(c.from); i < t.n && t.start[i] < c.to; i++) {
      if ((t.end[i] - t.start[i]) * scale(c) < 1 && t.g[i] !== c.g) {
        const skip = t.at(c.from + Math.max(0, xOf(c, t.start[i]) - gutter + 1) / scale(c));
        if (skip > i + 1) i = skip - 1;
        continue;
      }
      if (!s.has(t.event[i])) continue;
      const by = waker(s, t.event[i]);
      if (!by || (by.g !== c.g && t.g[i] !== c.g && c.g)) continue;
      const from = byP.get(by.p);
      if (!from || n++ > maxArrows) continue;
      const x0 = xOf(c, by.time),
        x1 = xOf(c, t.start[i]);
      const y0 = axis + from.y + (from === row ? from.h - 5 : from.y < row.y ? from.h : 0) - c.scroll;
      const y1 = axis + row.y + (from === row ? row.h - 5 : from.y < row.y ? 0 : row.h) - c.scroll;
      arrow(p, x0, y0, x1, y1, c.g ? c.look.accent : c.look.flow);
    }
  }
}

// waker returns the event that made runnable the G that event i starts, if a
// coroutine did.
export function waker(s: Store, i: number) {
  const link = s.event(i).link;
  if (!s.has(link)) return null;
  const e = s.event(link);
  if (e.p < 0 || !e.g) return null;
  return e.kind === KCreate || (e.kind === KReady && e.c === ByCoroutine) ? e : null;
}

function arrow(p: Painter, x0: number, y0: number, x1: number, y1: number, color: string): void {
  const bend = Math.min(24, Math.abs(x1 - x0) / 2 + 4),
    curve: [number, number][] = [];
  for (let i = 0; i <= 12; i++) {
    const u = i / 12,
      v = 1 - u;
    curve.push([
      v ** 3 * x0 + 3 * v * v * u * (x0 + bend) + 3 * v * u * u * (x1 - bend) + u ** 3 * x1,
      v ** 3 * y0 + 3 * v * v * u * y0 + 3 * v * u * u * y1 + u ** 3 * y1,
    ]);
  }
  p.line(curve, color, 1.2);
  p.line(
    [
      [x1 - 5, y1 - 3.5],
      [x1, y1],
      [x1 - 5, y1 + 3.5],
    ],
    color,
    1.2,
  );
}

function drawCursor(c: Scene, p: Painter): void {
  const x = xOf(c, c.cursor);
  if (x >= gutter - 1) p.rect(x - 0.75, axis, 1.5, c.height, c.look.accent);
}

// --- what is under the pointer

export interface Hit {
  row: Row;
  time: number;
  g: number;
  event: number;
  from: number;
  to: number;
}

export function hit(c: Scene, x: number, y: number): Hit | null {
  const row = rows(c).find((r) => y >= axis + r.y - c.scroll && y < axis + r.y + r.h - c.scroll);
  if (!row || x < gutter || y < axis) return null;
  const time = timeOf(c, x);
  if (!row.track) {
    const sp = spans(c.store, row.id, c.from, c.to, 0.5 / scale(c)).find((q) => q.from <= time && time < q.to);
    return sp ? { row, time, g: row.id, event: sp.event, from: sp.from, to: sp.to } : null;
  }
  const t = row.track,
    i = t.at(time - 1 / scale(c));
  if (i >= t.n || t.start[i] > time + 1 / scale(c)) return null;
  return { row, time, g: t.g[i], event: t.event[i], from: t.start[i], to: Math.min(t.end[i], c.store.last) };
}

export function tip(s: Store, h: Hit, lang: Lang): string[] {
  const out = [`g${h.g} ${s.gFunc(h.g)}`, `${short(h.to - h.from)}  ${stamp(h.from)}`];
  if (s.has(h.event)) {
    const e = s.event(h.event);
    out.push(`${where(e)} ${narrate(s, e, lang)}`);
  }
  return out;
}
