// The machine as the events tell it: who runs, who is queued where, who waits
// for what, at one moment of a recording.
//
// Invariants:
//   - A G is in exactly one place. gs has its state; runnext, a run queue or the
//     global queue holds its id if and only if gs says so (place).
//   - A GState is never changed, only replaced, so that a copy of the machine
//     shares them, and a view sees by identity what has moved.
//   - Events of different Ps may be ordered a little otherwise than they took
//     effect, and some may be lost. So nothing here trusts a queue's order: a G
//     that starts is taken from wherever it is.

import {
  ByEarly,
  KBlock,
  KBoot,
  KCreate,
  KDeadlock,
  KEntry,
  KExit,
  KFdClose,
  KFdOpen,
  KFork,
  KForkSteal,
  KGCStop,
  KGlobGet,
  KHandoff,
  KLost,
  KMInit,
  KMSpin,
  KMStart,
  KMStop,
  KNetpoll,
  KOverflow,
  KPAcquire,
  KPIdle,
  KPanic,
  KPark,
  KProcs,
  KReady,
  KRetake,
  KStart,
  KState,
  KSteal,
  KSyscall,
  KSysret,
  KTimer,
  KUnblock,
  KYield,
  QGlobal,
  QLocal,
  QNext,
  QNone,
} from "./kinds.ts";
import type { Columns } from "./decode.ts";

export const Runnable = 1,
  Running = 2,
  Waiting = 3,
  Native = 4;

// Where a G is.
export const InFlight = 0,
  InNext = 1,
  InLocal = 2,
  InGlobal = 3,
  OnM = 4,
  Parked = 5;

export interface GState {
  readonly id: number;
  readonly status: number;
  readonly place: number;
  readonly p: number; // whose queue, or on which it runs; -1
  readonly m: number; // which runs it; -1
  readonly reason: number; // Waiting: why
  readonly obj: number; // Waiting: for what
  readonly holder: number; // Waiting: who holds that, 0: not known
  readonly since: number; // in this status
}

export interface PState {
  id: number;
  m: number; // -1: none
  g: number; // who runs, 0: nobody
  next: number; // runnext
  runq: Set<number>; // in order
  head: number; // how many were taken from the queue and how many put: where the ring's ends are
  tail: number;
  idle: boolean;
  gone: boolean; // procresize took it away
  ticks: number; // executes
}

export type MStatus = "running" | "native" | "g0" | "polls" | "spinning" | "stopped";

export interface MState {
  id: number;
  p: number;
  g: number;
  status: MStatus;
}

// Counters are totals since the recording began.
export interface Totals {
  created: number;
  exited: number;
  executed: number;
  parks: number;
  readies: number;
  yields: number;
  steals: number;
  stolen: number;
  overflows: number;
  handoffs: number;
  retakes: number;
  netpolls: number;
  io: number;
  timers: number;
  mstarts: number;
  lost: number;
  forks: number;
}

export const totals = (): Totals => ({
  created: 0,
  exited: 0,
  executed: 0,
  parks: 0,
  readies: 0,
  yields: 0,
  steals: 0,
  stolen: 0,
  overflows: 0,
  handoffs: 0,
  retakes: 0,
  netpolls: 0,
  io: 0,
  timers: 0,
  mstarts: 0,
  lost: 0,
  forks: 0,
});

export class Machine {
  gs = new Map<number, GState>();
  ps: PState[] = [];
  ms: MState[] = [];
  global = new Set<number>();
  fds = new Set<number>();
  counts = [0, 0, 0, 0, 0]; // of Gs, by status
  total = totals();
  step = -1; // of the runtime's life
  free = 0; // Gs that have ended and not been made anew
  sysmon = { time: -1, what: "" as "" | "retake" | "poll", p: -1 };
  lastpoll = -1;
  deadlock = false;
  panicked = 0;
  now = 0;
  silent = 0; // how many more events say how things stand, not what happens

