// The transport: play, step, the moment, and the sentence that tells what has
// just happened. It stands below the machine and the timeline alike.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignalEffect } from "@preact/signals";
import { theme } from "./color.ts";
import { big, stamp } from "./format.ts";
import { lang, w } from "./i18n.ts";
import { Icon } from "./icons.tsx";
import { narrate, where } from "./narrate.ts";
import {
  cursor,
  cursorTime,
  following,
  moveTo,
  moveToTime,
  playing,
  range,
  recording,
  meta,
  speed,
  stats,
  step,
  store,
  version,
} from "./state.ts";
import { look } from "./timelineview.tsx";

export const isLive = () => meta.value?.recordings.find((r) => r.id === recording.value)?.kind === "live" && stats.value?.ended == null;

// Player moves the cursor while playing, by the speed in events a second.
function usePlayer() {
  useEffect(() => {
    let last = performance.now(),
      owed = 0,
      frame = 0;
    const tick = (now: number) => {
      frame = requestAnimationFrame(tick);
      const s = store.value;
      if (!playing.value || !s) {
        last = now;
        owed = 0;
        return;
      }
      owed += ((now - last) / 1000) * speed.value;
      last = now;
      const n = Math.floor(owed);
      if (!n) return;
      owed -= n;
      step(n);
      if (cursor.value >= s.n - 1 && !isLive()) playing.value = false;
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, []);
}

export function togglePlay(): void {
  const s = store.value;
  if (!s) return;
  if (!playing.value && cursor.value >= s.n - 1) moveTo(s.dropped - 1);
  following.value = false;
  playing.value = !playing.value;
}

export function Transport() {
  usePlayer();
  const s = store.value;
  version.value;
  const at = cursor.value,
    n = s?.n ?? 0;
  const jump = (i: number) => {
    playing.value = false;
    following.value = false;
    moveTo(i);
  };
  const on = (n: number) => {
    playing.value = false;
    step(n);
  };
  return (
    <footer class="transport" aria-label={w("moment")}>
      <Narration />
      <Overview />
      <div class="controls">
        <button class="quiet" title={w("toStart")} aria-label={w("toStart")} onClick={() => jump(-1)}>
          <Icon name="first" />
        </button>
        <button class="quiet" title={w("back")} aria-label={w("back")} onClick={() => on(-1)}>
          <Icon name="back" />
        </button>
        <button
          class="main"
          title={w(playing.value ? "pause" : "play")}
          aria-label={w(playing.value ? "pause" : "play")}
          onClick={togglePlay}
        >
          <Icon name={playing.value ? "pause" : "play"} />
        </button>
        <button class="quiet" title={w("forward")} aria-label={w("forward")} onClick={() => on(1)}>
          <Icon name="forward" />
        </button>
        <button class="quiet" title={w("toEnd")} aria-label={w("toEnd")} onClick={() => jump(n - 1)}>
          <Icon name="last" />
        </button>
        {isLive() && (
          <button
            class={following.value ? "live on" : "live"}
            aria-pressed={following.value}
            onClick={() => {
              playing.value = false;
              following.value = !following.value;
            }}
          >
            <Icon name="live" /> {w("live")}
          </button>
        )}
        <label class="speed">
          {w("speed")}
          <input
            type="range"
            min="0"
            max="16"
            step="0.5"
            value={Math.log2(speed.value)}
            aria-valuetext={`${big(speed.value)} ${w("perSecond")}`}
            onInput={(e) => {
              speed.value = 2 ** Number(e.currentTarget.value);
            }}
          />
          <output>
            {big(Math.round(speed.value))} {w("perSecond")}
          </output>
        </label>
        <span class="moment">
          <b>{stamp(cursorTime.value)}</b> {w("event")} {big(at + 1)} {w("of")} {big(n)}
        </span>
      </div>
    </footer>
  );
}

function Narration() {
  const s = store.value,
    at = cursor.value;
  version.value;
  const e = s?.has(at) ? s.event(at) : null;
  const text = s && e ? narrate(s, e, lang.value) : w("machineHelp");
  return (
    <p class="narration" aria-live={playing.value || following.value ? "off" : "polite"}>
      {e && <b>{where(e)}</b>} {text}
    </p>
  );
}

// Overview is the whole recording in a strip: how many events when, the window
// of the timeline, the moment.
function Overview() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pick = (e: PointerEvent) => {
    const s = store.value,
      r = canvas.current!.getBoundingClientRect();
    if (!s || !(e.buttons & 1)) return;
    playing.value = false;
    moveToTime(s.first + ((e.clientX - r.left) / r.width) * (s.last - s.first));
  };
  const paint = () => {
    const c = canvas.current,
      s = store.value;
    if (!c || !s) return;
    const dpr = devicePixelRatio || 1,
      width = Math.round(c.clientWidth * dpr),
      h = Math.round(c.clientHeight * dpr),
      l = look();
    if (c.width !== width || c.height !== h) {
      c.width = width;
      c.height = h;
    }
    const g = c.getContext("2d")!,
      span = Math.max(1, s.last - s.first),
      x = (t: number) => ((t - s.first) / span) * width;
    g.fillStyle = l.track;
    g.fillRect(0, 0, width, h);
    g.fillStyle = l.muted;
    density(s, Math.floor(width / 3)).forEach((v, i) => g.fillRect(i * 3, h - v * h, 2.2, v * h));
    const [a, b] = range.value;
    g.globalAlpha = 0.16;
    g.fillStyle = l.accent;
    g.fillRect(x(a), 0, Math.max(2, x(b) - x(a)), h);
    g.globalAlpha = 1;
    g.fillRect(x(cursorTime.value) - dpr, 0, 2 * dpr, h);
  };
  useSignalEffect(() => {
    version.value;
    theme.value;
    cursor.value;
    range.value;
    requestAnimationFrame(paint);
  });
  useLayoutEffect(() => {
    const watch = new ResizeObserver(paint);
    watch.observe(canvas.current!);
    return () => watch.disconnect();
  }, []);
  const s = store.value;
  version.value;
  return (
    <canvas
      ref={canvas}
      class="overview"
      role="slider"
      tabIndex={0}
      aria-label={w("moment")}
      aria-valuemin={0}
      aria-valuemax={s?.n ?? 0}
      aria-valuenow={cursor.value + 1}
      aria-valuetext={stamp(cursorTime.value)}
      onPointerDown={(e) => {
        canvas.current!.setPointerCapture(e.pointerId);
        pick(e);
      }}
      onPointerMove={pick}
      onKeyDown={(e) => {
        const n = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: 100, PageDown: -100 }[e.key];
        if (n) {
          step(n);
          e.preventDefault();
          e.stopPropagation();
        }
      }}
    />
  );
}

let cached: { s: unknown; n: number; bars: number; out: number[] } | null = null;

// density returns for each of n equal times how many events were made, from 0
// to 1 on a scale of roots.
function density(s: NonNullable<typeof store.value>, bars: number): number[] {
  if (cached && cached.s === s && cached.n === s.n && cached.bars === bars) return cached.out;
  const out: number[] = [];
  const span = Math.max(1, s.last - s.first);
  let i = s.dropped,
    most = 1;
  for (let k = 0; k < bars; k++) {
    const next = s.n ? s.find(s.first + (span * (k + 1)) / bars) : 0;
    out.push(next - i);
    most = Math.max(most, next - i);
    i = next;
  }
  cached = { s, n: s.n, bars, out: out.map((v) => (v ? Math.max(0.08, Math.sqrt(v / most)) : 0)) };
  return cached.out;
}
