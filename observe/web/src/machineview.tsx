// The picture of the machine: an SVG in which each G is one mark that moves.

import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import {
  ByCoroutine,
  KCreate,
  KExit,
  KHandoff,
  KNetpoll,
  KReady,
  KRetake,
  KStart,
  KSteal,
  KTimer,
  ObjFd,
  ObjNone,
  ObjSleep,
} from "./kinds.ts";
import { colorOf, css, theme } from "./color.ts";
import { big, short, stamp } from "./format.ts";
import { lang, w } from "./i18n.ts";
import { layout, type Box, type Hall, type MChip, type Mark, type PCard, type Picture as Pic } from "./layout.ts";
import { Native, Running, Waiting, type Machine, type MState } from "./machine.ts";
import { useTables, type State } from "./own.ts";
import { cursor, following, playing, selectG, selected, speed, store, version } from "./state.ts";
import type { Store } from "./store.ts";

type Ev = ReturnType<Store["event"]>;

export function MachineView() {
  const s = store.value;
  return <>{s && <Picture s={s} at={cursor.value} />}</>;
}

type Pickers = Map<number, () => void>;

// Picture draws s as it is after event at, as wide as there is room. A click on a
// G shows its life, or does what choose says of it.
export function Picture({ s, at, choose }: { s: Store; at: number; choose?: Pickers }) {
  const host = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([e]) => {
      width.value = Math.floor(e.contentRect.width);
    });
    watch.observe(host.current!);
    return () => watch.disconnect();
  }, []);
  version.value;
  theme.value;
  lang.value;
  return (
    <div class="machine" ref={host}>
      {width.value > 0 && <Drawing s={s} width={width.value} at={at} choose={choose} />}
    </div>
  );
}

function Drawing({ s, width, at, choose }: { s: Store; width: number; at: number; choose?: Pickers }) {
  const tables = useTables(),
    own = following.value ? tables : null; // they are of now
  const m = s.at(at);
  const e = s.has(at) ? s.event(at) : null;
  const pic = layout(s, m, width, e?.kind === KExit ? e.g : 0);
  const svg = useRef<SVGSVGElement>(null);
  const move = playing.value ? Math.min(420, 700 / speed.value) : 320;
  useLayoutEffect(() => {
    svg.current!.style.setProperty("--move", `${move < 30 ? 0 : move}ms`);
  });
  return (
    <svg ref={svg} class="picture" viewBox={`0 0 ${pic.w} ${pic.h}`} width={pic.w} height={pic.h} role="group" aria-label={w("machine")}>
      <Top m={m} pic={pic} stacks={own?.sched.stkfree} />
      {pic.ps.map((c) => (
        <Card key={c.p.id} c={c} s={s} m={m} e={e} own={own?.allp.find((p) => p.id === c.p.id)} />
      ))}
      <Frame box={pic.idle} title={w("idleMs")} count={m.ms.filter((x) => x.p < 0).length} />
      {pic.chips.map((c) => (
        <Chip key={c.m.id} c={c} m={m} />
      ))}
      {pic.halls.map((h) => (
        <HallBox key={h.what} h={h} />
      ))}
      {e && <EventArrow e={e} pic={pic} />}
      <Marks s={s} m={m} pic={pic} e={e} choose={choose} />
    </svg>
  );
}

function Frame({ box, title, count, hot }: { box: Box; title: string; count?: number; hot?: boolean }) {
  return (
    <g class={hot ? "frame hot" : "frame"}>
      <rect x={box.x + 0.5} y={box.y + 0.5} width={box.w - 1} height={box.h - 1} rx="9" />
      <text class="title" x={box.x + 12} y={box.y + 20}>
        {title}
      </text>
      {count !== undefined && (
        <text class="count" x={box.x + box.w - 12} y={box.y + 20}>
          {big(count)}
        </text>
      )}
    </g>
  );
}

