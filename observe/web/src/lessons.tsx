// Lessons: a real program, run on the spot and recorded, told step by step
// beside the machine; on weft's runtime and on Go's side by side where both can.

import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { say, w, type T } from "./i18n.ts";
import { MachineView, Picture } from "./machineview.tsx";
import { fetchStore, get, post, show } from "./source.ts";
import { controlToken, cursor, meta, moveTo, recording, selected, store } from "./state.ts";
import type { Store } from "./store.ts";
import { narrate, where } from "./narrate.ts";
import { lang } from "./i18n.ts";

interface Lesson {
  id: string;
  title: T;
  summary: T;
  hosts: Host[];
  variants: { id: string; title: T }[];
}
interface Text extends Lesson {
  source: string;
  text: T[];
}
interface Step {
  i: number;
  t: number;
  g: number;
  p: number;
  m: number;
  text: T;
}
interface Run {
  recording: string;
  host: Host;
  variant: string;
  source: string;
  output: string;
  steps: Step[];
  notes?: T[];
}
type Host = "weft" | "go";
interface Ran {
  run: Run;
  store: Store;
}

const all = signal<Lesson[]>([]);
const lesson = signal<Text | null>(null);
const host = signal<Host>("weft");
const variant = signal("");
const ran = signal<Partial<Record<Host, Ran>>>({});
const at = signal(0); // the step
const busy = signal(false);
const failed = signal("");

async function choose(id: string): Promise<void> {
  failed.value = "";
  try {
    const [about, known] = [await get<Text>(`api/lessons/${id}?host=weft`), all.value.find((x) => x.id === id)!];
    lesson.value = { ...known, ...about };
    ran.value = {};
    host.value = "weft";
    variant.value = known.variants?.[0]?.id ?? "";
    at.value = 0;
  } catch (e) {
    failed.value = (e as Error).message;
  }
}

async function run(h: Host): Promise<void> {
  const l = lesson.value!;
  busy.value = true;
  failed.value = "";
  try {
    const r = await post<Run>(`api/lessons/${l.id}/run?host=${h}&variant=${encodeURIComponent(variant.value)}`);
    const s = await fetchStore(r.recording);
    meta.value = await get("api/meta");
    ran.value = { ...ran.value, [h]: { run: r, store: s } };
    host.value = h;
    show(r.recording, s);
    goStep(0);
  } catch (e) {
    failed.value = (e as Error).message;
  }
  busy.value = false;
}

function goStep(i: number): void {
  const r = ran.value[host.value];
  if (!r) return;
  at.value = Math.max(0, Math.min(r.run.steps.length - 1, i));
  const step = r.run.steps[at.value];
  if (store.value !== r.store) show(r.run.recording, r.store);
  if (step) moveTo(step.i);
  selected.value = null;
}

