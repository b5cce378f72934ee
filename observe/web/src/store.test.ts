import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { newColumns } from "./decode.ts";
import { KPark, KServed, KStart, KState } from "./kinds.ts";
import { InGlobal, InLocal, InNext, Machine, OnM } from "./machine.ts";
import { narrate, where } from "./narrate.ts";
import { Store } from "./store.ts";
import { command, load, loadFile, record, recordGo, tables } from "./testdata.ts";

const tour = record("tour");
const bytes = readFileSync(tour);

for (const [what, file] of [
  ["weft's runtime", tour],
  ["Go's own", recordGo()],
]) {
  test(`the page narrates ${what} as the command does`, () => {
    const s = loadFile(file);
    const text = execFileSync(command("cmd/weft"), ["trace", "-text", file], { maxBuffer: 1 << 28 }).toString();
    const want = text
      .trimEnd()
      .split("\n")
      .map((l) => l.slice(l.indexOf("[")));
    const got = Array.from({ length: s.n }, (_, i) => `${where(s.event(i))} ${narrate(s, s.event(i), "en")}`);
    assert.equal(got.length, want.length);
    got.forEach((line, i) => assert.equal(line, want[i], `event ${i}`));
  });
}

test("a recording that comes in small pieces is the same", () => {
  const a = load(bytes),
    b = load(bytes, 7);
  assert.equal(a.end?.why, "whole");
  assert.deepEqual(a.event(a.n - 1), b.event(b.n - 1));
  assert.equal(a.n, b.n);
});

test("what can be read of a damaged recording is, the rest is said", () => {
  const whole = load(bytes);
  const cut = load(bytes.subarray(0, bytes.length - 40));
  assert.equal(cut.end?.why, "cut");
  const bad = new Uint8Array(bytes);
  bad[bytes.length >> 1] ^= 1;
  assert.equal(load(bad).end?.why, "corrupt");
  assert.ok(load(bad).n < whole.n);
  const other = new Uint8Array(bytes);
  other[8] = 9;
  assert.deepEqual([load(other).end?.why, load(other).end?.detail], ["version", "9"]);
  assert.equal(load(new TextEncoder().encode("not one")).end?.why, "not");
  assert.equal(load(new Uint8Array(0)).end?.why, "not");
});

// check holds the machine's invariants.
function check(m: Machine): void {
  const counts = [0, 0, 0, 0, 0];
  for (const g of m.gs.values()) {
    counts[g.status]++;
    if (g.place === InNext) assert.equal(m.ps[g.p].next, g.id);
    if (g.place === InLocal) assert.ok(m.ps[g.p].runq.has(g.id));
    if (g.place === InGlobal) assert.ok(m.global.has(g.id));
    if (g.place === OnM) assert.equal(m.ms[g.m].g, g.id);
  }
  assert.deepEqual(counts, m.counts);
  for (const p of m.ps) {
    for (const g of p.runq) assert.equal(m.gs.get(g)?.place, InLocal);
    if (p.next) assert.equal(m.gs.get(p.next)?.place, InNext);
    if (p.m >= 0) assert.equal(m.ms[p.m].p, p.id);
  }
  for (const g of m.global) assert.equal(m.gs.get(g)?.place, InGlobal);
}

test("each G is in one place, after every event", () => {
  for (const s of [loadFile(tour), loadFile(recordGo())]) for (let i = 0; i < s.n; i++) check(s.at(i));
});

const picture = (m: Machine) =>
  JSON.stringify([[...m.gs].sort((a, b) => a[0] - b[0]), m.ps.map((p) => [...p.runq]), m.ms, [...m.global], m.counts]);

test("seeking back and forth gives the machine of playing through", () => {
  const s = loadFile(record("million"));
  const points = [0, 1, 16383, 16384, 50000, 123456, s.n - 2];
  const forward = points.map((i) => picture(s.at(i)));
  for (let k = points.length - 1; k >= 0; k--) assert.equal(picture(s.at(points[k])), forward[k], `event ${points[k]}`);
});

test("slices of a track are in order and do not overlap", () => {
  const s = loadFile(tour);
  for (const t of [...s.ps, ...s.ms]) {
    for (let i = 0; i < t.n; i++) {
      assert.ok(t.end[i] >= t.start[i]);
      if (i) assert.ok(t.start[i] >= t.end[i - 1]);
    }
  }
  assert.ok(s.ps[0].n > 10);
});

test("a life goes from creation to the end", () => {
  const s = loadFile(tour);
  const kinds = s.life(2).event.map((i) => s.tables.kinds[s.event(i).kind]);
  assert.equal(kinds[0], "create");
  assert.equal(kinds[1], "start");
  assert.equal(kinds.at(-1), "exit");
});

test("with a limit the oldest events go, and the rest is as it was", () => {
  const file = record("million");
  const all = loadFile(file),
    some = load(readFileSync(file), 1 << 20, 200_000);
  assert.ok(some.n === all.n && some.n - some.dropped < 300_000, `${some.n - some.dropped} kept`);
  const i = some.dropped + 1000;
  assert.equal(picture(some.at(i)), picture(all.at(i)));
  assert.equal(some.event(i).link >= some.dropped || !some.has(some.event(i).link), true);
  assert.ok(some.info.size <= all.info.size);
});

test("an object's name is the one it had then", () => {
  const s: Store = loadFile(tour);
  let parks = 0;
  for (let i = 0; i < s.n; i++) {
    const e = s.event(i);
    if (e.kind === KPark && s.waitName(e.sub, e.a, String).startsWith("mutex#")) parks++;
    if (e.kind === KStart) assert.ok(e.g > 0);
  }
  assert.ok(parks > 0);
});

test("requests a second are those of the time in which they were served", () => {
  const told = (first: number) => {
    const s = new Store(tables),
      c = newColumns(4);
    const rows = [
      [first, 1e6, 0, 0],
      [KServed, 100e6, 50, 100e6],
      [KServed, 200e6, 60, 100e6],
      [KServed, 900e6, 61, 100e6],
    ];
    rows.forEach(([kind, time, a, ns], i) => {
      c.kind[i] = kind;
      c.time[i] = time;
      c.a[i] = a;
      c.c[i] = ns;
    });
    c.n = 4;
    s.append(c);
    return s;
  };
  const s = told(KStart);
  assert.deepEqual(
    [s.requestRate(0, 100e6), s.requestRate(150e6, 160e6), s.requestRate(300e6, 500e6), s.requestRate(0, 1e9)].map(Math.round),
    [500, 100, 0, 61],
  );
  assert.equal(told(KState).requestRate(0, 100e6), 0, "what was served before the page came is not of that time");
});
