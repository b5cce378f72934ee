// The runtime's tables: sched, allp, allm, allgs, netpoll. Of a live program
// that is being followed they are its own variables, asked for every second;
// otherwise they are put together from the events, at the moment shown.

import { signal } from "@preact/signals";
import { GLink } from "./details.tsx";
import { big, short, stamp } from "./format.ts";
import { w } from "./i18n.ts";
import { statusOf } from "./machineview.tsx";
import type { Machine } from "./machine.ts";
import { Icon } from "./icons.tsx";
import { place, useTables, type State } from "./own.ts";
import { post } from "./source.ts";
import { controlToken, cursor, following, meta, store, version } from "./state.ts";
import type { Store } from "./store.ts";

export function TablesView() {
  const s = store.value,
    own = useTables();
  version.value;
  if (!s) return <></>;
  const st = own ?? rebuilt(s, s.at(cursor.value));
  return (
    <div class="page tables">
      <p class="muted">
        {w(own ? "fromTables" : "fromEvents")}
        {own && !following.value ? ` ${w("now")}.` : ""}
      </p>
      {own && <Controls procs={own.allp.length} />}
      <Tables st={st} s={s} />
    </div>
  );
}

// Controls change the running program: how many Ps it has, and whether it is
// recorded.
function Controls({ procs }: { procs: number }) {
  const can = meta.value?.controls ?? [],
    on = recorded.value,
    failed = refused.value;
  if (!controlToken() || !can.length) return null;
  const set = (body: { procs?: number; recording?: boolean }) => {
    refused.value = "";
    post<{ recording: boolean }>("api/control", body).then(
      (x) => {
        recorded.value = x.recording;
      },
      (e) => {
        refused.value = e.message;
      },
    );
  };
  return (
    <div class="runner" role="group" aria-label={w("controls")}>
      {can.includes("procs") && (
        <>
          {w("procs")}{" "}
          <button class="quiet" aria-label={`${w("procs")} −`} disabled={procs < 2} onClick={() => set({ procs: procs - 1 })}>
            <Icon name="minus" />
          </button>
          <b>{procs}</b>
          <button class="quiet" aria-label={`${w("procs")} +`} onClick={() => set({ procs: procs + 1 })}>
            <Icon name="plus" />
          </button>
        </>
      )}
      {can.includes("recording") && (
        <label class="check">
          <input type="checkbox" checked={on} onChange={() => set({ recording: !on })} />
          {w("recordOn")}
        </label>
      )}
      {!on && <span class="warn">{w("paused")}</span>}
      {failed && <span class="warn">{failed}</span>}
    </div>
  );
}

const recorded = signal(true);
const refused = signal("");

const words = { running: "running", native: "native", g0: "scheduling", polls: "polls", spinning: "spinning", stopped: "stopped" } as const;
const shownGs = 400;

// rebuilt puts the tables together from events.
function rebuilt(s: Store, m: Machine): State {
  const ps = m.ps.filter((p) => !p.gone);
  const fds = new Map([...m.fds].map((fd) => [fd, { fd, readers: [] as number[], writers: [] as number[] }]));
  for (const g of m.gs.values()) {
    const at = fds.get(g.obj),
      why = s.tables.reasons[g.reason] ?? "";
    if (at && why.startsWith("IO ")) (why === "IO write" ? at.writers : at.readers).push(g.id);
  }
  return {
    t: m.now,
    source: "events",
    sched: {
      runq: [...m.global].slice(0, 20),
      runqsize: m.global.size,
      midle: m.ms.filter((x) => x.status === "stopped").map((x) => x.id),
      pidle: ps.filter((p) => p.idle).map((p) => p.id),
      gfree: m.free,
      step: s.tables.steps[m.step] ?? "",
    },
    allm: m.ms.map((x) => ({ id: x.id, p: x.p >= 0 ? x.p : null, g: x.g, state: w(words[x.status]), g0: hex(s.mAddr.get(x.id)?.g0) })),
    allp: ps.map((p) => ({
      id: p.id,
      m: p.m >= 0 ? p.m : null,
      status: p.idle ? "idle" : p.g ? w("running") : w("scheduling"),
      g: p.g,
      runnext: p.next,
      runq: [...p.runq].slice(0, 20),
      runqsize: p.runq.size,
      schedtick: p.ticks,
    })),
    allgs: [...m.gs.values()]
      .slice(0, shownGs)
      .map((g) => ({
        id: g.id,
        status: statusOf(g),
        entry: s.gFunc(g.id),
        reason: s.tables.reasons[g.reason] ?? "",
        object: { name: s.waitName(g.reason, g.obj, short) },
        holder: g.holder,
        since: g.since,
      })),
    more: Math.max(0, m.gs.size - shownGs),
    netpoll: [...fds.values()],
  };
}

const hex = (x?: number) => (x ? "0x" + x.toString(16) : undefined);
const none = "–";
const known = (n?: number) => (n === undefined || n < 0 ? none : big(n));

