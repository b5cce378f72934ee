// Where events come from: a recording that the server has, a file that the user
// opens, or the running program.
//
// Bounds: a page holds at most maxFile events of a recording, and of a live
// program the last maxLive or so. A longer recording is shown in parts, each of
// which begins with how things stood. The server sends no more than a page asks
// for, and says what it left out.

import type { FromWorker, ToWorker } from "./worker.ts";
import type { Tables } from "./kinds.ts";
import { Store } from "./store.ts";
import {
  controlToken,
  cursor,
  following,
  loadedIn,
  loading,
  meta,
  moveTo,
  problem,
  range,
  recording,
  selected,
  showAll,
  stats,
  store,
  version,
  part,
  type Meta,
  type Named,
  type Recording,
} from "./state.ts";

const maxFile = 4_000_000; // some hundred megabytes in the page
const partEvents = 2_000_000;
const maxLive = 1_500_000;

export async function get<R>(url: string, init?: RequestInit): Promise<R> {
  const r = await fetch(url, init);
  const text = await r.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = { error: `${r.status} ${text.slice(0, 200)}` };
  }
  if (!r.ok) throw new Error((body as { error?: string }).error ?? r.statusText);
  return body as R;
}

export const post = <R>(url: string, body?: unknown) =>
  get<R>(url, { method: "POST", headers: { "X-Weft-Token": controlToken() }, body: body ? JSON.stringify(body) : undefined });

export function tablesOf(m: Meta): Tables {
  const list = (all: Named[], word: (x: Named) => string) => {
    const out: string[] = [];
    for (const x of all) out[x.id] = word(x);
    return out;
  };
  const names = (all: Named[]) => list(all, (x) => x.name),
    chinese = (all: Named[]) => list(all, (x) => x.title?.zh ?? "");
  return {
    kinds: names(m.kinds),
    reasons: names(m.reasons),
    queues: names(m.queues),
    causes: names(m.causes),
    steps: names(m.steps),
    zh: { reasons: chinese(m.reasons), causes: chinese(m.causes), steps: chinese(m.steps) },
  };
}

// read starts a worker that fills s: from a url or a file, up to a limit, or from
// what is pushed into the result.
function read(s: Store, onEnd: (error: string) => void, onChange: () => void, from?: { url: string } | { file: File }) {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const send = (m: ToWorker, move: Transferable[] = []) => worker.postMessage(m, move);
  worker.onmessage = (e: MessageEvent<FromWorker>) => {
    const m = e.data;
    if ("events" in m) s.append(m.events);
    else if ("symbols" in m) s.symbols(m.symbols);
    else if ("header" in m) s.header = m.header;
    else if ("end" in m) {
      s.end = m.end;
      onEnd("");
      worker.terminate();
    } else onEnd(m.error);
    onChange();
  };
  worker.onerror = (e) => onEnd(e.message || "worker");
  send({ tables: s.tables, limit: from ? maxFile : Infinity });
  if (from) send("url" in from ? { url: new URL(from.url, document.baseURI).href } : from);
  return { push: (bytes: ArrayBuffer) => send({ bytes }, [bytes]), stop: () => worker.terminate() };
}

let stopCurrent = () => {};

function begin(s: Store): void {
  stopCurrent();
  problem.value = "";
  stats.value = null;
  store.value = s;
  cursor.value = -1;
  following.value = false;
  part.value = { at: 0, of: 1 };
  loading.value = true;
  version.value++;
}

// changed lets the page know, at most once a frame.
let due = false;
function changed(s: Store, then: () => void): void {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    if (store.value !== s) return;
    version.value++;
    then();
  });
}

export interface Start {
  e?: number;
  window?: [number, number];
  part?: number;
}

// window notes which part of a long recording is shown, and returns how to ask
// for it.
function window(r: Recording | undefined, at: number): string {
  const of = (r?.events ?? 0) > maxFile ? Math.ceil(r!.events! / partEvents) : 1;
  part.value = { at: Math.min(at, of - 1), of };
  if (of === 1) return "";
  const len = Math.ceil((r!.ns! + 1) / of);
  return `&from=${part.value.at * len}&to=${(part.value.at + 1) * len}`;
}

