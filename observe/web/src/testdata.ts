// What the tests share: recordings of real runs, made by Go, and tables as
// api/meta would give them.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Decoder, type Sink } from "./decode.ts";
import type { Tables } from "./kinds.ts";
import { Store } from "./store.ts";

export const root = join(import.meta.dirname, "../../..");
export const scratch = mkdtempSync(join(tmpdir(), "weft-observe-"));

export const tables: Tables = {
  kinds: (
    "none boot procs create start park ready yield exit block unblock steal overflow globget mstart mstop mspin pacquire " +
    "pidle handoff retake netpoll timer fork forksteal fdopen fdclose panic deadlock lost state " +
    "entry args osinit minit pinit stack goentry goarg inittask syscall sysret preempt gcstop choose served"
  ).split(" "),
  reasons: [
    "",
    "chan receive",
    "chan send",
    "chan receive (nil chan)",
    "chan send (nil chan)",
    "select",
    "select (no cases)",
    "wsync.Mutex.Lock",
    "wsync.RWMutex.RLock",
    "wsync.RWMutex.Lock",
    "wsync.WaitGroup.Wait",
    "wsync.Cond.Wait",
    "wsync.Once.Do",
    "wsync.Semaphore.Acquire",
    "wsync.Group.Wait",
    "sleep",
    "IO read",
    "IO write",
    "IO accept",
    "IO connect",
    "IO close",
    "join",
    "native call",
    "user",
    "sync.Mutex.Lock",
    "sync.RWMutex.RLock",
    "sync.RWMutex.Lock",
    "sync.WaitGroup.Wait",
    "sync.Cond.Wait",
    "semacquire",
    "coroutine",
    "synctest",
    "preempted",
    "panic",
    "garbage collection",
    "runtime",
  ],
  queues: ["", "runnext", "runq", "global runq", "stolen", "netpoll", "same stack", "timer"],
  causes: ["coroutine", "timer", "netpoll", "goroutine", "sysmon", "earlier", "unwind"],
  steps: [
    "entry",
    "checks",
    "schedinit",
    "newproc(main)",
    "mstart",
    "runtime main",
    "sysmon",
    "initialisers",
    "main",
    "main returned",
    "unwind",
    "exit",
  ],
};

const built = new Map<string, string>();

// command builds a command of the repository once and returns its path.
export function command(pkg: string): string {
  let path = built.get(pkg);
  if (!path) {
    path = join(scratch, pkg.replaceAll("/", "_"));
    execFileSync("go", ["build", "-o", path, "./" + pkg], { cwd: root, stdio: "inherit" });
    built.set(pkg, path);
  }
  return path;
}

// record makes the recording of a program of cmd/weft/internal/record.
export function record(name: string): string {
  const file = join(scratch, name + ".trace");
  execFileSync(command("cmd/weft/internal/record"), [name, file], { stdio: ["ignore", "ignore", "ignore"] });
  return file;
}

// recordGo makes a recording of an ordinary program on Go's own runtime.
export function recordGo(): string {
  const file = join(scratch, "go.trace");
  execFileSync(command("cmd/weft"), ["run", "-procs", "2", "-trace", file, join(root, "observe/web/src/testdata/ordinary.go")], {
    stdio: "ignore",
  });
  return file;
}

export const storeSink = (s: Store): Sink => ({
  header: (h) => {
    s.header = h;
  },
  symbols: (x) => s.symbols(x),
  events: (c) => s.append(c),
});

export function load(bytes: Uint8Array, piece = bytes.length, limit = Infinity): Store {
  const s = new Store(tables, limit);
  const d = new Decoder(storeSink(s), tables);
  for (let i = 0; i < bytes.length; i += piece) d.push(bytes.subarray(i, i + piece));
  d.close();
  s.end = d.end;
  return s;
}

export const loadFile = (file: string) => load(readFileSync(file));
