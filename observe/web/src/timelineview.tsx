// The timeline on the page: the canvas, and what mouse, keys and touch do to it.

import { useLayoutEffect, useRef } from "preact/hooks";
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { theme } from "./color.ts";
import { lang, w } from "./i18n.ts";
import { CanvasPainter } from "./painter.ts";
import {
  clampRange,
  cursor,
  cursorTime,
  following,
  moveTo,
  moveToTime,
  range,
  selectG,
  selected,
  showAll,
  showArrows,
  showMs,
  store,
  version,
} from "./state.ts";
import { axis, contentHeight, draw, gutter, hit, rows, timeOf, tip, type Hit, type Look, type Scene } from "./timeline.ts";
import { Icon } from "./icons.tsx";

export function look(): Look {
  const v = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const hex = v("--track");
  return {
    ink: v("--ink"),
    muted: v("--muted"),
    line: v("--line"),
    ground: v("--panel"),
    track: hex,
    accent: v("--accent"),
    flow: v("--flow"),
    runnable: v("--runnable"),
    waiting: v("--waiting"),
    native: v("--native"),
    trackRGB: [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as [number, number, number],
  };
}

const size = { w: 800, h: 400, scroll: 0 };

// scene is what the timeline shows now.
export function scene(): Scene | null {
  const s = store.value;
  if (!s) return null;
  const g = selected.value && "g" in selected.value ? selected.value.g : 0;
  return {
    store: s,
    from: range.value[0],
    to: range.value[1],
    width: size.w,
    height: size.h,
    scroll: size.scroll,
    cursor: cursorTime.value,
    g,
    showMs: showMs.value,
    arrows: showArrows.value,
    look: look(),
    lang: lang.value,
  };
}

// For who measures: how many frames were drawn, and what they took.
const frames = { drawn: 0, ms: 0 };
(window as unknown as { weftFrames: typeof frames }).weftFrames = frames;

export function TimelineView() {
  const canvas = useRef<HTMLCanvasElement>(null),
    box = useRef<HTMLDivElement>(null);
  const painter = useRef<CanvasPainter | null>(null);
  const resized = useSignal(0);
  const over = useSignal<{ x: number; y: number; lines: string[] } | null>(null);
  const told = useSignal("");
  const due = useRef(0);

  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => {
      const c = canvas.current!,
        r = c.parentElement!.getBoundingClientRect(),
        dpr = devicePixelRatio || 1;
      size.w = Math.floor(r.width);
      size.h = Math.floor(r.height);
      c.width = size.w * dpr;
      c.height = size.h * dpr;
      painter.current = new CanvasPainter(c.getContext("2d")!, dpr);
      resized.value++;
    });
    watch.observe(canvas.current!.parentElement!);
    return () => watch.disconnect();
  }, []);

  useSignalEffect(() => {
    // draw once a frame, when anything that shows has changed
    resized.value;
    version.value;
    theme.value;
    cursor.value;
    const c = scene();
    if (!c) return;
    cancelAnimationFrame(due.current);
    due.current = requestAnimationFrame(() => {
      const t = performance.now(),
        now = scene();
      if (!now || !painter.current) return;
      size.scroll = Math.max(0, Math.min(size.scroll, contentHeight(rows(now)) - size.h));
      painter.current.begin(size.w, size.h);
      draw({ ...now, scroll: size.scroll }, painter.current);
      frames.drawn++;
      frames.ms += performance.now() - t;
    });
  });

  useLayoutEffect(() => {
    const c = canvas.current!,
      touch = new Gestures(c, over);
    const wheel = (e: WheelEvent) => {
      e.preventDefault();
      const k = e.deltaMode ? 16 : 1;
      if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) return pan((e.deltaX || e.deltaY) * k);
      if (e.altKey) return scroll(e.deltaY * k, resized);
      zoom(Math.exp(e.deltaY * k * 0.002), e.clientX - c.getBoundingClientRect().left);
    };
    c.addEventListener("wheel", wheel, { passive: false });
    return () => {
      c.removeEventListener("wheel", wheel);
      touch.stop();
    };
  }, []);

  const label = useComputed(() => `${w("timeline")}. ${w("timelineHelp")} ${told.value}`);
  return (
    <div class="timeline">
      <Tools />
      <div class="tracks" ref={box}>
        <canvas ref={canvas} tabIndex={0} role="img" aria-label={label.value} onKeyDown={(e) => onKey(e, told)} />
        <span class="sr" aria-live="polite">
          {told.value}
        </span>
        {over.value && (
          <div class="tip" style={{ left: `${Math.min(over.value.x + 14, size.w - 330)}px`, top: `${over.value.y + 16}px` }}>
            {over.value.lines.map((l) => (
              <div>{l}</div>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

function Tools() {
  return (
    <div class="tools">
      <button class="quiet" onClick={() => zoom(0.5, size.w / 2)} title={w("zoomIn")} aria-label={w("zoomIn")}>
        <Icon name="plus" />
      </button>
      <button class="quiet" onClick={() => zoom(2, size.w / 2)} title={w("zoomOut")} aria-label={w("zoomOut")}>
        <Icon name="minus" />
      </button>
      <button class="quiet" onClick={fit}>
        {w("fit")}
      </button>
      <label class="check">
        <input
          type="checkbox"
          checked={showMs.value}
          onChange={() => {
            showMs.value = !showMs.value;
          }}
        />
        {w("showMs")}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={showArrows.value}
          onChange={() => {
            showArrows.value = !showArrows.value;
          }}
        />
        {w("arrows")}
      </label>
      <span class="hint" title={w("timelineHelp")}>
        {w("timelineHelp")}
      </span>
    </div>
  );
}

function fit(): void {
  following.value = false;
  showAll();
}

// zoom changes the window's length by a factor, around the time at pixel x.
export function zoom(factor: number, x: number): void {
  const c = scene();
  if (!c) return;
  following.value = false;
  const t = timeOf(c, Math.max(x, gutter)),
    len = (c.to - c.from) * factor,
    part = (t - c.from) / (c.to - c.from);
  range.value = clampRange(t - part * len, t - part * len + len);
}

export function pan(pixels: number): void {
  const [a, b] = range.value,
    d = (pixels * (b - a)) / (size.w - gutter);
  following.value = false;
  range.value = clampRange(a + d, b + d);
}

function scroll(pixels: number, resized: { value: number }): void {
  size.scroll += pixels;
  resized.value++;
}

function onKey(e: KeyboardEvent, told: { value: string }): void {
  const wide = size.w - gutter;
  const keys: Record<string, () => void> = {
    ArrowLeft: () => pan(-wide / 8),
    ArrowRight: () => pan(wide / 8),
    a: () => pan(-wide / 8),
    d: () => pan(wide / 8),
    ArrowUp: () => zoom(0.7, size.w / 2),
    ArrowDown: () => zoom(1 / 0.7, size.w / 2),
    w: () => zoom(0.7, size.w / 2),
    s: () => zoom(1 / 0.7, size.w / 2),
    "+": () => zoom(0.7, size.w / 2),
    "-": () => zoom(1 / 0.7, size.w / 2),
    0: fit,
    Enter: () => pickAt(told, true),
  };
  const act = e.shiftKey && e.key.startsWith("Arrow") ? () => walk(e.key, told) : keys[e.key];
  if (!act || e.ctrlKey || e.metaKey) return;
  e.preventDefault();
  e.stopPropagation();
  act();
}

let row = 0; // that the keys are on

// walk moves the cursor from slice to slice, and from track to track.
function walk(key: string, told: { value: string }): void {
  const c = scene();
  if (!c) return;
  const all = rows({ ...c, g: 0 }).filter((r) => r.track?.n);
  if (!all.length) return;
  if (key === "ArrowUp") row--;
  if (key === "ArrowDown") row++;
  row = Math.max(0, Math.min(all.length - 1, row));
  const t = all[row].track!;
  let i = t.at(c.cursor);
  if (key === "ArrowRight" && t.start[i] <= c.cursor) i++;
  if (key === "ArrowLeft") i--;
  i = Math.max(0, Math.min(t.n - 1, i));
  following.value = false;
  moveTo(t.event[i]);
  pickAt(told, false);
}

function pickAt(told: { value: string }, select: boolean): void {
  const s = store.value;
  if (!s || !s.has(cursor.value)) return;
  const e = s.event(cursor.value);
  if (e.g && select) selectG(e.g);
  told.value = `g${e.g} ${s.gFunc(e.g)}`;
}

// Gestures turns pointers into panning, pinching, clicking and pointing.
class Gestures {
  private down = new Map<number, { x: number; y: number }>();
  private moved = 0;
  private frame = 0;
  private remove: () => void;

  constructor(
    private c: HTMLCanvasElement,
    private over: { value: { x: number; y: number; lines: string[] } | null },
  ) {
    const on = { pointerdown: this.start, pointermove: this.move, pointerup: this.end, pointercancel: this.end, pointerleave: this.leave };
    for (const [name, f] of Object.entries(on)) c.addEventListener(name, f as EventListener);
    this.remove = () => {
      for (const [name, f] of Object.entries(on)) c.removeEventListener(name, f as EventListener);
    };
  }

  stop(): void {
    this.remove();
    cancelAnimationFrame(this.frame);
  }

  private at(e: PointerEvent) {
    const r = this.c.getBoundingClientRect();
    return { x: e.clientX - r.left, y: e.clientY - r.top };
  }

  private start = (e: PointerEvent) => {
    this.c.setPointerCapture(e.pointerId);
    this.down.set(e.pointerId, this.at(e));
    this.moved = 0;
  };

  private move = (e: PointerEvent) => {
    const was = this.down.get(e.pointerId),
      now = this.at(e);
    if (!was) return this.point(now);
    this.over.value = null;
    this.moved += Math.abs(now.x - was.x) + Math.abs(now.y - was.y);
    const other = [...this.down].find(([id]) => id !== e.pointerId)?.[1];
    if (other) {
      const before = Math.abs(was.x - other.x),
        after = Math.abs(now.x - other.x);
      if (before > 4 && after > 4) zoom(before / after, (now.x + other.x) / 2);
      pan((was.x - now.x) / 2);
    } else {
      pan(was.x - now.x);
      size.scroll += was.y - now.y;
    }
    this.down.set(e.pointerId, now);
  };

  private end = (e: PointerEvent) => {
    const was = this.down.get(e.pointerId);
    this.down.delete(e.pointerId);
    if (!was || e.type === "pointercancel" || this.moved > 5) return;
    this.click(this.at(e));
  };

  private leave = () => {
    this.over.value = null;
  };

  private click({ x, y }: { x: number; y: number }) {
    const c = scene();
    if (!c || x < gutter) return;
    const h = hit(c, x, y);
    if (h) {
      selectG(h.g);
      following.value = false;
      moveTo(h.event);
    } else moveToTime(timeOf(c, x));
  }

  private point({ x, y }: { x: number; y: number }) {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const c = scene(),
        h: Hit | null = c && y > axis ? hit(c, x, y) : null;
      this.over.value = c && h ? { x, y, lines: tip(c.store, h, c.lang) } : null;
      this.c.style.cursor = h ? "pointer" : "grab";
    });
  }
}
