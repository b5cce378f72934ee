// The questions people ask, one click each. The answers are computed by the
// server (trace/ask*.go), which weft trace -ask prints as text.

import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { GLink } from "./details.tsx";
import { big, short, stamp } from "./format.ts";
import { say, w, type T } from "./i18n.ts";
import { get } from "./source.ts";
import { loading, moveTo, moveToTime, recording, selected, stats, store, view } from "./state.ts";
import { Graph, type GraphData } from "./graph.tsx";
import { Histogram } from "./charts.tsx";

interface Question {
  id: string;
  title: T;
  needs: "" | "g" | "object";
  help: T;
}
interface Column {
  title: T;
  type: string;
}
interface Table {
  title: T;
  columns: Column[];
  rows: unknown[][];
  more: number;
}
interface Mark {
  t: number;
  i: number;
  g: number;
  p: number;
  text: T;
}
interface Answer {
  q: string;
  title: T;
  says: T[];
  tables?: Table[];
  graph?: GraphData;
  histogram?: { title: T; log2: number[] };
  marks?: Mark[];
}

const all = signal<Question[]>([]);
const chosen = signal<Question | null>(null);
const subject = signal("");
const answer = signal<{ of: string; a: Answer } | null>(null);
const asking = signal(false);
const failed = signal("");

export async function ask(q: Question): Promise<void> {
  chosen.value = q;
  failed.value = "";
  answer.value = null;
  const args = new URLSearchParams({ q: q.id, id: recording.value });
  if (q.needs) {
    if (!subject.value) subject.value = fromSelection(q.needs);
    if (!subject.value) return;
    args.set(q.needs, q.needs === "g" ? subject.value.replace(/^g/, "") : addressOf(subject.value));
  }
  asking.value = true;
  const of = recording.value;
  try {
    const a = await get<Answer>(`api/ask?${args}`);
    if (chosen.value === q) answer.value = { of, a };
  } catch (e) {
    failed.value = (e as Error).message;
  }
  asking.value = false;
}

function fromSelection(needs: string): string {
  const sel = selected.value;
  if (sel && "g" in sel && needs === "g") return String(sel.g);
  if (sel && "obj" in sel && needs === "object") return sel.obj < 0 ? String(-sel.obj - 1) : "0x" + sel.obj.toString(16);
  return "";
}

// addressOf takes an address, or a name as mutex#1.
function addressOf(s: string): string {
  const named = store.value?.objects().find((o) => o.name === s);
  return named ? "0x" + named.addr.toString(16) : s.replace(/^fd /, "");
}

export function QuestionsView() {
  useEffect(() => {
    if (all.value.length) return;
    get<Question[]>("api/ask").then(
      (qs) => {
        all.value = qs;
        if (!chosen.value && qs[0]) ask(qs[0]);
      },
      (e) => {
        failed.value = e.message;
      },
    );
  }, []);
  useEffect(() => {
    if (chosen.value && answer.value && answer.value.of !== recording.value) ask(chosen.value);
  }, [recording.value]);
  const q = chosen.value;
  loading.value; // colours are known when everything has been read
  return (
    <div class="page questions">
      <ul class="asks" aria-label={w("questions")}>
        {all.value.map((x) => (
          <li>
            <button
              aria-current={x === q ? "true" : undefined}
              onClick={() => {
                subject.value = "";
                ask(x);
              }}
            >
              {say(x.title)}
            </button>
          </li>
        ))}
      </ul>
      <section class="answer" aria-live="polite" aria-busy={asking.value}>
        {q && <h2>{say(q.title)}</h2>}
        {q && <p class="muted">{say(q.help)}</p>}
        {q?.needs && <Subject q={q} />}
        {asking.value && <p class="muted">{w("asking")}…</p>}
        {failed.value && <p class="warn">{failed.value}</p>}
        {answer.value && <AnswerView a={answer.value.a} />}
        {q && stats.value && (
          <button class="quiet" onClick={() => ask(q)}>
            {w("askAgain")}
          </button>
        )}
      </section>
    </div>
  );
}

function Subject({ q }: { q: Question }) {
  const s = store.value,
    label = w(q.needs === "g" ? "whichG" : "whichObject");
  return (
    <form
      class="subject"
      onSubmit={(e) => {
        e.preventDefault();
        ask(q);
      }}
    >
      <label>
        {label}{" "}
        <input
          list="subjects"
          value={subject.value}
          placeholder={q.needs === "g" ? "g7" : "mutex#1"}
          onInput={(e) => {
            subject.value = e.currentTarget.value.trim();
          }}
        />
      </label>
      <datalist id="subjects">
        {q.needs === "g"
          ? [...(s?.info.keys() ?? [])].slice(0, 200).map((g) => <option value={`g${g}`}>{s!.gFunc(g)}</option>)
          : s
              ?.objects()
              .slice(0, 200)
              .map((o) => <option value={o.name} />)}
      </datalist>
      <button class="main">{w("ask")}</button>
    </form>
  );
}

