// Choosing who goes on: the decisions of a schedule that weft test has run, who
// could go on at each, and what comes of choosing another. Each choice runs the
// test again and makes one more recording, whose parent is the one it was made in.

import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { colorOf, css } from "./color.ts";
import { lang, w } from "./i18n.ts";
import { get, open, post } from "./source.ts";
import { controlToken, cursor, meta, moveTo, recording, store, type Meta, type Recording } from "./state.ts";

interface Option {
  g: number; // 0: time passes
  state: "new" | "point" | "ready" | "time";
  stays: boolean;
  does: string;
  place: string;
  source: string;
  std: boolean;
}
interface Decision {
  step: number;
  i: number; // its event
  taken: number;
  options: Option[];
}
interface Choices {
  decisions: Decision[];
  report: string;
  fixed: string;
}

const known = signal<{ id: string; c: Choices } | null>(null);
const busy = signal(false);
const failed = signal("");
const keep = signal(false); // later choices of the schedule are kept where they can be

// at returns the number of the decision that the cursor stands at or behind.
const at = (all: Decision[]): number =>
  Math.max(
    0,
    all.findLastIndex((d) => d.i <= cursor.value),
  );

const mayChoose = () => controlToken() !== "" && (meta.value?.controls.includes("choose") ?? false);

async function choose(step: number, pick: number): Promise<void> {
  if (busy.value) return;
  busy.value = true;
  failed.value = "";
  try {
    const q = new URLSearchParams({ id: recording.value, step: String(step), pick: String(pick), then: keep.value ? "same" : "default" });
    const made = await post<Recording>(`api/choose?${q}`);
    meta.value = await get<Meta>("api/meta");
    await open(made.id, { e: known.value?.c.decisions.find((d) => d.step === step)?.i });
  } catch (e) {
    failed.value = (e as Error).message;
  }
  busy.value = false;
}

// pickers returns for each G that can be chosen at the cursor what chooses it.
export function pickers(): Map<number, () => void> | undefined {
  const all = known.value?.id === recording.value ? known.value.c.decisions : [],
    d = all[at(all)];
  if (!d || d.i !== cursor.value || known.value!.c.fixed || !mayChoose()) return undefined;
  return new Map(d.options.flatMap((o, k) => (o.g && k !== d.taken ? [[o.g, () => void choose(d.step, k)] as const] : [])));
}

export function ChoicesPanel({ r }: { r: Recording }) {
  useEffect(() => {
    get<Choices>(`api/choices?id=${encodeURIComponent(r.id)}`).then(
      (c) => {
        if (recording.value === r.id) known.value = { id: r.id, c };
      },
      (e: Error) => {
        failed.value = e.message;
      },
    );
  }, [r.id]);
  const c = known.value?.id === r.id ? known.value.c : null;
  return (
    <section class="choices" aria-label={w("choices")} aria-busy={busy.value}>
      <Path r={r} />
      <p role="status" class={r.failed ? "outcome warn" : "outcome"} data-failed={r.failed ?? ""}>
        {r.failed ? `${w("failsWith")} ${r.failed}` : w("passesHere")}
      </p>
      {c?.report && (
        <details open={!!r.failed}>
          <summary>{w("report")}</summary>
          <pre>{c.report}</pre>
        </details>
      )}
      {failed.value && <p class="warn">{failed.value}</p>}
      {c && c.decisions.length > 0 && <DecisionView c={c} />}
      {c && !c.decisions.length && <p>{w("noDecisions")}</p>}
    </section>
  );
}

// Path leads from the schedule that weft test began with to this one.
function Path({ r }: { r: Recording }) {
  const all = meta.value?.recordings ?? [],
    path: Recording[] = [];
  for (let x: Recording | undefined = r; x && path.length < 100; x = all.find((y) => y.id === x!.parent)) path.unshift(x);
  const back = path.at(-2);
  return (
    <nav class="path" aria-label={w("chosen")}>
      {path.map((x) => (
        <button class="quiet" aria-current={x === r ? "step" : undefined} onClick={() => open(x.id)}>
          {x.name}
        </button>
      ))}
      {back && (
        <button
          class="quiet"
          data-act="undo"
          onClick={() => open(back.id, { e: known.value?.c.decisions.find((d) => d.step === r.step)?.i })}
        >
          {w("undo")}
        </button>
      )}
    </nav>
  );
}

function DecisionView({ c }: { c: Choices }) {
  const k = at(c.decisions),
    d = c.decisions[k],
    may = mayChoose() && !c.fixed && !busy.value;
  return (
    <>
      <h2>
        {w("decision")} {d.step}{" "}
        <span class="muted">
          ({k + 1} {w("of")} {c.decisions.length})
        </span>{" "}
        <button class="quiet" disabled={k === 0} onClick={() => moveTo(c.decisions[k - 1].i)}>
          {w("previous")}
        </button>
        <button class="quiet" disabled={k === c.decisions.length - 1} onClick={() => moveTo(c.decisions[k + 1].i)}>
          {w("next")}
        </button>
      </h2>
      {c.fixed ? <p class="muted">{c.fixed}</p> : <p class="muted">{w(mayChoose() ? "chooseHelp" : "noControl")}</p>}
      <ol class="options" start={0}>
        {d.options.map((o, n) => (
          <li>
            <button aria-pressed={n === d.taken} disabled={!may || n === d.taken} onClick={() => choose(d.step, n)}>
              <OptionText o={o} />
              {n === d.taken && <b> {w("taken")}</b>}
            </button>
          </li>
        ))}
      </ol>
      <label>
        <input type="checkbox" checked={keep.value} onChange={(e) => (keep.value = e.currentTarget.checked)} /> {w("keepLater")}
      </label>
    </>
  );
}

function OptionText({ o }: { o: Option }) {
  const zh = lang.value === "zh",
    s = store.value;
  if (!o.g) return <>{w("timePasses")}</>;
  const what = {
    new: zh ? "开始运行，创建于" : "begins; made at",
    point: o.stays ? (zh ? `继续：${o.does}` : `goes on: ${o.does}`) : zh ? `即将 ${o.does}` : `is about to ${o.does}`,
    ready: zh ? `等到了，从 ${o.does} 返回` : `waited and goes on behind ${o.does}`,
    time: "",
  }[o.state];
  return (
    <>
      <i class="dot" style={{ background: s ? css(colorOf(s, o.g)) : "" }} />g{o.g} {what} <span class="mono">{o.place}</span>
      {o.source && !o.std && <code>{o.source}</code>}
    </>
  );
}
