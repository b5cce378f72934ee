// Where everything stands in the picture of the machine. It is a function of the
// machine and of the width: nothing here draws.

import { ObjAddr, ObjFd, ObjNone, ObjSleep } from "./kinds.ts";
import { InFlight, Waiting, type GState, type Machine, type MState, type PState } from "./machine.ts";
import type { Store } from "./store.ts";
import { short } from "./format.ts";

export interface Mark {
  g: number;
  x: number;
  y: number;
  r: number;
  dead?: boolean;
}
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}
export interface PCard extends Box {
  p: PState;
  m: MState | null;
  lane: number;
  hidden: number;
  cell: number;
}
export interface MChip extends Box {
  m: MState;
}
export interface Room {
  x: number;
  y: number;
  label: string;
  obj: number;
  kind: number;
  holder: number;
  hidden: number;
  end: number;
}
export interface Hall extends Box {
  what: "netpoll" | "timers" | "objects";
  rooms: Room[];
  hidden: number;
  count: number;
}

export interface Picture {
  w: number;
  h: number;
  global: Box & { shown: number; count: number };
  sysmon: Box;
  free: Box;
  ps: PCard[];
  idle: Box;
  chips: MChip[];
  halls: Hall[];
  marks: Map<number, Mark>;
}

const gap = 14,
  small = 13,
  large = 20,
  pitch = 29;
const maxRooms = 8,
  cardH = 216;

export function layout(s: Store, m: Machine, w: number, ended: number): Picture {
  const marks = new Map<number, Mark>();
  const put = (g: number, x: number, y: number, r: number) => {
    marks.set(g, { g, x, y, r });
  };
  const pic = { w, marks, ...top(m, w, put) } as Picture;
  let y = Math.max(pic.sysmon.y + pic.sysmon.h, pic.global.y + pic.global.h) + gap;
  [pic.ps, y] = cards(m, w, y, put);
  [pic.idle, pic.chips, y] = idleMs(m, w, y, put);
  [pic.halls, y] = halls(s, m, w, y, put);
  inFlight(m, pic, put);
  if (ended) marks.set(ended, { g: ended, x: pic.free.x + pic.free.w - 30, y: pic.free.y + 46, r: small, dead: true });
  pic.h = y;
  return pic;
}

type Put = (g: number, x: number, y: number, r: number) => void;

function top(m: Machine, w: number, put: Put) {
  const wide = w >= 720,
    side = wide ? 176 : (w - gap) / 2,
    h = 72;
  const global = { x: 0, y: 0, w: wide ? w - 2 * (side + gap) : w, h, shown: 0, count: m.global.size };
  const max = Math.floor((global.w - 70) / pitch);
  for (const g of m.global) {
    if (global.shown >= max) break;
    put(g, 12 + small + global.shown++ * pitch, 46, small);
  }
  const y = wide ? 0 : h + gap,
    x = wide ? global.w + gap : 0;
  return { global, sysmon: { x, y, w: side, h }, free: { x: x + side + gap, y, w: side, h } };
}

function cards(m: Machine, w: number, y: number, put: Put): [PCard[], number] {
  const shown = m.ps.filter((p) => !p.gone);
  const fit = Math.max(1, Math.floor((w + gap) / (310 + gap)));
  const cols = Math.max(1, Math.ceil(shown.length / Math.max(1, Math.ceil(shown.length / fit)))); // rows as equal as can be
  const cw = Math.min(520, (w - gap * (cols - 1)) / cols);
  const out = shown.map((p, i): PCard => {
    const x = (i % cols) * (cw + gap),
      cy = y + Math.floor(i / cols) * (cardH + gap);
    const mm = p.m >= 0 ? (m.ms[p.m] ?? null) : null;
    if (mm?.g) put(mm.g, x + 96, cy + 46, large);
    if (p.next) put(p.next, x + 70, cy + 126, 15);
    const lane = Math.max(1, Math.floor((cw - 130) / pitch));
    let k = 0;
    for (const g of p.runq) {
      if (k >= lane) break;
      put(g, x + 122 + small + k++ * pitch, cy + 126, small);
    }
    return { x, y: cy, w: cw, h: cardH, p, m: mm, lane, hidden: p.runq.size - k, cell: (cw - 32) / 64 };
  });
  return [out, y + Math.ceil(shown.length / cols) * (cardH + gap)];
}