function AnswerView({ a }: { a: Answer }) {
  const empty = !a.says?.length && !a.tables?.length;
  return (
    <>
      {empty && <p>{w("noAnswer")}</p>}
      {a.says?.map((t) => (
        <p class="says">{say(t)}</p>
      ))}
      {a.graph && a.graph.nodes.length > 0 && <Graph graph={a.graph} />}
      {a.histogram && <Histogram title={say(a.histogram.title)} log2={a.histogram.log2} />}
      {a.tables?.map((t) => (
        <TableView t={t} />
      ))}
      {a.marks && a.marks.length > 0 && (
        <ul class="marklist">
          {a.marks.slice(0, 50).map((m) => (
            <li>
              <button onClick={() => goTo(m)} title={w("goThere")}>
                <time>{stamp(m.t)}</time> {say(m.text)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

// goTo shows a moment on the timeline. A live page may have other numbers.
export function goTo(m: { t: number; i: number; g: number }): void {
  const s = store.value;
  if (s?.has(m.i) && Math.abs(s.time(m.i) - m.t) < 1) moveTo(m.i);
  else moveToTime(m.t);
  if (m.g) selected.value = { g: m.g };
  view.value = "timeline";
}

const numeric = new Set(["time", "dur", "count", "percent", "p", "m"]);

function TableView({ t }: { t: Table }) {
  if (!t.rows?.length) return null;
  return (
    <div class="scroll">
      {say(t.title) && <h3>{say(t.title)}</h3>}
      <table>
        <thead>
          <tr>
            {t.columns.map((c) => (
              <th class={numeric.has(c.type) ? "num" : ""}>{say(c.title)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {t.rows.map((r) => (
            <tr>
              {r.map((x, i) => (
                <td class={numeric.has(t.columns[i].type) ? "num" : ""}>
                  <Cell x={x} type={t.columns[i].type} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {t.more > 0 && (
        <p class="muted">
          +{big(t.more)} {w("more")}
        </p>
      )}
    </div>
  );
}

interface Site {
  func: string;
  file: string;
  line: number;
}

function Cell({ x, type }: { x: unknown; type: string }) {
  if (x === null || x === undefined) return <>–</>;
  const n = x as number;
  switch (type) {
    case "g":
      return <GLink g={n} s={store.value} />;
    case "p":
      return <>p{n}</>;
    case "m":
      return <>m{n}</>;
    case "dur":
      return <>{short(n)}</>;
    case "time":
      return (
        <button class="obj" onClick={() => goTo({ t: n, i: -1, g: 0 })}>
          {stamp(n)}
        </button>
      );
    case "count":
      return <>{big(n)}</>;
    case "percent":
      return <>{n.toFixed(1)} %</>;
    case "bar":
      return (
        <svg class="cellbar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-label={`${Math.round(n * 100)} %`}>
          <rect width={n * 100} height="8" />
        </svg>
      );
    case "object": {
      const o = x as { id: string; name: string };
      return (
        <button class="obj" onClick={() => pickObject(o)}>
          {o.name || o.id}
        </button>
      );
    }
    case "words":
      return <Name of={say(x as T)} />;
    case "site": {
      const s = x as Site;
      return (
        <span class="mono" title={`${s.func} ${s.file}:${s.line}`}>
          <Name of={s.func.slice(s.func.lastIndexOf("/") + 1)} /> {s.file && `${s.file.slice(s.file.lastIndexOf("/") + 1)}:${s.line}`}
        </span>
      );
    }
  }
  return (
    <span class={type === "text" ? "mono" : ""}>
      <Name of={String(x)} />
    </span>
  );
}

// Name is a name of the program, which may go on in the next line after a dot.
function Name({ of }: { of: string }) {
  const parts = of.split(/(?<=[.\/])(?=\w)/);
  return <>{parts.map((part, i) => (i ? [<wbr />, part] : part))}</>;
}

function pickObject(o: { id: string; name: string }): void {
  const fd = /^fd (\d+)$/.exec(o.name);
  selected.value = { obj: fd ? -Number(fd[1]) - 1 : Number(o.id) };
  view.value = "machine";
}
