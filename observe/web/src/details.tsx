// What is known of the selected coroutine or object.

import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { ByCoroutine, KCreate, KPark, KReady, KStart, ObjAddr, ObjFd } from "./kinds.ts";
import { colorOf, css } from "./color.ts";
import { big, goDuration, short, stamp } from "./format.ts";
import { lang, w } from "./i18n.ts";
import { Icon } from "./icons.tsx";
import { Native, Runnable, Running, Waiting } from "./machine.ts";
import { narrate, where } from "./narrate.ts";
import { statusOf } from "./machineview.tsx";
import { place, type Site } from "./own.ts";
import { get } from "./source.ts";
import { cursor, following, moveTo, recording, selectG, selected, store, version } from "./state.ts";
import type { Store } from "./store.ts";
import { after } from "./timeline.ts";
import { isLive } from "./transport.tsx";

export function Details() {
  const s = store.value,
    sel = selected.value;
  version.value;
  return (
    <aside class="details" aria-label={sel && "obj" in sel ? w("object") : w("life")}>
      {!s || !sel ? <p class="muted">{w("clickG")}</p> : "g" in sel ? <Life s={s} g={sel.g} /> : <ObjectLife s={s} id={sel.obj} />}
    </aside>
  );
}

export function GLink({ g, s }: { g: number; s?: Store | null }) {
  if (!g) return <span class="g">g0</span>;
  return (
    <button class="g" onClick={() => selectG(g)} title={s ? s.gFunc(g) : ""}>
      <i style={{ background: s ? css(colorOf(s, g)) : "" }} />g{g}
    </button>
  );
}

interface Wait {
  reason: string;
  kind: number;
  obj: number;
  name: string;
  n: number;
  ns: number;
  max: number;
}
interface Sums {
  ran: number;
  runnable: number;
  native: number;
  parked: number;
  waits: Wait[];
  starts: number;
  longest: number;
}

// sums adds up the life of g until event at.
function sums(s: Store, g: number, at: number): Sums {
  const out: Sums = { ran: 0, runnable: 0, native: 0, parked: 0, waits: [], starts: 0, longest: 0 };
  const by = new Map<string, Wait>(),
    life = s.life(g);
  for (let k = 0; k < life.n; k++) {
    const e = s.event(life.event[k]);
    if (e.i > at) break;
    const next = k + 1 < life.n && life.event[k + 1] <= at ? life.time[k + 1] : s.has(at) ? s.time(at) : s.last;
    const d = next - e.time;
    switch (after(e.kind, e.a)) {
      case Running:
        out.ran += d;
        out.longest = Math.max(out.longest, d);
        break;
      case Runnable:
        out.runnable += d;
        break;
      case Native:
        out.native += d;
        break;
      case Waiting: {
        out.parked += d;
        const kind = s.objKind(e.sub, e.a),
          reason = s.tables.reasons[e.sub] ?? "";
        const name = kind === ObjFd || kind === ObjAddr ? s.waitName(e.sub, e.a, short) : "",
          key = reason + name;
        const was = by.get(key) ?? { reason, kind, obj: e.a, name, n: 0, ns: 0, max: 0 };
        was.n++;
        was.ns += d;
        was.max = Math.max(was.max, d);
        by.set(key, was);
      }
    }
    if (e.kind === KStart) out.starts++;
  }
  out.waits = [...by.values()].sort((a, b) => b.ns - a.ns);
  return out;
}

function Head({ title, sub }: { title: preact.ComponentChildren; sub: string }) {
  return (
    <header>
      <h2>{title}</h2>
      <button
        class="quiet"
        aria-label={w("close")}
        title={w("close")}
        onClick={() => {
          selected.value = null;
        }}
      >
        <Icon name="close" />
      </button>
      {sub && <p class="mono">{sub}</p>}
    </header>
  );
}