function idleMs(m: Machine, w: number, y: number, put: Put): [Box, MChip[], number] {
  const cw = 156,
    ch = 36,
    cols = Math.max(1, Math.floor((w - 12) / (cw + 8)));
  const ms = m.ms
    .filter((x) => x.p < 0)
    .sort((a, b) => (b.g ? 1 : 0) - (a.g ? 1 : 0) || a.id - b.id)
    .slice(0, cols * 4);
  const chips = ms.map((mm, i): MChip => {
    const x = 12 + (i % cols) * (cw + 8),
      cy = y + 32 + Math.floor(i / cols) * (ch + 8);
    if (mm.g) put(mm.g, x + cw - 20, cy + ch / 2, small);
    return { x, y: cy, w: cw, h: ch, m: mm };
  });
  const h = 40 + Math.max(1, Math.ceil(chips.length / cols)) * (ch + 8);
  return [{ x: 0, y, w, h }, chips, y + h + gap];
}

interface Group {
  label: string;
  obj: number;
  kind: number;
  holder: number;
  gs: GState[];
}

function groups(s: Store, m: Machine): Record<Hall["what"], Group[]> {
  const all = { netpoll: new Map<number, Group>(), timers: new Map<number, Group>(), objects: new Map<string | number, Group>() };
  for (const fd of [...m.fds].sort((a, b) => a - b)) {
    all.netpoll.set(fd, { label: `fd ${fd}`, obj: fd, kind: ObjFd, holder: 0, gs: [] });
  }
  for (const g of m.gs.values()) {
    if (g.status !== Waiting) continue;
    const kind = s.objKind(g.reason, g.obj),
      reason = s.tables.reasons[g.reason] ?? "";
    if (kind === ObjFd) add(all.netpoll, g.obj, `fd ${g.obj}`, kind, g);
    else if (kind === ObjSleep) add(all.timers, g.id, short(g.obj), kind, g);
    else if (kind === ObjNone) add(all.objects, reason, reason, kind, g);
    else add(all.objects, g.obj, s.objectName(g.obj), ObjAddr, g);
  }
  const busy = [...all.netpoll.values()].sort((a, b) => (b.gs.length ? 1 : 0) - (a.gs.length ? 1 : 0) || a.obj - b.obj);
  const timers = [...all.timers.values()].sort((a, b) => a.gs[0].since + a.obj - b.gs[0].since - b.obj);
  return { netpoll: busy, timers, objects: [...all.objects.values()] };
}

function add<K>(to: Map<K, Group>, key: K, label: string, kind: number, g: GState): void {
  const old = to.get(key);
  if (old) {
    old.gs.push(g);
    old.holder ||= g.holder;
  } else to.set(key, { label, obj: g.obj, kind, holder: g.holder, gs: [g] });
}

function halls(s: Store, m: Machine, w: number, y: number, put: Put): [Hall[], number] {
  const by = groups(s, m),
    cols = w >= 900 ? 3 : w >= 620 ? 2 : 1;
  const cw = (w - gap * (cols - 1)) / cols,
    out: Hall[] = [],
    bottom = new Array(cols).fill(y);
  for (const what of ["netpoll", "timers", "objects"] as const) {
    const col = bottom.indexOf(Math.min(...bottom)),
      x = col * (cw + gap),
      hy = bottom[col];
    const shown = by[what].slice(0, maxRooms);
    const rooms = shown.map((r, i) => room(r, x, hy + 34 + i * 34, cw, put));
    const h = 42 + Math.max(1, shown.length) * 34 + (by[what].length > maxRooms ? 18 : 0);
    const count = by[what].reduce((n, r) => n + r.gs.length, 0);
    out.push({ x, y: hy, w: cw, h, what, rooms, hidden: by[what].length - shown.length, count });
    bottom[col] = hy + h + gap;
  }
  return [out, Math.max(...bottom)];
}

function room(r: Group, x: number, y: number, w: number, put: Put): Room {
  const from = x + 118,
    max = Math.max(1, Math.floor((w - 118 - (r.holder ? 90 : 40)) / pitch));
  r.gs.slice(0, max).forEach((g, i) => put(g.id, from + small + i * pitch, y + 15, small));
  const shown = Math.min(r.gs.length, max);
  return {
    x: x + 12,
    y,
    label: r.label,
    obj: r.obj,
    kind: r.kind,
    holder: r.holder,
    hidden: r.gs.length - shown,
    end: from + shown * pitch,
  };
}

// inFlight places the Gs that are between a queue and an M: beside the M.
function inFlight(m: Machine, pic: Picture, put: Put): void {
  let n = 0;
  for (const g of m.gs.values()) {
    if (g.place !== InFlight || n++ > 40) continue;
    const card = pic.ps.find((c) => c.p.id === g.p);
    if (card) put(g.id, card.x + card.w - 74, card.y + 46, small);
    else put(g.id, pic.global.w - 20 - n * 4, 20, small);
  }
}
