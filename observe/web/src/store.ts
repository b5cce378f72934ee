// The store: all events that the page has, and what is derived from them as
// they come. It is append-only; with a limit, the oldest chunks go.
//
// Events have numbers from 0 on, which stay theirs when older ones are dropped.
// link[i] is the event before i in the life of the same G, -1 for none, so that
// a life is read backwards without an index of all Gs. Chunks that begin with a
// keyframe (a copy of the machine as it was before their first event) make
// seeking cheap: the nearest one before, and at most some 10,000 events on top.

import {
  KBlock,
  KCreate,
  KExit,
  KForkSteal,
  KGoEntry,
  KHandoff,
  KMInit,
  KPAcquire,
  KPark,
  KReady,
  KRetake,
  KServed,
  KStack,
  KStart,
  KState,
  KSyscall,
  KSysret,
  KUnblock,
  KYield,
  ObjAddr,
  ObjFd,
  ObjNone,
  ObjSleep,
  noun,
  objectKind,
  type Tables,
} from "./kinds.ts";
import type { Columns, End, Header, Sym } from "./decode.ts";
import { newColumns } from "./decode.ts";
import { Machine, small, type Totals } from "./machine.ts";
import { Track } from "./tracks.ts";

const bits = 14;
const size = 1 << bits;

const fields = ["time", "kind", "sub", "m", "p", "g", "a", "b", "c"] as const;

interface Chunk extends Columns {
  base: number; // the number of its first event
  link: Int32Array;
  quiet: Uint8Array; // 1: it tells how things stand (KState), it did not happen then
  key: Machine | null;
}

// What is known of a G for its whole life.
export interface GInfo {
  entry: number;
  site: number;
  parent: number;
  created: number;
  stack?: [number, number]; // Go's own runtime: its bounds
  ret?: number; // and where its function returns to
}

// A Sample is the machine in numbers after an event.
export interface Sample {
  time: number;
  counts: number[];
  total: Totals;
}

// Served is a time in which requests were served. How many had been before the
// first is not known to a page that came later.
export interface Served {
  from: number;
  to: number;
  requests: number; // so far
  perSecond: number;
}

export class Store {
  n = 0; // events ever appended
  dropped = 0; // of those, the oldest, that are gone
  first = 0; // time of the first and the last event that are here
  last = 0;
  header: Header | null = null;
  end: End | null = null;
  lost = 0; // events that the recorder or the server could not keep
  syms = new Map<number, { func: string; file: string; line: number }>();
  info = new Map<number, GInfo>();
  mAddr = new Map<number, { m: number; g0: number }>(); // Go's own runtime: where an M and its g0 are
  ps: Track[] = [];
  ms: Track[] = [];
  samples: Sample[] = [];
  served: Served[] = []; // in order of time
  head = new Machine();
  reasonKind: number[];
  private reasonNoun: string[];
  private began = false; // the first event is the run's first
  private chunks: Chunk[] = [];
  private lastOf = new Map<number, number>(); // the last event in the life of a G
  private names = new Map<number, { at: number; name: string }[]>(); // of objects, and since which event
  private nouns = new Map<string, number>();
  private keyed = 0; // the event of the last keyframe
  private view = new Machine(); // what at() returned last,
  private lived: { g: number; n: number; life: Life } | null = null;
  private viewAt = -1; // and after which event that is; -1: before all

  constructor(
    public tables: Tables,
    private limit = Infinity,
  ) {
    this.reasonKind = tables.reasons.map(objectKind);
    this.reasonNoun = tables.reasons.map(noun);
  }

  // append takes events, which come in order of time.
  append(c: Columns): void {
    for (let i = 0; i < c.n;) {
      let k = this.chunks.at(-1);
      if (!k || k.n === size) k = this.addChunk();
      const from = k.n,
        n = Math.min(size - from, c.n - i);
      for (const f of fields) k[f].set(c[f].subarray(i, i + n), from);
      for (; k.n < from + n; i++) this.index(k, k.n++, this.n++);
    }
    this.lost = this.head.total.lost;
    while (this.chunks.length > 2 && this.n - this.dropped > this.limit) this.drop();
  }