  clone(): Machine {
    const m = new Machine();
    m.gs = new Map(this.gs);
    m.ps = this.ps.map((p) => ({ ...p, runq: new Set(p.runq) }));
    m.ms = this.ms.map((x) => ({ ...x }));
    m.global = new Set(this.global);
    m.fds = new Set(this.fds);
    m.counts = [...this.counts];
    m.total = { ...this.total };
    m.step = this.step;
    m.free = this.free;
    m.sysmon = { ...this.sysmon };
    m.lastpoll = this.lastpoll;
    m.deadlock = this.deadlock;
    m.panicked = this.panicked;
    m.now = this.now;
    m.silent = this.silent;
    return m;
  }

  // apply takes event i of c.
  apply(c: Columns, i: number): void {
    this.now = c.time[i];
    const k = c.kind[i];
    if (k >= KCreate && k <= KUnblock) this.applyG(k, c, i);
    else if (k >= KEntry) this.applyGo(k, c, i);
    else if (k <= KProcs || k >= KLost) this.applyRun(k, c, i);
    else if (k <= KGlobGet) this.applyQueues(k, c, i);
    else if (k <= KRetake) this.applyMP(k, c, i);
    else this.applyRest(k, c, i);
    if (this.silent > 0 && k !== KState) this.silent--;
  }

  private applyRun(k: number, c: Columns, i: number): void {
    if (k === KBoot) this.step = c.sub[i];
    if (k === KProcs) {
      const n = c.b[i];
      for (let p = 0; p < Math.min(n, maxPs); p++) this.p(p).gone = false;
      for (const pp of this.ps) if (pp.id >= n) pp.gone = true;
    }
    if (k === KLost) this.total.lost += c.a[i];
    if (k === KState) this.forget(c.a[i]);
  }

  // forget: what follows, n events, says how things stand.
  private forget(n: number): void {
    this.gs.clear();
    this.ps = [];
    this.ms = [];
    this.global.clear();
    this.fds.clear();
    this.counts = [0, 0, 0, 0, 0];
    this.silent = n;
  }

  private applyG(k: number, c: Columns, i: number): void {
    const g = small(c.g[i]),
      p = c.p[i],
      m = c.m[i],
      sub = c.sub[i],
      t = this.total,
      real = this.silent > 0 ? 0 : 1;
    switch (k) {
      case KCreate:
        t.created += real;
        if (real && this.free > 0) this.free--;
        this.queue(small(c.a[i]), sub, p);
        return;
      case KStart:
        t.executed += real;
        this.run(g, p, m);
        return;
      case KPark:
        t.parks += real;
        this.off(g, p, m);
        this.set(g, Waiting, Parked, -1, -1, sub, c.a[i], c.c[i]);
        return;
      case KReady:
        t.readies += real;
        if (c.c[i] === 2) t.io += real;
        if (c.c[i] === ByEarly) this.set(small(c.a[i]), Runnable, InFlight, p, m);
        else this.queue(small(c.a[i]), sub, p);
        if (c.m[i] < 0 && c.c[i] === 4) this.sysmon = { time: this.now, what: "poll", p: -1 };
        return;
      case KYield:
        t.yields += real;
        this.off(g, p, m);
        this.queue(g, p < 0 ? QGlobal : sub, p);
        return;
      case KExit:
        t.exited += real;
        this.off(g, p, m);
        this.gone(g);
        return;
      case KBlock:
        if (p >= 0) this.p(p).g = 0;
        this.m(m).status = "native";
        this.set(g, Native, OnM, -1, m);
        return;
      case KUnblock:
        if (c.a[i] === 1) this.run(g, p, m);
        else {
          this.off(g, p, m);
          this.queue(g, QGlobal, -1);
        }
    }
  }