export function LessonsView() {
  useEffect(() => {
    if (!all.value.length)
      get<Lesson[]>("api/lessons").then(
        (x) => {
          all.value = x;
        },
        (e) => {
          failed.value = e.message;
        },
      );
  }, []);
  const l = lesson.value;
  return (
    <div class="lessons">
      {failed.value && <p class="warn">{failed.value}</p>}
      {l ? (
        <LessonView l={l} />
      ) : (
        <ul class="shelf">
          {all.value.map((x, i) => (
            <li>
              <button data-lesson={x.id} onClick={() => choose(x.id)}>
                <b>{i + 1}</b>
                <span>
                  <strong>{say(x.title)}</strong>
                  {say(x.summary)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function LessonView({ l }: { l: Text }) {
  const r = ran.value[host.value],
    both = ran.value.weft && ran.value.go;
  return (
    <>
      <div class="tell">
        <button
          class="quiet"
          onClick={() => {
            lesson.value = null;
          }}
        >
          ← {w("allLessons")}
        </button>
        <h2>{say(l.title)}</h2>
        <p class="muted">{say(l.summary)}</p>
        <Runner l={l} />
        {r ? (
          <Steps r={r} />
        ) : (
          <ol class="text">
            {l.text?.map((t) => (
              <li>{say(t)}</li>
            ))}
          </ol>
        )}
        <details>
          <summary>{w("source")}</summary>
          <pre class="mono">{r?.run.source ?? l.source}</pre>
        </details>
      </div>
      {r && <div class={both ? "stage two" : "stage"}>{both ? <Both /> : <MachineView />}</div>}
    </>
  );
}

function Runner({ l }: { l: Text }) {
  const off = meta.value?.control === "off",
    token = controlToken();
  if (off || !token) return <p class="warn">{w(off ? "controlOff" : "noControl")}</p>;
  return (
    <div class="runner">
      {l.variants?.length > 0 && (
        <select
          aria-label={w("what")}
          value={variant.value}
          onChange={(e) => {
            variant.value = e.currentTarget.value;
          }}
        >
          {l.variants.map((v) => (
            <option value={v.id}>{say(v.title)}</option>
          ))}
        </select>
      )}
      {l.hosts.map((h) => (
        <button class="main" disabled={busy.value} onClick={() => run(h)}>
          {w(ran.value[h] ? "runAgain" : "run")}, {w(h === "go" ? "onGo" : "onWeft")}
        </button>
      ))}
      {busy.value && (
        <span class="muted" role="status">
          {w("runningLesson")}…
        </span>
      )}
    </div>
  );
}

function Steps({ r }: { r: Ran }) {
  const step = r.run.steps[at.value];
  return (
    <div
      class="steps"
      onKeyDown={(e) => {
        if (e.key === "ArrowRight") goStep(at.value + 1);
        if (e.key === "ArrowLeft") goStep(at.value - 1);
      }}
    >
      {ran.value.weft && ran.value.go && (
        <div class="hosts" role="group">
          {(["weft", "go"] as const).map((h) => (
            <button
              aria-pressed={host.value === h}
              onClick={() => {
                host.value = h;
                goStep(at.value);
              }}
            >
              {w(h === "go" ? "onGo" : "onWeft")}
            </button>
          ))}
        </div>
      )}
      <p class="muted">
        {w("stepOf")} {at.value + 1} {w("of")} {r.run.steps.length}
      </p>
      {step && (
        <p class="steptext" aria-live="polite">
          {say(step.text)}
        </p>
      )}
      {r.store.has(cursor.value) && recording.value === r.run.recording && (
        <p class="mono now">
          {where(r.store.event(cursor.value))} {narrate(r.store, r.store.event(cursor.value), lang.value)}
        </p>
      )}
      <div class="runner">
        <button class="main" disabled={at.value === 0} onClick={() => goStep(at.value - 1)}>
          {w("previous")}
        </button>
        <button class="main" disabled={at.value >= r.run.steps.length - 1} onClick={() => goStep(at.value + 1)}>
          {w("next")}
        </button>
      </div>
      <ol class="toc">
        {r.run.steps.map((s, i) => (
          <li>
            <button aria-current={i === at.value ? "step" : undefined} onClick={() => goStep(i)}>
              {say(s.text)}
            </button>
          </li>
        ))}
      </ol>
      {r.run.output && (
        <>
          <h3>{w("output")}</h3>
          <pre class="mono">{r.run.output}</pre>
        </>
      )}
      {r.run.notes?.map((t) => (
        <p class="muted">{say(t)}</p>
      ))}
    </div>
  );
}

// Both shows the two hosts at the same step.
function Both() {
  return (
    <>
      {(["weft", "go"] as const).map((h) => {
        const r = ran.value[h]!,
          step = r.run.steps[Math.min(at.value, r.run.steps.length - 1)];
        const i = h === host.value ? cursor.value : (step?.i ?? -1);
        return (
          <section>
            <h3>{w(h === "go" ? "onGo" : "onWeft")}</h3>
            <Picture s={r.store} at={i} />
          </section>
        );
      })}
    </>
  );
}
