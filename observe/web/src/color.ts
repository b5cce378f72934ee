// Colours of coroutines: the hue tells the function, the lightness tells one
// coroutine of it from the next.

import { signal } from "@preact/signals";
import type { Store } from "./store.ts";

export type Theme = "light" | "dark";
export const theme = signal<Theme>("light");

const hues = [235, 155, 75, 325, 25, 195, 285, 120, 355, 50, 260, 175];
const shades = 3;

// oklch returns the sRGB bytes of a colour that is given as people see it.
function oklch(l: number, c: number, h: number): [number, number, number] {
  const a = c * Math.cos((h * Math.PI) / 180),
    b = c * Math.sin((h * Math.PI) / 180);
  const l3 = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m3 = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s3 = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const lin = [
    4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3,
    -1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3,
    -0.0041960863 * l3 - 0.7034186147 * m3 + 1.707614701 * s3,
  ];
  return lin.map((x) => {
    const y = x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
    return Math.round(255 * Math.min(1, Math.max(0, y)));
  }) as [number, number, number];
}

export type RGB = [number, number, number];

const palettes: Record<Theme, RGB[]> = { light: palette(0.77, 0.085), dark: palette(0.68, 0.095) };

function palette(l: number, c: number): RGB[] {
  return hues.flatMap((h) => [0, 0.055, -0.055].map((d) => oklch(l + d, c, h)));
}

const grey: Record<Theme, RGB> = { light: [190, 196, 202], dark: [122, 132, 142] };

const order = new WeakMap<Store, Map<number, number>>();

// colorOf returns the colour of coroutine g. Functions get their hues in the
// order in which they are asked for.
export function colorOf(s: Store, g: number): RGB {
  const entry = s.info.get(g)?.entry ?? 0;
  if (!entry) return grey[theme.value];
  let known = order.get(s);
  if (!known) order.set(s, (known = new Map()));
  let i = known.get(entry);
  if (i === undefined) known.set(entry, (i = known.size));
  return palettes[theme.value][(i % hues.length) * shades + (g % shades)];
}

export const css = ([r, g, b]: RGB) => `rgb(${r} ${g} ${b})`;

interface Function {
  name: string;
  n: number;
  g: number;
}

const listed = new WeakMap<Store, { at: number; all: Function[] }>();

// functions returns those that coroutines run, with how many do and one of
// them, most first. Of a recording that still grows it is counted now and then.
export function functions(s: Store): Function[] {
  const known = listed.get(s);
  if (known && (known.at === s.n || s.n < known.at * 1.2)) return known.all;
  const by = new Map<number, Function>();
  for (const [g, i] of s.info) {
    const f = by.get(i.entry);
    if (f) f.n++;
    else if (i.entry && s.func(i.entry)) by.set(i.entry, { name: s.func(i.entry), n: 1, g });
  }
  const all = [...by.values()].sort((a, b) => b.n - a.n);
  listed.set(s, { at: s.n, all });
  return all;
}
