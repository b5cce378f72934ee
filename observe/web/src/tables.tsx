// The runtime's tables: sched, allp, allm, allgs, netpoll.

import { big, short } from "./format.ts";
import { w } from "./i18n.ts";
import { GLink } from "./details.tsx";
import { statusOf } from "./machineview.tsx";
import { cursor, store, version } from "./state.ts";

export function TablesView() {
  const s = store.value;
  version.value;
  if (!s) return <></>;
  const m = s.at(cursor.value), none = "–";
  const queue = (all: Iterable<number>, n: number) => <>{n} {[...all].slice(0, 12).map((g) => <GLink g={g} s={s} />)}{n > 12 && "…"}</>;
  const gs = [...m.gs.values()].slice(0, 400);
  const idleP = m.ps.filter((p) => p.idle && !p.gone).map((p) => `p${p.id}`), idleM = m.ms.filter((x) => x.status === "stopped").map((x) => `m${x.id}`);
  return (
    <div class="page tables">
      <p class="muted">{w("fromEvents")}</p>
      <h2>sched</h2>
      <dl class="wide">
        <div><dt>{w("step")}</dt><dd>{s.tables.steps[m.step] ?? none}</dd></div>
        <div><dt>runq</dt><dd>{queue(m.global, m.global.size)}</dd></div>
        <div><dt>pidle</dt><dd>{idleP.join(" ") || none}</dd></div>
        <div><dt>midle</dt><dd>{idleM.join(" ") || none}</dd></div>
        <div><dt>gFree</dt><dd>{big(m.free)}</dd></div>
        <div><dt>m0</dt><dd>m0</dd></div>
      </dl>
      <h2>allp</h2>
      <table>
        <thead><tr><th>p</th><th>m</th><th>{w("state")}</th><th>schedtick</th><th>runnext</th><th>runq</th></tr></thead>
        <tbody>{m.ps.filter((p) => !p.gone).map((p) => (
          <tr><td>p{p.id}</td><td>{p.m >= 0 ? `m${p.m}` : none}</td><td>{p.idle ? "idle" : p.g ? w("running") : w("scheduling")}</td>
            <td>{big(p.ticks)}</td><td>{p.next ? <GLink g={p.next} s={s} /> : none}</td><td>{queue(p.runq, p.runq.size)}</td></tr>
        ))}</tbody>
      </table>
      <h2>allm</h2>
      <table>
        <thead><tr><th>m</th><th>p</th><th>curg</th><th>g0</th><th>{w("state")}</th></tr></thead>
        <tbody>{m.ms.map((x) => (
          <tr><td>m{x.id}</td><td>{x.p >= 0 ? `p${x.p}` : none}</td><td>{x.g ? <GLink g={x.g} s={s} /> : "g0"}</td><td class="mono">{s.mAddr.get(x.id) ? `0x${s.mAddr.get(x.id)!.g0.toString(16)}` : none}</td>
            <td>{w(({ running: "running", native: "native", g0: "scheduling", polls: "polls", spinning: "spinning", stopped: "stopped" } as const)[x.status])}</td></tr>
        ))}</tbody>
      </table>
      <h2>allgs <small>{big(m.gs.size)}</small></h2>
      <table>
        <thead><tr><th>g</th><th>{w("entry")}</th><th>{w("state")}</th><th>{w("waitsFor")}</th><th>{w("times")}</th></tr></thead>
        <tbody>{gs.map((g) => (
          <tr><td><GLink g={g.id} s={s} /></td><td class="mono">{s.gFunc(g.id)}</td><td>{statusOf(g)}</td>
            <td>{g.reason ? `${s.tables.reasons[g.reason]} ${s.waitName(g.reason, g.obj, short)}` : ""}</td><td>{short(m.now - g.since)}</td></tr>
        ))}</tbody>
      </table>
      {m.gs.size > gs.length && <p class="muted">+{big(m.gs.size - gs.length)} {w("more")}</p>}
    </div>
  );
}