function Top({ m, pic, stacks }: { m: Machine; pic: Pic; stacks?: number }) {
  const { global, sysmon, free } = pic,
    recent = m.sysmon.time >= 0;
  const what = m.sysmon.what === "retake" ? `${w("retook")} p${m.sysmon.p}` : w("polledNet");
  return (
    <>
      <Frame box={global} title={w("globalQueue")} count={global.count} />
      <rect class="lane" x="12" y="31" width={global.w - 24} height="30" rx="15" />
      {global.count > global.shown && (
        <text class="more" x={global.w - 18} y="51">
          +{big(global.count - global.shown)}
        </text>
      )}
      <Frame box={sysmon} title="sysmon" hot={recent && m.now - m.sysmon.time < 1e5} />
      <text class="small" x={sysmon.x + 12} y={sysmon.y + 42}>
        {recent ? what : w("never")}
      </text>
      {recent && (
        <text class="small muted" x={sysmon.x + 12} y={sysmon.y + 59}>
          {stamp(m.sysmon.time)}
        </text>
      )}
      <Frame box={free} title={w("freeGs")} />
      <text class="figure" x={free.x + 12} y={free.y + 52}>
        {big(m.free)}
      </text>
      {stacks !== undefined && (
        <text class="small muted" x={free.x + 12} y={free.y + 66}>
          {big(stacks)} {w("freeStacks")}
        </text>
      )}
    </>
  );
}

const statusWord = (st: MState["status"]) =>
  ({ running: w("running"), native: w("native"), g0: w("scheduling"), polls: w("polls"), spinning: w("spinning"), stopped: w("stopped") })[
    st
  ];

function Card({ c, s, m, e, own }: { c: PCard; s: Store; m: Machine; e: Ev | null; own?: State["allp"][number] }) {
  const { x, y, p } = c,
    g = c.m?.g ?? 0,
    hot = e !== null && e.p === p.id;
  const schedules = c.m !== null && !g;
  const run = g ? m.gs.get(g) : undefined;
  return (
    <g class={`card ${p.idle || !c.m ? "idle" : ""} ${hot ? "hot" : ""}`}>
      <rect class="pbox" x={x + 0.5} y={y + 84.5} width={c.w - 1} height={c.h - 85} rx="9" />
      <rect class={c.m ? "mbox" : "mbox none"} x={x + 16.5} y={y + 12.5} width={c.w - 33} height="66" rx="33" />
      {c.m && <path class="bond" d={`M${x + 44} ${y + 79}v6M${x + c.w - 44} ${y + 79}v6`} />}
      {c.m ? (
        <>
          <text class="name" x={x + 36} y={y + 44}>
            m{c.m.id}
          </text>
          <text class="small muted" x={x + 36} y={y + 60}>
            {g ? "" : statusWord(c.m.status)}
          </text>
          {g > 0 && (
            <text class="small strong" x={x + 128} y={y + 43}>
              {cut(s.gFunc(g), (c.w - 210) / 6.4)}
            </text>
          )}
          {run && (
            <text class="small muted" x={x + 128} y={y + 59}>
              {short(m.now - run.since)}
            </text>
          )}
          <circle class={schedules ? "g0 on" : "g0"} cx={x + c.w - 46} cy={y + 46} r="16" />
          <text class="g0label" x={x + c.w - 46} y={y + 46}>
            g0
          </text>
        </>
      ) : (
        <text class="small muted mid" x={x + c.w / 2} y={y + 50}>
          {w("noM")}
        </text>
      )}
      <text class="name" x={x + 16} y={y + 131}>
        p{p.id}
      </text>
      <rect class="slot" x={x + 51} y={y + 107} width="38" height="38" rx="8" />
      <text class="tiny" x={x + 70} y={y + 158}>
        runnext
      </text>
      <rect class="lane" x={x + 116} y={y + 111} width={c.w - 130} height="30" rx="15" />
      {own && (
        <text class="tiny start own" x={x + 116} y={y + 102}>
          {`${w("armed")} ${own.timers ?? 0}`}
          {own.gfree !== undefined && own.gfree >= 0 && ` · ${w("freeGs")} ${own.gfree} · ${w("freeStacks")} ${own.stkfree}`}
        </text>
      )}
      <Slots c={c} s={s} />
      <text class="more" x={x + c.w - 16} y={y + 158}>
        {p.ticks ? `execute ×${big(p.ticks)}` : ""}
      </text>
      <text class="tiny start" x={x + 116} y={y + 158}>
        runq {p.runq.size} / 256{c.hidden > 0 ? `  (+${c.hidden})` : ""}
      </text>
    </g>
  );
}