  symbols(all: Sym[]): void {
    for (const [pc, func, file, line] of all) this.syms.set(pc, { func, file, line });
  }

  private addChunk(): Chunk {
    const due = !this.chunks.length || this.n - this.keyed >= Math.max(size, this.head.gs.size * 4);
    if (due) this.keyed = this.n;
    const k: Chunk = {
      ...newColumns(size),
      base: this.n,
      link: new Int32Array(size),
      quiet: new Uint8Array(size),
      key: due ? this.head.clone() : null,
    };
    this.chunks.push(k);
    return k;
  }

  // drop forgets the oldest chunks, up to the second keyframe.
  private drop(): void {
    const next = this.chunks.findIndex((k, i) => i > 0 && k.key);
    if (next < 1) return;
    for (const k of this.chunks.splice(0, next)) {
      for (let j = 0; j < k.n; j++) {
        if (k.kind[j] !== KExit) continue;
        if (this.lastOf.get(k.g[j]) === k.base + j) {
          this.info.delete(k.g[j]);
          this.lastOf.delete(k.g[j]);
        }
      }
    }
    this.dropped = this.chunks[0].base;
    this.first = this.chunks[0].time[0];
    const old = this.samples.findIndex((s) => s.time >= this.first);
    if (old > 0) this.samples.splice(0, old);
    this.served = this.served.filter((x) => x.to >= this.first);
    for (const t of [...this.ps, ...this.ms]) t.drop(this.first);
    if (this.viewAt < this.dropped) this.viewAt = -2;
  }

  private index(k: Chunk, j: number, at: number): void {
    const kind = k.kind[j],
      time = k.time[j];
    if (at === this.dropped) this.first = time;
    if (at === 0) this.began = kind !== KState;
    this.last = Math.max(this.last, time);
    k.quiet[j] = this.head.silent > 0 ? 1 : 0;
    k.link[j] = -1;
    if ((kind >= KCreate && kind <= KUnblock) || kind === KForkSteal || ((kind === KSyscall || kind === KSysret) && k.g[j])) {
      const g = small(kind === KCreate || kind === KReady ? k.a[j] : k.g[j]);
      k.link[j] = this.lastOf.get(g) ?? -1;
      this.lastOf.set(g, at);
    }
    if (kind === KCreate) this.info.set(small(k.a[j]), { entry: k.b[j], site: k.c[j], parent: k.g[j], created: time });
    if (kind === KForkSteal) this.info.set(small(k.g[j]), { entry: 0, site: 0, parent: k.a[j], created: time });
    if (kind >= KMInit && kind <= KGoEntry) this.address(kind, k, j);
    if (kind === KServed) this.serves(time, k.a[j], k.c[j]);
    if (kind === KPark) this.nameObject(k.sub[j], k.a[j], at);
    this.slice(kind, k, j, at);
    this.head.apply(k, j);
    if (at < 4096 || at % 64 === 0) {
      this.samples.push({ time, counts: [...this.head.counts], total: { ...this.head.total } });
    }
  }

  private serves(to: number, requests: number, ns: number): void {
    const known = this.served.at(-1)?.requests ?? (this.began ? 0 : requests);
    this.served.push({ from: to - ns, to, requests, perSecond: ((requests - known) / Math.max(1, ns)) * 1e9 });
  }

