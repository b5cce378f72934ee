// Schedules of one program: one beside another, as one that fails beside one that
// passes, their first difference marked, and the story of the first.

import { useEffect } from "preact/hooks";
import { signal } from "@preact/signals";
import { ChoicesPanel, pickers } from "./choices.tsx";
import { EventList } from "./details.tsx";
import { stamp } from "./format.ts";
import { say, w, type T } from "./i18n.ts";
import { Picture } from "./machineview.tsx";
import { fetchStore, get } from "./source.ts";
import { cursor, loading, meta, moveTo, recording, store, type Recording } from "./state.ts";
import type { Store } from "./store.ts";

interface Moment {
  i: number;
  t: number;
}
interface Diff {
  same: boolean;
  first?: { a: Moment; b: Moment; text: T };
  story?: { i: number; t: number; g: number; text: T }[];
}

const other = signal("");
const beside = signal<Store | null>(null);
const diff = signal<Diff | null>(null);
const failed = signal("");

let compared = ""; // which recording the other was compared with

function compare(b: string): void {
  compared = recording.value;
  other.value = b;
  failed.value = "";
  beside.value = null;
  diff.value = null;
  const here = () => other.value === b;
  const fail = (e: Error) => {
    if (here()) failed.value = e.message;
  };
  fetchStore(b).then((s) => {
    if (here()) beside.value = s;
  }, fail);
  get<Diff>(`api/diff?a=${encodeURIComponent(recording.value)}&b=${encodeURIComponent(b)}`).then((d) => {
    if (!here()) return;
    diff.value = d;
    if (d.first) moveTo(d.first.a.i);
  }, fail);
}

export function SchedulesView() {
  const m = meta.value,
    others = (m?.recordings ?? []).filter((r) => r.id !== recording.value && r.kind !== "live");
  const mine = m?.recordings.find((r) => r.id === recording.value),
    first = others.find((r) => r.id === mine?.parent) ?? others[0];
  useEffect(() => {
    if (first && !loading.value && compared !== recording.value) compare(first.id);
  }, [recording.value, others.length, loading.value]);
  const s = store.value,
    d = others.length ? diff.value : null,
    b = others.length ? beside.value : null;
  return (
    <div class="schedules">
      <About r={mine} />
      {!others.length && mine?.kind !== "test" && <p>{w("onlyOne")}</p>}
      {others.length > 0 && (
        <p>
          <label>
            {w("compareWith")}{" "}
            <select value={other.value} onChange={(e) => compare(e.currentTarget.value)}>
              {others.map((r) => (
                <option value={r.id}>{r.name}</option>
              ))}
            </select>
          </label>
        </p>
      )}
      {failed.value && <p class="warn">{failed.value}</p>}
      {d?.same && <p>{w("sameSchedules")}</p>}
      {d?.first && (
        <p class="first">
          <button class="main" onClick={() => moveTo(d.first!.a.i)}>
            {w("firstDifference")}
          </button>{" "}
          <time>{stamp(d.first.a.t)}</time> {say(d.first.text)}
        </p>
      )}
      <div class="beside">
        <div>
          {mine?.kind === "test" && <ChoicesPanel r={mine} />}
          {d?.story && d.story.length > 0 && (
            <section class="story">
              <h2>{w("story")}</h2>
              <ol>
                {d.story.map((x) => (
                  <li>
                    <button aria-current={x.i === cursor.value ? "step" : undefined} onClick={() => moveTo(x.i)}>
                      <time>{stamp(x.t)}</time> {say(x.text)}
                    </button>
                  </li>
                ))}
              </ol>
            </section>
          )}
        </div>
        {s && (b || mine?.kind === "test") && (
          <div class="pair">
            <Half title={mine?.name ?? ""} s={s} at={cursor.value} first={d?.first?.a.i} />
            {b && (
              <Half
                title={others.find((r) => r.id === other.value)?.name ?? ""}
                s={b}
                at={matching(cursor.value, d)}
                first={d?.first?.b.i}
              />
            )}
          </div>
        )}
      </div>
    </div>
  );
}

// matching returns the other's event that stands where i does: the same number
// before the first difference, and as far after its own beyond.
function matching(i: number, d: Diff | null): number {
  if (!d?.first || i < d.first.a.i) return i;
  return d.first.b.i + (i - d.first.a.i);
}

function About({ r }: { r?: Recording }) {
  if (!r?.token && !r?.command) return null;
  return (
    <dl class="wide">
      {r.token && (
        <div>
          <dt>{w("token")}</dt>
          <dd class="mono">
            {r.token} <Copy text={r.token} />
          </dd>
        </div>
      )}
      {r.command && (
        <div>
          <dt>{w("repeat")}</dt>
          <dd class="mono">
            {r.command} <Copy text={r.command} />
          </dd>
        </div>
      )}
    </dl>
  );
}

const copied = signal("");

function Copy({ text }: { text: string }) {
  const done = () => {
    copied.value = text;
  };
  return (
    <button class="quiet" onClick={() => navigator.clipboard.writeText(text).then(done, () => {})}>
      {w(copied.value === text ? "copied" : "copy")}
    </button>
  );
}

function Half({ title, s, at, first }: { title: string; s: Store; at: number; first?: number }) {
  const i = Math.max(-1, Math.min(at, s.n - 1)),
    from = Math.max(s.dropped, i - 5),
    n = Math.max(0, Math.min(12, s.n - from));
  return (
    <section class={first !== undefined && i >= first ? "half differs" : "half"}>
      <h3>{title}</h3>
      <EventList s={s} all={Array.from({ length: n }, (_, k) => from + k)} at={i} mark={first} pick={s === store.value} />
      <Picture s={s} at={i} choose={s === store.value ? pickers() : undefined} />
    </section>
  );
}