// Slots are the ring's 256 places, those taken in the colours of their Gs.
function Slots({ c, s }: { c: PCard; s: Store }) {
  const x0 = c.x + 16,
    y0 = c.y + 168,
    cell = c.cell,
    h = 8,
    head = c.p.head;
  let empty = "";
  for (let r = 0; r < 4; r++)
    for (let k = 0; k < 64; k++)
      empty += `M${(x0 + k * cell).toFixed(1)} ${y0 + r * (h + 1.5)}h${(cell - 1).toFixed(1)}v${h}h-${(cell - 1).toFixed(1)}z`;
  return (
    <>
      <path class="slots" d={empty} />
      {[...c.p.runq].slice(0, 256).map((g, i) => {
        const at = (head + i) % 256;
        return (
          <rect
            key={g}
            x={x0 + (at % 64) * cell}
            y={y0 + Math.floor(at / 64) * (h + 1.5)}
            width={cell - 1}
            height={h}
            fill={css(colorOf(s, g))}
          />
        );
      })}
    </>
  );
}

const cut = (t: string, n: number) => (t.length > n ? "…" + t.slice(t.length - Math.max(3, Math.floor(n)) + 1) : t);

function Chip({ c, m }: { c: MChip; m: Machine }) {
  const g = c.m.g ? m.gs.get(c.m.g) : undefined;
  return (
    <g class={`chip ${c.m.status}`}>
      <rect x={c.x + 0.5} y={c.y + 0.5} width={c.w - 1} height={c.h - 1} rx="18" />
      <text class="name" x={c.x + 14} y={c.y + 23}>
        m{c.m.id}
      </text>
      <text class="tiny start" x={c.x + 44} y={c.y + 22}>
        {statusWord(g ? "native" : c.m.status)}
      </text>
    </g>
  );
}

function HallBox({ h }: { h: Hall }) {
  return (
    <>
      <Frame box={h} title={w(h.what)} count={h.count} />
      {!h.rooms.length && (
        <text class="small muted" x={h.x + 12} y={h.y + 52}>
          {w("nobody")}
        </text>
      )}
      {h.rooms.map((r) => {
        const clickable = r.kind !== ObjSleep && r.kind !== ObjNone;
        const pick = () => {
          if (clickable) selected.value = { obj: r.kind === ObjFd ? -r.obj - 1 : r.obj };
        };
        return (
          <g class={clickable ? "room can" : "room"} onClick={pick}>
            <rect class="roombox" x={r.x - 2} y={r.y} width="100" height="30" rx="7" />
            <text class="small" x={r.x + 6} y={r.y + 19}>
              {cut(r.label, 14)}
            </text>
            {r.hidden > 0 && (
              <text class="more start" x={r.end + 6} y={r.y + 20}>
                +{big(r.hidden)}
              </text>
            )}
            {r.holder > 0 && (
              <text class="more" x={h.x + h.w - 12} y={r.y + 20}>
                {w("heldBy")} g{r.holder}
              </text>
            )}
          </g>
        );
      })}
      {h.hidden > 0 && (
        <text class="more start" x={h.x + 12} y={h.y + h.h - 10}>
          +{big(h.hidden)} {w("more")}
        </text>
      )}
    </>
  );
}

// EventArrow shows who acts on whom in the event that has just happened.
function EventArrow({ e, pic }: { e: Ev; pic: Pic }) {
  const card = (p: number) => pic.ps.find((c) => c.p.id === p);
  const hall = (what: Hall["what"]) => {
    const h = pic.halls.find((x) => x.what === what);
    return h && { x: h.x + 60, y: h.y + 14 };
  };
  const mark = (g: number) => pic.marks.get(g);
  const lane = (p: number) => {
    const c = card(p);
    return c && { x: c.x + c.w / 2, y: c.y + 126 };
  };
  let from: { x: number; y: number } | undefined, to: typeof from;
  switch (e.kind) {
    case KReady:
      to = mark(e.a);
      from = e.c === ByCoroutine ? mark(e.g) : e.c === 1 ? hall("timers") : e.c === 2 ? hall("netpoll") : undefined;
      break;
    case KCreate:
      from = mark(e.g);
      to = mark(e.a);
      break;
    case KSteal:
      from = lane(e.a);
      to = lane(e.p);
      break;
    case KStart:
      return null;
    case KNetpoll:
      from = hall("netpoll");
      to = lane(e.p);
      break;
    case KTimer:
      from = hall("timers");
      to = lane(e.p);
      break;
    case KHandoff:
    case KRetake: {
      const c = card(e.a),
        chip = pic.chips.find((x) => x.m.id === e.b);
      from = c && { x: c.x + c.w / 2, y: c.y + 90 };
      to = chip && { x: chip.x + 30, y: chip.y };
    }
  }
  if (!from || !to) return null;
  const mx = (from.x + to.x) / 2 + (to.y - from.y) * 0.12,
    my = (from.y + to.y) / 2 - (to.x - from.x) * 0.12;
  const turn = (Math.atan2(to.y - my, to.x - mx) * 180) / Math.PI;
  return (
    <g class="eventarrow" key={e.i}>
      <path d={`M${from.x} ${from.y}Q${mx} ${my} ${to.x} ${to.y}`} />
      <path class="tip" d="M-9-4.5L0 0L-9 4.5z" transform={`translate(${to.x} ${to.y}) rotate(${turn}) translate(-15 0)`} />
    </g>
  );
}