  // requestRate returns how many requests a second were served from a to b.
  requestRate(a: number, b: number): number {
    let lo = 0,
      hi = this.served.length,
      sum = 0;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (this.served[mid].to <= a) lo = mid + 1;
      else hi = mid;
    }
    for (; lo < this.served.length && this.served[lo].from < b; lo++) {
      const x = this.served[lo];
      sum += x.perSecond * (Math.min(b, x.to) - Math.max(a, x.from));
    }
    return sum / Math.max(1, b - a);
  }

  // address keeps what Go's own runtime says of where things are.
  private address(kind: number, k: Chunk, j: number): void {
    const g = this.info.get(small(k.a[j]));
    if (kind === KMInit) this.mAddr.set(k.m[j], { m: k.a[j], g0: k.b[j] });
    if (kind === KStack && g) g.stack = [k.b[j], k.c[j]];
    if (kind === KGoEntry && g) g.ret = k.b[j];
  }

  // slice keeps the tracks.
  private slice(kind: number, k: Chunk, j: number, at: number): void {
    const t = k.time[j],
      p = k.p[j],
      m = k.m[j],
      g = k.g[j];
    switch (kind) {
      case KStart:
        this.track(this.ps, p)?.open(t, g, at, false);
        this.track(this.ms, m)?.open(t, g, at, p < 0);
        return;
      case KPark:
      case KYield:
      case KExit:
        this.track(this.ps, p)?.close(t);
        this.track(this.ms, m)?.close(t);
        return;
      case KBlock:
      case KSyscall:
        if (!g) return;
        this.track(this.ps, p)?.close(t);
        this.track(this.ms, m)?.open(t, g, at, true);
        return;
      case KHandoff:
      case KRetake: {
        const mm = this.head.ms[k.b[j]];
        this.track(this.ps, k.a[j])?.close(t);
        if (kind === KRetake && mm?.g) this.track(this.ms, mm.id)?.open(t, mm.g, at, true);
        return;
      }
      case KUnblock:
      case KSysret:
        if (!g) return;
        if (k.a[j] === 1) {
          this.track(this.ps, p)?.open(t, g, at, false);
          this.track(this.ms, m)?.open(t, g, at, false);
        } else this.track(this.ms, m)?.close(t);
        return;
      case KPAcquire: {
        const mm = this.head.ms[m];
        if (!mm?.g) return;
        this.track(this.ps, p)?.open(t, mm.g, at, false);
        this.track(this.ms, m)?.open(t, mm.g, at, false);
        return;
      }
      case KState:
        for (const tr of [...this.ps, ...this.ms]) tr.close(t);
    }
  }

  private track(all: Track[], id: number): Track | undefined {
    if (id < 0 || id >= 1 << 14) return undefined;
    while (all.length <= id) all.push(new Track());
    return all[id];
  }

  // --- one event

  private chunkOf(i: number): Chunk {
    let lo = 0,
      hi = this.chunks.length - 1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >>> 1;
      if (this.chunks[mid].base <= i) lo = mid;
      else hi = mid - 1;
    }
    return this.chunks[lo];
  }

  has(i: number): boolean {
    return i >= this.dropped && i < this.n;
  }

  event(i: number) {
    const k = this.chunkOf(i),
      j = i - k.base;
    return {
      i,
      time: k.time[j],
      kind: k.kind[j],
      sub: k.sub[j],
      m: k.m[j],
      p: k.p[j],
      g: k.g[j],
      a: k.a[j],
      b: k.b[j],
      c: k.c[j],
      link: k.link[j],
      quiet: k.quiet[j] === 1,
    };
  }

  time(i: number): number {
    const k = this.chunkOf(i);
    return k.time[i - k.base];
  }

  // scan calls f for the events from index i to j, in columns.
  scan(i: number, j: number, f: (c: Columns, at: number, index: number) => void): void {
    for (const k of this.chunks) {
      const end = Math.min(k.n, j - k.base);
      for (let at = Math.max(0, i - k.base); at < end; at++) f(k, at, k.base + at);
    }
  }

  // find returns the first event that is not before time t.
  find(t: number): number {
    let lo = this.dropped,
      hi = this.n;
    while (lo < hi) {
      const mid = Math.floor((lo + hi) / 2);
      if (this.time(mid) < t) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }

  // --- the machine at a moment

  // at returns the machine as it is after event i. It belongs to the store and
  // is good until the next call.
  at(i: number): Machine {
    if (i >= this.n - 1) return this.head;
    const k = this.chunkOf(Math.max(i, this.dropped));
    let from = this.chunks.indexOf(k);
    while (from > 0 && !this.chunks[from].key) from--;
    const key = this.chunks[from];
    if (this.viewAt > i || this.viewAt < key.base - 1) {
      this.view = key.key!.clone();
      this.viewAt = key.base - 1;
    }
    this.scan(this.viewAt + 1, i + 1, (c, at) => this.view.apply(c, at));
    this.viewAt = i;
    return this.view;
  }

  // --- names

  private nameObject(reason: number, addr: number, at: number): void {
    const kind = this.objKind(reason, addr);
    if (kind !== ObjAddr) return;
    const word = this.reasonNoun[reason] ?? "object";
    if (word === "object") return;
    const known = this.names.get(addr);
    if (known && known[known.length - 1].name.startsWith(word) && known[known.length - 1].name[word.length] === "#") return;
    const n = (this.nouns.get(word) ?? 0) + 1;
    this.nouns.set(word, n);
    if (known) known.push({ at, name: `${word}#${n}` });
    else this.names.set(addr, [{ at, name: `${word}#${n}` }]);
  }

  objKind(reason: number, addr: number): number {
    const k = this.reasonKind[reason] ?? ObjAddr;
    return k === ObjAddr && addr === 0 ? ObjNone : k;
  }

  // objectName names the object at addr as it was known at event i: chan#1, or
  // its address. fd and sleep are not objects with addresses.
  objectName(addr: number, i = Infinity): string {
    if (!addr) return "";
    const all = this.names.get(addr);
    let name = "";
    for (const x of all ?? []) if (x.at <= i) name = x.name;
    return name || "0x" + addr.toString(16);
  }

  objects(): { addr: number; name: string }[] {
    return [...this.names].map(([addr, all]) => ({ addr, name: all.at(-1)!.name }));
  }

  // waitName says what a G waits for that parked for reason on obj.
  waitName(reason: number, obj: number, dur: (ns: number) => string): string {
    switch (this.objKind(reason, obj)) {
      case ObjSleep:
        return dur(obj);
      case ObjFd:
        return `fd ${obj}`;
      case ObjAddr:
        return this.objectName(obj);
    }
    return "";
  }

  // func is a function's name without the directories of its package, pos a
  // file's last element and the line; "" when not known.
  func(pc: number): string {
    return tail(this.syms.get(pc)?.func ?? "");
  }
  pos(pc: number): string {
    const s = this.syms.get(pc);
    return s?.file ? `${tail(s.file)}:${s.line}` : "";
  }
  gFunc(g: number): string {
    return this.func(this.info.get(g)?.entry ?? 0);
  }

  lastEventOf(g: number): number {
    return this.lastOf.get(g) ?? -1;
  }

  // life returns the events in the life of g. It remembers the last one.
  life(g: number): Life {
    if (this.lived?.g === g && this.lived.n === this.n) return this.lived.life;
    const all: number[] = [];
    for (let i = this.lastEventOf(g); i >= this.dropped && i >= 0; i = this.event(i).link) all.push(i);
    all.reverse();
    const life = new Life(
      all,
      Float64Array.from(all, (i) => this.time(i)),
    );
    this.lived = { g, n: this.n, life };
    return life;
  }
}

// Life is the events in the life of one G, in order.
export class Life {
  n: number;
  constructor(
    public event: number[],
    public time: Float64Array,
  ) {
    this.n = event.length;
  }

  // find returns the first that is not before time t.
  find(t: number): number {
    let lo = 0,
      hi = this.n;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (this.time[mid] < t) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }
}

const tail = (s: string) => s.slice(s.lastIndexOf("/") + 1);
