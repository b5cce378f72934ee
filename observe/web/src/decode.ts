// The decoder of recordings, format version 1, as the Go package trace writes
// them (trace/file.go has the grammar). It takes the bytes in whatever pieces
// they come, from a file or a socket, and gives the events in columns.
//
// As Go's reader it shows only whole chunks whose checksum is right, and none
// after one that is damaged.

import { remap, type Tables } from "./kinds.ts";

// Columns hold n events. Addresses and ids are exact up to 2^53.
export interface Columns {
  n: number;
  time: Float64Array;
  kind: Uint8Array;
  sub: Uint8Array;
  m: Int32Array;
  p: Int16Array;
  g: Float64Array;
  a: Float64Array;
  b: Float64Array;
  c: Float64Array;
}

export function newColumns(size: number): Columns {
  const f = () => new Float64Array(size);
  return {
    n: 0,
    time: f(),
    kind: new Uint8Array(size),
    sub: new Uint8Array(size),
    m: new Int32Array(size),
    p: new Int16Array(size),
    g: f(),
    a: f(),
    b: f(),
    c: f(),
  };
}

export interface Header {
  start: number;
  go: string;
  goos: string;
  goarch: string;
}
export type Sym = [pc: number, func: string, file: string, line: number];

// Why a recording ends where it does. "whole": by its end mark.
export type End = { why: "whole" | "cut" | "corrupt" | "version" | "not" | "limit"; at: number; detail: string };

export interface Sink {
  header(h: Header): void;
  symbols(s: Sym[]): void;
  events(c: Columns): void; // the receiver's to keep
}

const magic = "weftrace";
const version = 1;
const maxPayload = 1 << 20;
const batch = 1 << 15;

const table = new Uint32Array(256).map((_, i) => {
  for (let k = 0; k < 8; k++) i = i & 1 ? (i >>> 1) ^ 0x82f63b78 : i >>> 1;
  return i >>> 0;
});