function Marks({ s, m, pic, e, choose }: { s: Store; m: Machine; pic: Pic; e: Ev | null; choose?: Pickers }) {
  const sel = selected.value && "g" in selected.value ? selected.value.g : 0;
  const all = [...pic.marks.values()].slice(0, 900).sort((a, b) => a.g - b.g);
  const stop = all.some((x) => x.g === sel) ? sel : all[0]?.g;
  const acts = new Set(e ? [e.g, e.kind === KReady || e.kind === KCreate ? e.a : 0, e.kind === KSteal ? e.c : 0] : []);
  const pick = (g: number) => (choose?.get(g) ?? (() => selectG(g)))();
  const key = (ev: KeyboardEvent) => {
    const at = all.findIndex((x) => x.g === Number((ev.target as SVGElement).dataset.g));
    const to = ev.key === "ArrowRight" || ev.key === "ArrowDown" ? at + 1 : ev.key === "ArrowLeft" || ev.key === "ArrowUp" ? at - 1 : -1;
    if (ev.key === "Enter") pick(all[at].g);
    else if (to < 0 || to >= all.length) return;
    else (ev.currentTarget as SVGElement).querySelector<SVGElement>(`[data-g="${all[to].g}"]`)?.focus();
    ev.preventDefault();
    ev.stopPropagation();
  };
  return (
    <g class="marks" onKeyDown={key}>
      {all.map((k) => (
        <MarkView
          key={k.g}
          k={k}
          s={s}
          m={m}
          sel={k.g === sel}
          hot={acts.has(k.g)}
          stop={k.g === stop}
          option={choose?.has(k.g) ?? false}
          pick={() => pick(k.g)}
          born={e?.kind === KCreate && e.a === k.g ? pic.marks.get(e.g) : undefined}
        />
      ))}
    </g>
  );
}

interface MarkProps {
  k: Mark;
  s: Store;
  m: Machine;
  sel: boolean;
  hot: boolean;
  stop: boolean;
  option: boolean; // it can be chosen to go on
  pick: () => void;
  born?: Mark;
}

function MarkView({ k, s, m, sel, hot, stop, option, pick, born }: MarkProps) {
  const el = useRef<SVGGElement>(null);
  const to = `translate(${k.x}px, ${k.y}px) scale(${k.r / 20})`;
  useLayoutEffect(() => {
    el.current!.style.transform = to;
  }, [to]);
  useLayoutEffect(() => {
    // a new G comes out of its creator
    if (!born || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const from = `translate(${born.x}px, ${born.y}px) scale(0.2)`;
    el.current!.animate(
      [
        { transform: from, opacity: 0.3 },
        { transform: to, opacity: 1 },
      ],
      { duration: 320, easing: "ease-out" },
    );
  }, []);
  const g = m.gs.get(k.g),
    label = `g${k.g}`;
  const size = label.length <= 3 ? 17 : label.length === 4 ? 14.5 : label.length === 5 ? 12 : 10;
  return (
    <g
      ref={el}
      data-g={k.g}
      class={`mark ${sel ? "sel" : ""} ${hot ? "hot" : ""} ${k.dead ? "dead" : ""} ${option ? "option" : ""}`}
      role="button"
      tabindex={stop ? 0 : -1}
      aria-label={`g${k.g} ${s.gFunc(k.g)}, ${statusOf(g)}${option ? `: ${w("letGoOn")}` : ""}`}
      aria-pressed={sel}
      onClick={pick}
    >
      <circle class="halo" r="25" />
      <circle class="body" r="20" fill={css(colorOf(s, k.g))} />
      <text style={{ fontSize: `${size}px` }}>{label}</text>
      <title>{option ? w("letGoOn") : `g${k.g} ${s.gFunc(k.g)}`}</title>
    </g>
  );
}

export const statusOf = (g: { status: number } | undefined): string =>
  !g
    ? w("dead")
    : g.status === Running
      ? w("running")
      : g.status === Waiting
        ? w("parked")
        : g.status === Native
          ? w("native")
          : w("runnable");