function Tables({ st, s }: { st: State; s: Store }) {
  const gs = (all: number[], n = all.length) => (
    <>
      {n > 0 && `${n} `}
      {all.slice(0, 12).map((g) => (
        <GLink g={g} s={s} />
      ))}
      {n > 12 && "…"}
      {!n && none}
    </>
  );
  const list = (all: number[], letter: string) => all.map((x) => letter + x).join(" ") || none;
  const registered = st.source === "tables"; // the runtime's own, which know more than events tell
  const sc = st.sched,
    rows: [string, preact.ComponentChildren][] = [
      [w("step"), sc.step],
      ["m0", "m0"],
      ["runq", gs(sc.runq, sc.runqsize)],
      ["pidle", list(sc.pidle, "p")],
      ["midle", list(sc.midle, "m")],
      ["nmspinning", sc.nmspinning],
      ["gFree", sc.gfree],
      ["stkfree", sc.stkfree],
      ["stacks", sc.stacks],
    ];
  return (
    <>
      <h2>sched</h2>
      <dl class="wide">
        {rows
          .filter(([, v]) => v !== undefined)
          .map(([k, v]) => (
            <div>
              <dt>{k}</dt>
              <dd>{v}</dd>
            </div>
          ))}
      </dl>
      <h2>allp</h2>
      <table>
        <thead>
          <tr>
            <th>p</th>
            <th>m</th>
            <th>{w("state")}</th>
            <th>curg</th>
            <th>runnext</th>
            <th>runq</th>
            <th>schedtick</th>
            {registered && (
              <>
                <th>{w("timersArmed")}</th>
                <th>gfree</th>
                <th>stkfree</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {st.allp.map((p) => (
            <tr>
              <td>p{p.id}</td>
              <td>{p.m === null ? none : `m${p.m}`}</td>
              <td>{p.status}</td>
              <td>{p.g ? <GLink g={p.g} s={s} /> : none}</td>
              <td>{p.runnext ? <GLink g={p.runnext} s={s} /> : none}</td>
              <td>{gs(p.runq ?? [], p.runqsize)}</td>
              <td>{p.schedtick === undefined ? none : big(p.schedtick)}</td>
              {registered && (
                <>
                  <td>
                    {big(p.timers ?? 0)}
                    {p.next_timer ? ` (${stamp(p.next_timer)})` : ""}
                  </td>
                  <td>{known(p.gfree)}</td>
                  <td>{known(p.stkfree)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <h2>allm</h2>
      <table>
        <thead>
          <tr>
            <th>m</th>
            <th>p</th>
            <th>curg</th>
            <th>{w("state")}</th>
            <th>g0</th>
          </tr>
        </thead>
        <tbody>
          {st.allm.map((x) => (
            <tr>
              <td>m{x.id}</td>
              <td>{x.p === null ? none : `p${x.p}`}</td>
              <td>{x.g ? <GLink g={x.g} s={s} /> : none}</td>
              <td>{x.state}</td>
              <td class="mono">{x.g0 ?? none}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2>
        allgs <small>{big(st.allgs.length + st.more)}</small>
      </h2>
      <table>
        <thead>
          <tr>
            <th>g</th>
            <th>{w("entry")}</th>
            <th>{w("state")}</th>
            <th>{w("waitsFor")}</th>
            <th>{w("standsAt")}</th>
            <th>{w("heldBy")}</th>
            <th>{w("for")}</th>
          </tr>
        </thead>
        <tbody>
          {st.allgs.slice(0, shownGs).map((g) => (
            <tr>
              <td>
                <GLink g={g.id} s={s} />
              </td>
              <td class="mono">{g.entry}</td>
              <td>{g.status}</td>
              <td>
                {g.reason} {g.object?.name}
              </td>
              <td class="mono" title={g.at?.func}>
                {place(g.at)}
              </td>
              <td>{g.holder ? <GLink g={g.holder} s={s} /> : ""}</td>
              <td>{short(Math.max(0, st.t - g.since))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {st.more > 0 && (
        <p class="muted">
          +{big(st.more)} {w("more")}
        </p>
      )}
      <h2>
        netpoll <small>{big(st.netpoll.length)}</small>
      </h2>
      <table>
        <thead>
          <tr>
            <th>fd</th>
            <th>{w("readers")}</th>
            <th>{w("writers")}</th>
            {registered && (
              <>
                <th>{w("slot")}</th>
                <th>{w("deadlines")}</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {st.netpoll.slice(0, shownGs).map((x) => (
            <tr>
              <td>{x.fd}</td>
              <td>
                {gs(x.readers ?? [])}
                {x.outside ? ` +${x.outside}` : ""}
              </td>
              <td>{gs(x.writers ?? [])}</td>
              {registered && (
                <>
                  <td>
                    {x.slot} / {x.gen ?? 0}
                  </td>
                  <td>{(x.deadline ?? []).map((t) => (t ? stamp(t) : none)).join(", ")}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
