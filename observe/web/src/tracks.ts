// Slices: who ran from when to when, a track for each P and each M. Columns
// grow; the slices of a track are in order and do not overlap. The last one may
// be open (its end is Infinity).

export class Track {
  n = 0;
  start = new Float64Array(64);
  end = new Float64Array(64);
  busy = new Float64Array(64); // how much was run before this slice, in all
  g = new Float64Array(64);
  event = new Float64Array(64); // the index of the event that began it
  native = new Uint8Array(64); // 1: without a P

  open(t: number, g: number, event: number, native: boolean): void {
    this.close(t);
    if (this.n === this.start.length) this.grow();
    const i = this.n++;
    this.start[i] = t;
    this.end[i] = Infinity;
    this.g[i] = g;
    this.event[i] = event;
    this.native[i] = native ? 1 : 0;
    this.busy[i] = i ? this.busy[i - 1] + this.end[i - 1] - this.start[i - 1] : 0;
  }

  close(t: number): void {
    const i = this.n - 1;
    if (i >= 0 && this.end[i] === Infinity) this.end[i] = Math.max(t, this.start[i]);
  }

  // at returns the first slice that ends after t.
  at(t: number): number {
    let lo = 0,
      hi = this.n;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (this.end[mid] > t) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }

  // ran returns how long anybody ran before t; now is the end of open slices.
  ran(t: number, now: number): number {
    const i = this.at(t);
    if (i >= this.n) {
      const last = this.n - 1;
      return last < 0 ? 0 : this.busy[last] + Math.min(this.end[last], now) - this.start[last];
    }
    return this.busy[i] + Math.max(0, Math.min(t, now) - this.start[i]);
  }

  // drop forgets the slices that ended before t.
  drop(t: number): void {
    const k = this.at(t);
    if (k < this.n / 2) return;
    for (const c of [this.start, this.end, this.busy, this.g, this.event, this.native]) c.copyWithin(0, k, this.n);
    this.n -= k;
  }

  private grow(): void {
    const f = (o: Float64Array) => {
      const c = new Float64Array(o.length * 2);
      c.set(o);
      return c;
    };
    this.start = f(this.start);
    this.end = f(this.end);
    this.busy = f(this.busy);
    this.g = f(this.g);
    this.event = f(this.event);
    const nat = new Uint8Array(this.native.length * 2);
    nat.set(this.native);
    this.native = nat;
  }
}
