// What the page shows: one recording, one moment of it, one window of time, one
// selection. The address bar holds all of it, so that it is a link.

import { computed, effect, signal } from "@preact/signals";
import { lang, type T } from "./i18n.ts";
import { theme, type Theme } from "./color.ts";
import type { Store } from "./store.ts";

export const views = ["machine", "timeline", "questions", "charts", "tables", "lessons", "schedules"] as const;
export type View = (typeof views)[number];

export interface Recording {
  id: string;
  name: string;
  host: string;
  kind: "live" | "file" | "lesson" | "test";
  events?: number;
  ns?: number;
  damage?: string;
  token?: string;
  command?: string;
  failed?: string; // a schedule: how
  parent?: string; // a schedule: the one that it was chosen in, at decision step
  step?: number;
}

export interface Named {
  id: number;
  name: string;
  title?: T;
}

export interface Meta {
  mode: string;
  weft: string;
  control: string;
  controls: string[];
  recordings: Recording[];
  kinds: Named[];
  reasons: Named[];
  queues: Named[];
  causes: Named[];
  steps: Named[];
}

export type Selection = { g: number } | { obj: number } | null;

export const meta = signal<Meta | null>(null);
export const recording = signal("main"); // its id
export const store = signal<Store | null>(null);
export const version = signal(0); // counts changes of the store
export const problem = signal(""); // what went wrong, for people
export const loading = signal(true);
export const loadedIn = signal(0); // ms, from the request to all events on the screen

export const view = signal<View>("machine");
export const cursor = signal(-1); // the event that has just happened; -1: before the first
export const following = signal(false); // live: the cursor stays at the end
export const playing = signal(false);
export const speed = signal(4); // events a second
export const range = signal<[number, number]>([0, 1]); // the timeline's window
export const selected = signal<Selection>(null);
export const showMs = signal(true);
export const showArrows = signal(true);

export const part = signal({ at: 0, of: 1 }); // which part of a long recording is shown

export const stats = signal<{ rate: number; dropped: number; requests?: number; ended: string | null } | null>(null);

export const cursorTime = computed(() => {
  const s = store.value;
  version.value;
  if (!s || !s.n) return 0;
  return s.has(cursor.value) ? s.time(cursor.value) : s.first;
});

// moveTo makes event i the one that has just happened.
export function moveTo(i: number): void {
  const s = store.value;
  if (!s) return;
  cursor.value = Math.max(s.dropped - 1, Math.min(s.n - 1, Math.round(i)));
  const [a, b] = range.value,
    t = cursorTime.value;
  if (t < a || t > b) range.value = clampRange(t - (b - a) / 2, t + (b - a) / 2);
}

// step moves by n events; what only tells how things stand counts as one.
export function step(n: number): void {
  const s = store.value;
  if (!s) return;
  let i = cursor.value + n;
  const dir = Math.sign(n);
  while (s.has(i) && s.event(i).quiet) i += dir;
  following.value = false;
  moveTo(i);
}

export function moveToTime(t: number): void {
  const s = store.value;
  if (!s) return;
  const i = s.find(t);
  following.value = false;
  moveTo(s.has(i) && s.time(i) <= t ? i : i - 1);
}

// clampRange keeps a window within the recording and no shorter than 100 ns.
export function clampRange(a: number, b: number): [number, number] {
  const s = store.value;
  if (!s) return [a, b];
  const lo = s.first,
    hi = Math.max(s.last, lo + 1000),
    all = hi - lo;
  const len = Math.min(Math.max(b - a, 100), all * 1.02);
  const pad = all * 0.01;
  a = Math.min(Math.max(a, lo - pad), hi + pad - len);
  return [a, a + len];
}

export function showAll(): void {
  const s = store.value;
  if (s) range.value = clampRange(-Infinity, Infinity).every(isFinite) ? clampRange(s.first - 1e18, s.first + 1e18) : [0, 1];
}

export function selectG(g: number): void {
  selected.value = g ? { g } : null;
}

// --- the address

let token = "";

export const controlToken = () => token;

// readAddress takes what the address says. A link that carries the control
// token gives it up at once, so that it is not passed on with a link.
export function readAddress(): { e?: number; window?: [number, number] } {
  const q = new URLSearchParams(location.hash.slice(1));
  token = q.get("token") ?? sessionStorage.getItem("weft-token") ?? "";
  if (token) sessionStorage.setItem("weft-token", token);
  const v = q.get("view");
  if (v && (views as readonly string[]).includes(v)) view.value = v as View;
  const l = q.get("lang") ?? localStorage.getItem("weft-lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
  lang.value = l === "zh" ? "zh" : "en";
  const th = localStorage.getItem("weft-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  theme.value = th === "dark" ? "dark" : "light";
  if (q.get("rec")) recording.value = q.get("rec")!;
  if (q.get("g")) selected.value = { g: Number(q.get("g")) };
  if (q.get("obj")) selected.value = { obj: Number(q.get("obj")) };
  const num = (k: string) => (q.get(k) === null || isNaN(Number(q.get(k))) ? undefined : Number(q.get(k)));
  const a = num("from"),
    b = num("to");
  return { e: num("e"), window: a !== undefined && b !== undefined && b > a ? [a, b] : undefined };
}

export function link(): string {
  const q = new URLSearchParams();
  q.set("view", view.value);
  if (recording.value !== "main") q.set("rec", recording.value);
  if (cursor.value >= 0) q.set("e", String(cursor.value));
  q.set("from", String(Math.round(range.value[0])));
  q.set("to", String(Math.round(range.value[1])));
  const sel = selected.value;
  if (sel) q.set(...(("g" in sel ? ["g", String(sel.g)] : ["obj", String(sel.obj)]) as [string, string]));
  q.set("lang", lang.value);
  return q.toString();
}

// keepAddress writes the address when things have been still for a moment.
export function keepAddress(): void {
  let timer = 0;
  effect(() => {
    const to = link();
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (store.value && !playing.value && !following.value) history.replaceState(null, "", "#" + to);
    }, 300);
  });
  effect(() => {
    document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.theme = theme.value;
  });
}

export function setTheme(t: Theme): void {
  theme.value = t;
  localStorage.setItem("weft-theme", t);
}

export function setLang(l: "en" | "zh"): void {
  lang.value = l;
  localStorage.setItem("weft-lang", l);
  if (location.hash.includes("lang=")) history.replaceState(null, "", location.hash.replace(/lang=\w*/, "lang=" + l));
}