  private applyQueues(k: number, c: Columns, i: number): void {
    const p = c.p[i],
      n = c.a[i];
    if (k === KSteal) {
      this.total.steals++;
      this.total.stolen += c.b[i];
      const victim = this.p(n);
      if (victim.next === c.c[i]) this.move(victim.next, InFlight, p);
      else for (const g of first(victim.runq, c.b[i])) this.move(g, InLocal, p);
      return;
    }
    const pp = this.p(p);
    if (k === KOverflow) {
      // the older half, and the one that did not fit
      this.total.overflows++;
      const newest = [...pp.runq].at(-1);
      for (const g of first(pp.runq, n - 1)) this.move(g, InGlobal, -1);
      if (newest !== undefined) this.move(newest, InGlobal, -1);
      return;
    }
    for (const g of first(this.global, n)) this.move(g, InLocal, p);
  }

  private applyMP(k: number, c: Columns, i: number): void {
    const m = c.m[i],
      p = c.p[i];
    switch (k) {
      case KMStart:
        this.total.mstarts++;
        this.m(c.a[i]).status = "g0";
        return;
      case KMStop:
        this.lose(this.m(m));
        this.m(m).status = "stopped";
        return;
      case KMSpin:
        this.m(m).status = c.sub[i] === 1 ? "spinning" : "g0";
        return;
      case KPAcquire: {
        const mm = this.m(m);
        if (mm.p !== p) this.lose(mm);
        this.own(p, m);
        if (mm.g) this.run(mm.g, p, m);
        else mm.status = "g0";
        return;
      }
      case KPIdle: {
        const pp = this.p(p);
        this.disown(pp);
        pp.idle = true;
        return;
      }
      case KHandoff:
      case KRetake: {
        this.total.handoffs++;
        if (k === KRetake) {
          this.total.retakes++;
          this.sysmon = { time: this.now, what: "retake", p: c.a[i] };
        }
        const mm = this.m(c.b[i]);
        this.disown(this.p(c.a[i]));
        if (mm.g) {
          mm.status = "native";
          this.set(mm.g, Native, OnM, -1, mm.id);
        }
      }
    }
  }

  private applyRest(k: number, c: Columns, i: number): void {
    switch (k) {
      case KNetpoll:
        this.total.netpolls++;
        this.lastpoll = this.now;
        if (c.m[i] < 0) this.sysmon = { time: this.now, what: "poll", p: -1 };
        return;
      case KTimer:
        this.total.timers++;
        return;
      case KFork:
        this.total.forks++;
        return;
      case KForkSteal:
        this.total.created++;
        if (this.free > 0) this.free--;
        this.set(c.g[i], Runnable, InFlight, c.p[i], c.m[i]);
        return;
      case KFdOpen:
        this.fds.add(c.a[i]);
        return;
      case KFdClose:
        this.fds.delete(c.a[i]);
        return;
      case KPanic:
        this.panicked = c.g[i];
        return;
      case KDeadlock:
        this.deadlock = true;
    }
  }

  // applyGo: Go's own runtime. A G in a system call keeps its P until somebody
  // takes it.
  private applyGo(k: number, c: Columns, i: number): void {
    const g = small(c.g[i]),
      p = c.p[i],
      m = c.m[i];
    if (k === KMInit) this.m(m).status = "g0";
    if (k === KGCStop && p >= 0) this.disown(this.p(p));
    if (k === KSyscall && g) {
      this.m(m).g = g;
      this.m(m).status = "native";
      this.set(g, Native, OnM, p, m);
    }
    if (k === KSysret && g) {
      if (c.a[i] === 1) this.run(g, p, m);
      else {
        this.off(g, p, m);
        this.queue(g, QGlobal, -1);
      }
    }
  }

  // p and m make what is not there yet. Numbers that cannot be are given to an
  // object that nobody sees.
  p(id: number): PState {
    if (!(id >= 0 && id < maxPs)) return newP(-1);
    while (this.ps.length <= id) this.ps.push(newP(this.ps.length));
    return this.ps[id];
  }

  m(id: number): MState {
    if (!(id >= 0 && id < maxMs)) return newM(-1);
    while (this.ms.length <= id) this.ms.push(newM(this.ms.length));
    return this.ms[id];
  }