function crc32c(kind: number, b: Uint8Array, from: number, to: number): number {
  let c = 0xffffffff;
  c = table[(c ^ kind) & 255] ^ (c >>> 8);
  for (let i = from; i < to; i++) c = table[(c ^ b[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

// Payload reads values; past the end it fails for good and all values are 0.
class Payload {
  bad = false;
  constructor(
    private b: Uint8Array,
    public at: number,
    private end: number,
  ) {}
  get more() {
    return this.at < this.end && !this.bad;
  }
  byte(): number {
    if (this.at >= this.end) {
      this.bad = true;
      return 0;
    }
    return this.b[this.at++];
  }
  uvarint(): number {
    let v = 0,
      mul = 1;
    const began = this.at;
    for (;;) {
      const c = this.byte();
      v += (c & 127) * mul;
      if (c < 128) break;
      mul *= 128;
      if (this.at - began > 9) {
        this.bad = true;
        return 0;
      }
    }
    return mul < 2 ** 49 ? v : this.big(began);
  }
  varint(): number {
    const v = this.uvarint();
    if (v >= 0 && v <= 2 ** 52) return v % 2 ? -(v + 1) / 2 : v / 2;
    const u = BigInt.asUintN(64, BigInt(v));
    return Number((u >> 1n) ^ -(u & 1n));
  }
  // big reads again what does not fit into 53 bits, as a signed number.
  private big(began: number): number {
    let v = 0n;
    for (let i = began, s = 0n; i < this.at; i++, s += 7n) v |= BigInt(this.b[i] & 127) << s;
    return Number(BigInt.asIntN(64, v));
  }
  string(): string {
    const n = this.uvarint();
    if (this.bad || n > this.end - this.at) {
      this.bad = true;
      return "";
    }
    this.at += n;
    return new TextDecoder().decode(this.b.subarray(this.at - n, this.at));
  }
}

export class Decoder {
  count = 0;
  end: End | null = null;
  private rest: Uint8Array = new Uint8Array(0);
  private offset = 0; // of rest[0] in the recording
  private begun = false;
  private out = newColumns(batch);
  private kindOf: Uint8Array;

  constructor(
    private to: Sink,
    tables: Tables,
    private limit = Infinity,
  ) {
    this.kindOf = remap(tables.kinds);
  }

  // push takes the next bytes; what whole chunks they complete is given to the sink.
  push(bytes: Uint8Array): void {
    if (this.end) return;
    let b = bytes;
    if (this.rest.length) {
      b = new Uint8Array(this.rest.length + bytes.length);
      b.set(this.rest);
      b.set(bytes, this.rest.length);
    }
    let at = 0;
    for (;;) {
      const next = this.chunk(b, at);
      if (next === at || this.end) break;
      at = next;
    }
    this.rest = b.slice(at);
    this.offset += at;
    this.flush();
  }

  // close says that no bytes will follow.
  close(): void {
    this.flush();
    if (this.end) return;
    const unlike = [...this.rest].some((c, i) => i < magic.length && c !== magic.charCodeAt(i));
    this.stop(this.offset === 0 && (unlike || !this.rest.length) ? "not" : "cut", 0);
  }

  private stop(why: End["why"], at: number, detail = ""): number {
    this.end ??= { why, at: this.offset + at, detail };
    return at;
  }

  private flush(): void {
    if (!this.out.n) return;
    const c = this.out;
    this.out = newColumns(batch);
    this.to.events(c.n === batch ? c : cut(c));
  }

  // chunk reads one chunk at b[at] and returns where the next begins: at itself
  // if it is not all there.
  private chunk(b: Uint8Array, at: number): number {
    if (!this.begun) return this.magic(b, at);
    let p = at + 1,
      length = 0;
    for (let shift = 0; ; shift += 7, p++) {
      if (p >= b.length) return at;
      length |= (b[p] & 127) << shift;
      if (b[p] < 128 || shift === 21) {
        p++;
        break;
      }
    }
    if (length > maxPayload) return this.stop("corrupt", at, `a chunk claims ${length} bytes`);
    if (b.length < p + 4 + length) return at;
    const crc = (b[p] | (b[p + 1] << 8) | (b[p + 2] << 16) | (b[p + 3] << 24)) >>> 0;
    const from = p + 4,
      to = from + length;
    if (crc32c(b[at], b, from, to) !== crc) return this.stop("corrupt", at, "a chunk does not match its checksum");
    const wrong = this.payload(b[at], new Payload(b, from, to));
    return wrong ? this.stop("corrupt", at, wrong) : to;
  }

  private magic(b: Uint8Array, at: number): number {
    const n = Math.min(b.length - at, magic.length);
    for (let i = 0; i < n; i++) if (b[at + i] !== magic.charCodeAt(i)) return this.stop("not", at);
    if (b.length - at <= magic.length) return at;
    if (b[at + magic.length] !== version) return this.stop("version", at, String(b[at + magic.length]));
    this.begun = true;
    return at + magic.length + 1;
  }

  // payload returns what is wrong with it, if anything.
  private payload(kind: number, d: Payload): string {
    switch (String.fromCharCode(kind)) {
      case "E":
        return this.eventsOf(d);
      case "S":
        return this.symbolsOf(d);
      case "H": {
        const h = { start: d.varint() / 1e6, go: d.string(), goos: d.string(), goarch: d.string() };
        if (!d.bad) this.to.header(h);
        return d.bad ? "its header makes no sense" : "";
      }
      case "Z": {
        const n = d.uvarint();
        if (d.bad || n !== this.count) return "its end mark counts other events than it has";
        this.stop("whole", d.at);
        return "";
      }
    }
    return `no chunk begins with byte 0x${kind.toString(16)}`;
  }

  private symbolsOf(d: Payload): string {
    const all: Sym[] = [];
    while (d.more) all.push([d.uvarint(), d.string(), d.string(), d.uvarint()]);
    if (d.bad) return "a symbol makes no sense";
    this.to.symbols(all);
    return "";
  }

  private eventsOf(d: Payload): string {
    let time = 0,
      m = 0,
      p = 0,
      g = 0;
    while (d.more) {
      if (this.count >= this.limit) {
        this.stop("limit", 0);
        return "";
      }
      const kind = d.byte(),
        mask = d.byte();
      time += d.varint();
      const sub = mask & 1 ? d.byte() : 0;
      if (mask & 2) m = d.varint();
      if (mask & 4) p = d.varint();
      if (mask & 8) g = d.uvarint();
      const a = mask & 16 ? d.uvarint() : 0,
        b = mask & 32 ? d.uvarint() : 0,
        c = mask & 64 ? d.uvarint() : 0;
      if (d.bad) return "an event makes no sense";
      const o = this.out,
        i = o.n++;
      o.time[i] = time;
      o.kind[i] = this.kindOf[kind];
      o.sub[i] = sub;
      o.m[i] = m;
      o.p[i] = p;
      o.g[i] = g;
      o.a[i] = a;
      o.b[i] = b;
      o.c[i] = c;
      this.count++;
      if (o.n === batch) this.flush();
    }
    return "";
  }
}

function cut(c: Columns): Columns {
  const s = <T extends Float64Array | Uint8Array | Int32Array | Int16Array>(x: T) => x.slice(0, c.n) as T;
  return { n: c.n, time: s(c.time), kind: s(c.kind), sub: s(c.sub), m: s(c.m), p: s(c.p), g: s(c.g), a: s(c.a), b: s(c.b), c: s(c.c) };
}
