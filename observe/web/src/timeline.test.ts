import assert from "node:assert/strict";
import { test } from "node:test";
import type { Painter } from "./painter.ts";
import { contentHeight, draw, hit, rows, spans, timeOf, xOf, gutter, type Look, type Scene } from "./timeline.ts";
import { loadFile, record } from "./testdata.ts";
import { Running } from "./machine.ts";
import type { Store } from "./store.ts";

const look: Look = {
  ink: "#000",
  muted: "#000",
  line: "#000",
  ground: "#fff",
  track: "#eee",
  accent: "#00f",
  flow: "#888",
  runnable: "#cc0",
  waiting: "#ccc",
  native: "#c8c",
  trackRGB: [238, 238, 238],
};

class Counting implements Painter {
  calls = 0;
  rows: (unknown | null)[][] = [];
  rect() {
    this.calls++;
  }
  line() {
    this.calls++;
  }
  text() {
    this.calls++;
  }
  row(_x: number, _y: number, _h: number, colors: (unknown | null)[]) {
    this.calls += colors.length;
    this.rows.push([...colors]);
  }
  clip(_x: number, _y: number, _w: number, _h: number, f: () => void) {
    f();
  }
}

const scene = (s: Store, from: number, to: number, g = 0): Scene => ({
  store: s,
  from,
  to,
  width: 1000,
  height: 600,
  scroll: 0,
  cursor: from,
  g,
  showMs: true,
  arrows: true,
  look,
  lang: "en",
});

const million = loadFile(record("million"));

test("a frame costs what its pixels cost, however many events there are", () => {
  const all = scene(million, million.first, million.last),
    p = new Counting();
  draw(all, p);
  const tracks = rows(all).length;
  assert.ok(million.ps.reduce((n, t) => n + t.n, 0) > 200_000);
  assert.ok(p.calls < tracks * 1000 * 6, `${p.calls} calls for ${tracks} tracks`);
});

test("a pixel is coloured where somebody ran, and only there", () => {
  const c = scene(million, million.first, million.last),
    p = new Counting();
  draw({ ...c, arrows: false, showMs: false }, p);
  million.ps.forEach((t, id) => {
    p.rows[id].forEach((color, x) => {
      const a = timeOf(c, x + gutter),
        b = timeOf(c, x + gutter + 1);
      if (color) assert.ok(t.ran(b, million.last) > t.ran(a, million.last), `p${id} pixel ${x}`);
    });
  });
});

test("what is under the pointer is what ran then", () => {
  const t = million.ps[0],
    i = Math.floor(t.n / 2),
    c = scene(million, t.start[i] - 100, t.end[i] + 100);
  const row = rows(c).find((r) => r.kind === "p" && r.id === 0)!;
  const h = hit(c, xOf(c, (t.start[i] + t.end[i]) / 2), 26 + row.y + 3);
  assert.deepEqual([h?.g, h?.event, h?.from, h?.to], [t.g[i], t.event[i], t.start[i], t.end[i]]);
  assert.ok(contentHeight(rows(c)) > row.y);
});

test("the states of a life follow each other without gaps, and it runs where its P's track says", () => {
  const g = 500,
    all = spans(million, g, million.first, million.last);
  assert.ok(all.length > 10);
  all.forEach((sp, i) => {
    if (i) assert.equal(sp.from, all[i - 1].to);
  });
  const ran = all.filter((sp) => sp.state === Running).map((sp) => sp.from);
  const onTracks = million.ps.flatMap((t) =>
    Array.from({ length: t.n }, (_, i) => i)
      .filter((i) => t.g[i] === g && !t.native[i])
      .map((i) => t.start[i]),
  );
  for (const at of ran) assert.ok(onTracks.includes(at), `g${g} at ${at}`);
});