  private set(id: number, status: number, place: number, p: number, m: number, reason = 0, obj = 0, holder = 0): void {
    const old = this.gs.get(id);
    if (old) {
      this.counts[old.status]--;
      this.leave(old);
    }
    this.counts[status]++;
    const since = old?.status === status ? old.since : this.now;
    this.gs.set(id, { id, status, place, p, m, reason, obj, holder, since });
    if (place === InGlobal) this.global.add(id);
    if (place === InLocal) {
      const pp = this.p(p);
      pp.runq.add(id);
      pp.tail++;
    }
    if (place === InNext) this.p(p).next = id;
  }

  private gone(id: number): void {
    const old = this.gs.get(id);
    if (old) {
      this.counts[old.status]--;
      this.leave(old);
      this.gs.delete(id);
    }
    this.free++;
  }

  // leave takes a G out of the queue that it is in.
  private leave(g: GState): void {
    if (g.place === InGlobal) this.global.delete(g.id);
    if (g.place === InLocal) {
      const pp = this.p(g.p);
      pp.runq.delete(g.id);
      pp.head++;
    }
    if (g.place === InNext && this.p(g.p).next === g.id) this.p(g.p).next = 0;
  }

  private move(id: number, place: number, p: number): void {
    this.set(id, Runnable, place, p, -1);
  }

  // queue puts a G where the event says; who stood in runnext moves to the queue.
  private queue(id: number, q: number, p: number): void {
    if (q === QGlobal || (p < 0 && q !== QNone)) return this.move(id, InGlobal, -1);
    if (q === QNext) {
      const old = this.p(p).next;
      this.move(id, InNext, p);
      if (old && old !== id) this.move(old, InLocal, p);
      return;
    }
    this.move(id, q === QLocal ? InLocal : InFlight, p);
  }

  private run(g: number, p: number, m: number): void {
    const mm = this.m(m);
    if (p >= 0) {
      this.own(p, m);
      const pp = this.p(p);
      pp.g = g;
      pp.ticks++;
    }
    mm.g = g;
    mm.status = p >= 0 ? "running" : "native";
    this.set(g, p >= 0 ? Running : Native, OnM, p, m);
  }

  // off takes a G from the M and the P that it ran on.
  private off(g: number, p: number, m: number): void {
    if (m >= 0) {
      const mm = this.m(m);
      mm.g = 0;
      mm.status = mm.p >= 0 ? "g0" : "polls";
    }
    if (p >= 0 && this.p(p).g === g) this.p(p).g = 0;
  }

  private own(p: number, m: number): void {
    const pp = this.p(p);
    if (pp.m >= 0 && pp.m !== m) this.lose(this.m(pp.m));
    pp.m = m;
    pp.idle = false;
    this.m(m).p = p;
  }

  private disown(pp: PState): void {
    if (pp.m >= 0) this.lose(this.m(pp.m));
    pp.m = -1;
    pp.g = 0;
  }

  // lose: an M without a P and without a G is in the poller, or on its way.
  private lose(mm: MState): void {
    if (mm.p >= 0) {
      const pp = this.p(mm.p);
      if (pp.m === mm.id) {
        pp.m = -1;
        pp.g = 0;
      }
    }
    mm.p = -1;
    if (!mm.g) mm.status = "polls";
  }
}

// small makes of a whole number that came out of a column of floats one that a
// Map finds faster.
export const small = (x: number) => (x < 0x3fffffff ? x | 0 : x);

const maxPs = 1 << 12,
  maxMs = 1 << 14;

const newP = (id: number): PState => ({ id, m: -1, g: 0, next: 0, runq: new Set(), head: 0, tail: 0, idle: false, gone: false, ticks: 0 });

const newM = (id: number): MState => ({ id, p: -1, g: 0, status: "stopped" });

function first(s: Set<number>, n: number): number[] {
  const out: number[] = [];
  for (const g of s) {
    if (out.length >= n) break;
    out.push(g);
  }
  return out;
}
