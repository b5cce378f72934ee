// What the page knows of events: the kinds whose meaning it acts on, by name.
// A recording's numbers are those of its writer, which api/meta names; the
// decoder turns them into these, so nothing breaks when the writer's change.

const known = [
  "none",
  "boot",
  "procs",
  "create",
  "start",
  "park",
  "ready",
  "yield",
  "exit",
  "block",
  "unblock",
  "steal",
  "overflow",
  "globget",
  "mstart",
  "mstop",
  "mspin",
  "pacquire",
  "pidle",
  "handoff",
  "retake",
  "netpoll",
  "timer",
  "fork",
  "forksteal",
  "fdopen",
  "fdclose",
  "panic",
  "deadlock",
  "lost",
  "state",
  "entry",
  "args",
  "osinit",
  "minit",
  "pinit",
  "stack",
  "goentry",
  "goarg",
  "inittask",
  "syscall",
  "sysret",
  "preempt",
  "gcstop",
  "choose",
  "served",
];

export const KBoot = 1,
  KProcs = 2,
  KCreate = 3,
  KStart = 4,
  KPark = 5,
  KReady = 6,
  KYield = 7,
  KExit = 8,
  KBlock = 9,
  KUnblock = 10,
  KSteal = 11,
  KOverflow = 12,
  KGlobGet = 13,
  KMStart = 14,
  KMStop = 15,
  KMSpin = 16,
  KPAcquire = 17,
  KPIdle = 18,
  KHandoff = 19,
  KRetake = 20,
  KNetpoll = 21,
  KTimer = 22,
  KFork = 23,
  KForkSteal = 24,
  KFdOpen = 25,
  KFdClose = 26,
  KPanic = 27,
  KDeadlock = 28,
  KLost = 29,
  KState = 30;

// Those that only Go's own runtime has.
export const KEntry = 31,
  KArgs = 32,
  KOSInit = 33,
  KMInit = 34,
  KPInit = 35,
  KStack = 36,
  KGoEntry = 37,
  KGoArg = 38,
  KInitTask = 39,
  KSyscall = 40,
  KSysret = 41,
  KPreempt = 42,
  KGCStop = 43,
  KChoose = 44,
  KServed = 45;

// Kinds that the page does not know keep their number, from KOther up, so that
// they can still be named.
export const KOther = 64;

export const QNone = 0,
  QNext = 1,
  QLocal = 2,
  QGlobal = 3,
  QSteal = 4,
  QNetpoll = 5,
  QStack = 6,
  QTimer = 7;
export const ByCoroutine = 0,
  ByEarly = 5,
  BySysmon = 4;

export const StepCount = 12;

// What a parked coroutine waits for: a time, a descriptor, or an object.
export const ObjNone = 0,
  ObjSleep = 1,
  ObjFd = 2,
  ObjAddr = 3;

// A word table and what it says of each kind, from api/meta.
export interface Tables {
  kinds: string[];
  reasons: string[];
  queues: string[];
  causes: string[];
  steps: string[];
  zh?: { reasons: string[]; causes: string[]; steps: string[] };
}

// remap returns the page's kind for each of the writer's.
export function remap(kinds: string[]): Uint8Array {
  const to = new Uint8Array(256);
  for (let i = 0; i < 256; i++) {
    const at = i < kinds.length ? known.indexOf(kinds[i]) : -1;
    to[i] = at >= 0 ? at : Math.min(255, KOther + i);
  }
  return to;
}

export const kindName = (k: number, t: Tables) => (k < KOther ? known[k] : t.kinds[k - KOther]) ?? `event ${k - KOther}`;

const nouns: [RegExp, string][] = [
  [/nil chan|no cases|native|user/, ""],
  [/RWMutex/, "rwmutex"],
  [/Mutex/, "mutex"],
  [/WaitGroup/, "waitgroup"],
  [/Cond/, "cond"],
  [/Once/, "once"],
  [/Semaphore|semacquire/, "semaphore"],
  [/Group/, "group"],
  [/chan/, "chan"],
  [/select/, "select"],
  [/join/, "fork"],
];

// noun says in a word what a coroutine that parks for reason waits for.
export function noun(reason: string): string {
  for (const [re, n] of nouns) if (re.test(reason)) return n || "object";
  return "object";
}

// objectKind says what Event.A of a park for reason is.
export function objectKind(reason: string): number {
  if (reason === "sleep") return ObjSleep;
  if (/^IO /.test(reason)) return ObjFd;
  return ObjAddr;
}
