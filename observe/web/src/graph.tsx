// Who waits for whom: coroutines and objects, and the cycles among them.

import { colorOf, css, theme } from "./color.ts";
import { say, type T } from "./i18n.ts";
import { selectG, selected, store, version } from "./state.ts";

interface Node {
  id: string;
  label: string;
  kind: "g" | "object";
}
interface Edge {
  from: string;
  to: string;
  label: T;
  kind: "waits" | "holds";
}
export interface GraphData {
  nodes: Node[];
  edges: Edge[];
  cycles?: string[][];
}

interface Placed extends Node {
  x: number;
  y: number;
  w: number;
}

const rowH = 62,
  colW = 230,
  maxNodes = 60;

// place sets cycles in rings of their own, and the rest in columns: those who
// wait to the left of what they wait for.
function place(g: GraphData): { nodes: Map<string, Placed>; w: number; h: number } {
  const nodes = new Map<string, Placed>(),
    by = new Map(g.nodes.map((n) => [n.id, n]));
  const width = (n: Node) => Math.min(200, 26 + n.label.length * 7);
  const put = (n: Node, x: number, y: number) => nodes.set(n.id, { ...n, x, y, w: width(n) });
  let top = 0,
    right = 0;
  for (const cycle of g.cycles ?? []) {
    const mine = cycle.filter((id) => by.has(id) && !nodes.has(id)),
      r = Math.max(70, mine.length * 26);
    mine.forEach((id, i) => {
      const a = (i / mine.length) * 2 * Math.PI - Math.PI / 2;
      put(by.get(id)!, r * 1.5 + 110 + Math.cos(a) * r * 1.5, top + r + 30 + Math.sin(a) * r);
    });
    if (mine.length) {
      top += 2 * r + 70;
      right = Math.max(right, r * 3 + 220);
    }
  }
  const rest = g.nodes.filter((n) => !nodes.has(n.id)).slice(0, maxNodes),
    depth = new Map<string, number>();
  const deep = (id: string, seen: Set<string>): number => {
    const known = depth.get(id);
    if (known !== undefined || seen.has(id)) return known ?? 0;
    seen.add(id);
    const next = g.edges.filter((e) => e.from === id && by.has(e.to));
    const d = next.length ? 1 + Math.max(...next.map((e) => deep(e.to, seen))) : 0;
    depth.set(id, d);
    return d;
  };
  const most = Math.max(0, ...rest.map((n) => deep(n.id, new Set()))),
    filled: number[] = [];
  for (const n of rest) {
    const col = most - deep(n.id, new Set());
    filled[col] = (filled[col] ?? 0) + 1;
    put(n, 110 + col * colW, top + filled[col] * rowH - 24);
  }
  const rows = Math.max(0, ...filled.filter(Boolean));
  return { nodes, w: Math.max(right, rest.length ? (most + 1) * colW : 0), h: top + rows * rowH + 16 };
}

export function Graph({ graph }: { graph: GraphData }) {
  theme.value;
  version.value;
  const { nodes, w, h } = place(graph),
    bad = new Set((graph.cycles ?? []).flat());
  return (
    <div class="scroll">
      <svg
        class="graph"
        viewBox={`0 0 ${w} ${h}`}
        width={w}
        height={h}
        role="img"
        aria-label={graph.edges.map((e) => `${e.from} ${say(e.label)} ${e.to}`).join("; ")}
      >
        {graph.edges.map((e) => (
          <EdgeView e={e} nodes={nodes} bad={bad.has(e.from) && bad.has(e.to)} />
        ))}
        {[...nodes.values()].map((n) => (
          <NodeView n={n} bad={bad.has(n.id)} />
        ))}
      </svg>
    </div>
  );
}

function EdgeView({ e, nodes, bad }: { e: Edge; nodes: Map<string, Placed>; bad: boolean }) {
  const a = nodes.get(e.from),
    b = nodes.get(e.to);
  if (!a || !b) return null;
  const dx = b.x - a.x,
    dy = b.y - a.y,
    len = Math.hypot(dx, dy) || 1;
  const edge = (n: Placed) => Math.min(n.w / 2 / Math.max(0.01, Math.abs(dx) / len), 17 / Math.max(0.01, Math.abs(dy) / len)) + 2;
  const x0 = a.x + (dx / len) * edge(a),
    y0 = a.y + (dy / len) * edge(a),
    x1 = b.x - (dx / len) * edge(b),
    y1 = b.y - (dy / len) * edge(b);
  const turn = (Math.atan2(dy, dx) * 180) / Math.PI;
  return (
    <g class={`edge ${e.kind} ${bad ? "bad" : ""}`}>
      <path d={`M${x0} ${y0}L${x1} ${y1}`} />
      <path class="tip" d="M-9-4.5L0 0L-9 4.5z" transform={`translate(${x1} ${y1}) rotate(${turn})`} />
      <text x={(x0 + x1) / 2} y={(y0 + y1) / 2 - 5}>
        {say(e.label)}
      </text>
    </g>
  );
}

function NodeView({ n, bad }: { n: Placed; bad: boolean }) {
  const s = store.value,
    g = n.kind === "g" ? Number(n.id.slice(1)) : 0;
  const pick = () => {
    if (g) selectG(g);
    else selected.value = { obj: Number(n.id) };
  };
  return (
    <g class={`node ${n.kind} ${bad ? "bad" : ""}`} transform={`translate(${n.x} ${n.y})`} onClick={pick}>
      <rect x={-n.w / 2} y="-16" width={n.w} height="32" rx={g ? 16 : 6} fill={g && s ? css(colorOf(s, g)) : undefined} />
      <text>{n.label.length > 26 ? n.label.slice(0, 25) + "…" : n.label}</text>
    </g>
  );
}
