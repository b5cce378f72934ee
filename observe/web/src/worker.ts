// The worker: it decodes a recording off the page's thread, as it comes.
//
// From the page: {tables, limit}, then {url} to fetch or a {file}, or pieces {bytes} of a run that goes on.
// To the page: {header}, {symbols}, {events} in columns, and {end}.

import { Decoder, type Columns, type Header, type Sym } from "./decode.ts";
import type { Tables } from "./kinds.ts";

export type ToWorker = { tables: Tables; limit: number } | { url: string } | { file: File } | { bytes: ArrayBuffer };
export type FromWorker =
  { header: Header } | { symbols: Sym[] } | { events: Columns } | { end: Decoder["end"]; count: number; ms: number } | { error: string };

let decoder: Decoder;
let began = 0;
const post = (m: FromWorker, move: Transferable[] = []) => (self as unknown as Worker).postMessage(m, move);

function close() {
  decoder.close();
  post({ end: decoder.end, count: decoder.count, ms: performance.now() - began });
}

async function load(url: string) {
  try {
    const r = await fetch(url);
    if (!r.ok) return post({ error: await reason(r) });
    await read(r.body!);
  } catch (e) {
    post({ error: String(e) });
  }
}

// read decodes a stream as it comes, and no more of it than the page has room for.
async function read(from: ReadableStream<Uint8Array>) {
  try {
    for (const reader = from.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      decoder.push(value);
      if (decoder.end) {
        await reader.cancel();
        break;
      }
    }
    close();
  } catch (e) {
    post({ error: String(e) });
  }
}

async function reason(r: Response): Promise<string> {
  const text = await r.text();
  try {
    return JSON.parse(text).error;
  } catch {
    return `${r.status} ${text.slice(0, 200)}`;
  }
}

self.onmessage = (e: MessageEvent<ToWorker>) => {
  const m = e.data;
  if ("tables" in m) {
    began = performance.now();
    decoder = new Decoder(
      {
        header: (header) => post({ header }),
        symbols: (symbols) => post({ symbols }),
        events: (c) =>
          post(
            { events: c },
            [c.time, c.kind, c.sub, c.m, c.p, c.g, c.a, c.b, c.c].map((x) => x.buffer),
          ),
      },
      m.tables,
      m.limit,
    );
  } else if ("url" in m) load(m.url);
  else if ("file" in m) read(m.file.stream());
  else decoder.push(new Uint8Array(m.bytes));
};