function Life({ s, g }: { s: Store; g: number }) {
  const at = cursor.value,
    info = s.info.get(g),
    m = s.at(at),
    st = m.gs.get(g);
  const t = sums(s, g, at),
    sym = info && s.syms.get(info.site),
    all = t.ran + t.runnable + t.native + t.parked || 1;
  const parts: [string, number, string][] = [
    [w("ran"), t.ran, "ran"],
    [w("waitedRunnable"), t.runnable, "runnable"],
    [w("wasParked"), t.parked, "parked"],
    [w("inNative"), t.native, "native"],
  ];
  return (
    <>
      <Head
        title={
          <>
            {w("life")} <i class="dot" style={{ background: css(colorOf(s, g)) }} />g{g}
          </>
        }
        sub={s.gFunc(g)}
      />
      <p>
        <span class={`state s${st?.status ?? 0}`}>{statusOf(st)}</span>
        {st?.status === Waiting && ` ${s.tables.reasons[st.reason]} ${s.waitName(st.reason, st.obj, goDuration)}`}
        {st?.holder ? (
          <>
            , {w("heldBy")} <GLink g={st.holder} s={s} />
          </>
        ) : null}
      </p>
      {st?.status === Waiting && isLive() && following.value && <Stands key={`${g} ${st.since}`} g={g} />}
      {info && (
        <p class="created">
          {w("created")} {stamp(info.created)} {w("createdBy")} <GLink g={info.parent} s={s} />
          {sym && (
            <span class="mono site" title={`${sym.func} ${sym.file}:${sym.line}`}>
              {s.pos(info.site)}
            </span>
          )}
        </p>
      )}
      {info?.stack && (
        <p class="muted">
          {w("stack")}{" "}
          <span class="mono">
            0x{info.stack[0].toString(16)} – 0x{info.stack[1].toString(16)}
          </span>
          {info.ret ? (
            <>
              , {w("returnsInto")} <span class="mono">{s.func(info.ret)}</span>
            </>
          ) : null}
        </p>
      )}
      <div class="bar" aria-hidden="true">
        {parts.map(([, ns, c]) => ns > 0 && <i class={c} style={{ flexGrow: ns / all }} />)}
      </div>
      <dl>
        {parts.map(([name, ns, c]) => (
          <div>
            <dt>
              <i class={`key ${c}`} />
              {name}
            </dt>
            <dd>{short(ns)}</dd>
          </div>
        ))}
        <div>
          <dt>execute</dt>
          <dd>
            {big(t.starts)}×, {w("longest")} {short(t.longest)}
          </dd>
        </div>
      </dl>
      {t.waits.length > 0 && <Waits all={t.waits} />}
      <Events s={s} g={g} at={at} />
    </>
  );
}

interface Stack {
  parked: boolean;
  calls: Site[];
}