// open shows a recording of the server's.
export function open(id: string, start: Start = {}): Promise<void> {
  const m = meta.value!;
  const r = m.recordings.find((x) => x.id === id);
  recording.value = id;
  if (r?.kind === "live") {
    goLive(id);
    return Promise.resolve();
  }
  const s = new Store(tablesOf(m));
  begin(s);
  const began = performance.now(),
    url = `api/recording?id=${encodeURIComponent(id)}${window(r, start.part ?? 0)}`;
  return new Promise((done) => {
    const job = read(
      s,
      (error) => {
        finish(s, error, start, began);
        done();
      },
      () => changed(s, showAll),
      { url },
    );
    stopCurrent = job.stop;
  });
}

function finish(s: Store, error: string, start: Start, began: number): void {
  if (store.value !== s) return;
  if (error) problem.value = error;
  requestAnimationFrame(() => {
    showAll();
    if (start.window) range.value = start.window;
    moveTo(start.e ?? -1);
    version.value++;
    loading.value = false;
    requestAnimationFrame(() => {
      loadedIn.value = performance.now() - began;
    });
  });
}

// openFile shows a recording that the user has.
export function openFile(f: File): void {
  const s = new Store(tablesOf(meta.value!));
  begin(s);
  selected.value = null;
  recording.value = f.name;
  const began = performance.now();
  const job = read(
    s,
    (error) => finish(s, error, {}, began),
    () => changed(s, showAll),
    { file: f },
  );
  stopCurrent = job.stop;
}

// fetchStore reads another recording beside the one that is shown.
export function fetchStore(id: string, onChange: () => void = () => {}): Promise<Store> {
  const s = new Store(tablesOf(meta.value!));
  return new Promise((done, fail) => {
    read(s, (error) => (error ? fail(new Error(error)) : done(s)), onChange, { url: `api/recording?id=${encodeURIComponent(id)}` });
  });
}

// show makes a store that has been read the one that is shown.
export function show(id: string, s: Store): void {
  begin(s);
  stopCurrent = () => {};
  recording.value = id;
  loading.value = false;
  showAll();
  moveTo(s.dropped - 1);
}

// --- live

let retry = 0;

function goLive(id: string): void {
  const s = new Store(tablesOf(meta.value!), maxLive);
  begin(s);
  following.value = true;
  const job = read(
    s,
    (error) => {
      if (error) problem.value = error;
    },
    () => changed(s, follow),
  );
  const url = new URL(`api/live?id=${encodeURIComponent(id)}`, document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const ws = new WebSocket(url);
  ws.binaryType = "arraybuffer";
  ws.onopen = () => {
    retry = 0;
    loading.value = false;
  };
  ws.onmessage = (e) => {
    if (typeof e.data === "string") note(JSON.parse(e.data));
    else job.push(e.data);
  };
  ws.onclose = () => {
    if (store.value !== s || stats.value?.ended != null) return;
    problem.value = "disconnected";
    setTimeout(
      () => {
        if (store.value === s) goLive(id);
      },
      Math.min(8000, 500 * 2 ** retry++),
    );
  };
  stopCurrent = () => {
    ws.onclose = null;
    ws.close();
    job.stop();
  };
}

interface Note {
  type: string;
  rate?: number;
  dropped?: number;
  requests?: number;
  error?: string;
}

function note(n: Note): void {
  const old = stats.value ?? { rate: 0, dropped: 0, ended: null };
  if (n.type === "stats") {
    stats.value = { ...old, rate: n.rate ?? 0, dropped: n.dropped ?? old.dropped, requests: n.requests };
  }
  if (n.type === "end") stats.value = { ...old, ended: n.error ?? "" };
}

const liveWindow = 2e9; // ns

// follow keeps the cursor and the window at the end.
function follow(): void {
  const s = store.value!;
  if (!following.value || !s.n) return;
  cursor.value = s.n - 1;
  const len = Math.min(liveWindow, Math.max(s.last - s.first, 1e6));
  range.value = [s.last - len, s.last + len * 0.02];
}