// Stands asks the live program where g, which is parked, stands in its source.
function Stands({ g }: { g: number }) {
  const stack = useSignal<Stack | null>(null);
  useEffect(() => {
    get<Stack>(`api/stack?id=${encodeURIComponent(recording.value)}&g=${g}`).then(
      (x) => {
        stack.value = x;
      },
      () => {}, // the program runs in another process, or has ended
    );
  }, []);
  if (!stack.value?.parked) return null;
  return (
    <div class="stands">
      {w("standsAt")}
      <ol>
        {stack.value.calls.map((c) => (
          <li class="mono" title={c.file}>
            {c.func} <span class="site">{place(c)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Waits({ all }: { all: Wait[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>{w("waitsFor")}</th>
          <th>{w("times")}</th>
          <th>{w("inAll")}</th>
          <th>{w("longest")}</th>
        </tr>
      </thead>
      <tbody>
        {all.slice(0, 12).map((x) => (
          <tr>
            <td>
              {x.reason}{" "}
              {x.name && (
                <button
                  class="obj"
                  onClick={() => {
                    selected.value = { obj: x.kind === ObjFd ? -x.obj - 1 : x.obj };
                  }}
                >
                  {x.name}
                </button>
              )}
            </td>
            <td>{big(x.n)}</td>
            <td>{short(x.ns)}</td>
            <td>{short(x.max)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const shownEvents = 60;

function Events({ s, g, at }: { s: Store; g: number; at: number }) {
  const life = s.life(g),
    here = life.find(s.has(at) ? s.time(at) : s.first);
  const from = Math.max(0, Math.min(here - shownEvents / 2, life.n - shownEvents));
  return (
    <>
      <h3>{w("lastEvents")}</h3>
      <EventList s={s} all={life.event.slice(from, from + shownEvents)} />
    </>
  );
}

interface ListProps {
  s: Store;
  all: number[];
  at?: number;
  mark?: number;
  pick?: boolean;
}

// EventList is a list of events, each of which leads to its moment. mark is one
// that stands out.
export function EventList({ s, all, at = cursor.value, mark, pick = true }: ListProps) {
  return (
    <ol class="events">
      {all.map((i) => {
        const e = s.event(i),
          here = i === at;
        return (
          <li key={i}>
            <button
              class={`${here ? "here" : ""} ${e.quiet ? "quietly" : ""} ${i === mark ? "marked" : ""}`}
              aria-current={here ? "step" : undefined}
              disabled={!pick}
              onClick={() => {
                following.value = false;
                moveTo(i);
              }}
            >
              <time>{stamp(e.time)}</time> <b>{where(e)}</b> {narrate(s, e, lang.value)}
            </button>
          </li>
        );
      })}
    </ol>
  );
}

// --- objects. An fd is -fd-1, anything else its address.

interface ObjectSums {
  now: number[];
  holder: number;
  holderKnown: boolean;
  by: Map<number, { n: number; ns: number }>;
  reasons: Set<string>;
}

function objectSums(s: Store, id: number, at: number): ObjectSums {
  const out: ObjectSums = { now: [], holder: 0, holderKnown: false, by: new Map(), reasons: new Set() };
  const mine = (reason: number, obj: number) => {
    const k = s.objKind(reason, obj);
    return k === ObjFd ? id === -obj - 1 : k === ObjAddr && id === obj;
  };
  const since = new Map<number, number>();
  s.scan(s.dropped, at + 1, (c, i) => {
    if (c.kind[i] === KPark && mine(c.sub[i], c.a[i])) {
      since.set(c.g[i], c.time[i]);
      out.reasons.add(s.tables.reasons[c.sub[i]] ?? "");
      if (c.c[i]) {
        out.holder = c.c[i];
        out.holderKnown = true;
      }
    }
    if (c.kind[i] === KReady && since.has(c.a[i])) {
      const was = out.by.get(c.a[i]) ?? { n: 0, ns: 0 };
      was.n++;
      was.ns += c.time[i] - since.get(c.a[i])!;
      out.by.set(c.a[i], was);
      since.delete(c.a[i]);
      if (c.c[i] === ByCoroutine && out.holderKnown) out.holder = c.a[i]; // the one that was woken has it next
    }
    if (c.kind[i] === KCreate) since.delete(c.a[i]);
  });
  out.now = [...since.keys()];
  return out;
}

function ObjectLife({ s, id }: { s: Store; id: number }) {
  const o = objectSums(s, id, cursor.value),
    name = id < 0 ? `fd ${-id - 1}` : s.objectName(id);
  const past = [...o.by].sort((a, b) => b[1].ns - a[1].ns);
  return (
    <>
      <Head
        title={
          <>
            {w("object")} {name}
          </>
        }
        sub={id < 0 ? "" : "0x" + id.toString(16)}
      />
      <p>{[...o.reasons].join(", ")}</p>
      {o.holderKnown && (
        <p>
          {w("heldBy")} <GLink g={o.holder} s={s} />
        </p>
      )}
      <h3>{w("waiters")}</h3>
      <p class="gs">{o.now.length ? o.now.slice(0, 200).map((g) => <GLink g={g} s={s} />) : w("nobody")}</p>
      {past.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>{w("whoWaited")}</th>
              <th>{w("times")}</th>
              <th>{w("inAll")}</th>
            </tr>
          </thead>
          <tbody>
            {past.slice(0, 30).map(([g, x]) => (
              <tr>
                <td>
                  <GLink g={g} s={s} />
                </td>
                <td>{big(x.n)}</td>
                <td>{short(x.ns)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
