// The page's frame: what is shown, which view, which language.

import { useEffect } from "preact/hooks";
import { colorOf, css, functions, theme } from "./color.ts";
import { big, short } from "./format.ts";
import { lang, w } from "./i18n.ts";
import { Icon } from "./icons.tsx";
import { ChartsView } from "./charts.tsx";
import { Details, EventList } from "./details.tsx";
import { ExportMenu } from "./export.tsx";
import { LessonsView } from "./lessons.tsx";
import { MachineView } from "./machineview.tsx";
import { QuestionsView } from "./questions.tsx";
import { SchedulesView } from "./schedules.tsx";
import { TablesView } from "./tables.tsx";
import { TimelineView } from "./timelineview.tsx";
import { Transport, togglePlay } from "./transport.tsx";
import { open } from "./source.ts";
import {
  cursor,
  following,
  loadedIn,
  loading,
  meta,
  moveTo,
  part,
  playing,
  problem,
  recording,
  selected,
  setLang,
  setTheme,
  stats,
  step,
  store,
  version,
  view,
  views,
  type View,
} from "./state.ts";
import type { Store } from "./store.ts";

const shown: Record<View, () => preact.JSX.Element> = {
  machine: MachineView,
  timeline: TimelineView,
  questions: QuestionsView,
  charts: ChartsView,
  tables: TablesView,
  lessons: LessonsView,
  schedules: SchedulesView,
};

// Views of one moment have the transport and what is known of the selection.
const ofMoment = (v: View) => v === "machine" || v === "timeline" || v === "tables";
const stepped = (v: View) => ofMoment(v) || v === "schedules";

export function App() {
  useKeys();
  const v = view.value,
    Shown = shown[v],
    moment = ofMoment(v);
  return (
    <div class={`app v-${v}`}>
      <a
        class="skip"
        href="#main"
        onClick={(e) => {
          e.preventDefault();
          document.getElementById("main")!.focus();
        }}
      >
        {w("skip")}
      </a>
      <Header />
      <Notices />
      <main id="main" tabIndex={-1} aria-label={w(v)}>
        <div class="view" tabIndex={v === "charts" || v === "tables" ? 0 : undefined}>
          <Shown key={v} />
        </div>
        {moment && <Side />}
      </main>
      {stepped(v) && <Transport />}
    </div>
  );
}

function Header() {
  const m = meta.value,
    one = (m?.recordings.length ?? 0) < 2;
  const dark = theme.value === "dark";
  return (
    <header class="top">
      <h1>
        <img src="./icon.svg" alt="" width="24" height="24" /> weft
      </h1>
      {m &&
        m.recordings.length > 0 &&
        (one ? (
          <span class="rec">{m.recordings[0].name}</span>
        ) : (
          <select
            class="rec"
            aria-label={w("recording")}
            value={recording.value}
            onChange={(e) => {
              selected.value = null;
              open(e.currentTarget.value);
            }}
          >
            {m.recordings.map((r) => (
              <option value={r.id}>{r.name}</option>
            ))}
          </select>
        ))}
      <Figures />
      <nav aria-label={w("views")}>
        {views.map((x) => (
          <button
            aria-current={view.value === x ? "page" : undefined}
            onClick={() => {
              view.value = x;
            }}
          >
            {w(x)}
          </button>
        ))}
      </nav>
      <div class="settings">
        <ExportMenu />
        <button class="quiet" lang={lang.value === "zh" ? "en" : "zh-CN"} onClick={() => setLang(lang.value === "zh" ? "en" : "zh")}>
          {w("language")}
        </button>
        <button
          class="quiet"
          title={w("theme")}
          aria-label={w("theme")}
          aria-pressed={dark}
          onClick={() => setTheme(dark ? "light" : "dark")}
        >
          <Icon name={dark ? "sun" : "moon"} />
        </button>
      </div>
    </header>
  );
}

// Figures say how much there is, and what is missing.
function Figures() {
  const s = store.value,
    st = stats.value;
  version.value;
  if (!s) return null;
  return (
    <span class="figures" data-events={s.n} data-loaded={loading.value ? "" : Math.round(loadedIn.value)}>
      {big(s.n - s.dropped)} {w("events")}
      {s.n ? `, ${short(s.last - s.first)}` : ""}
      {st && <>, {big(st.rate)}/s</>}
      {s.lost > 0 && (
        <b class="warn" title={w("lostHint")}>
          {" "}
          {big(s.lost)} {w("lost")}
        </b>
      )}
      {st && st.dropped > 0 && (
        <b class="warn" title={w("notSentHint")}>
          {" "}
          {big(st.dropped)} {w("notSent")}
        </b>
      )}
    </span>
  );
}

function Notices() {
  const s = store.value,
    all: string[] = [];
  version.value;
  if (problem.value) all.push(problem.value === "disconnected" ? w("disconnected") : `${w("failed")}: ${problem.value}`);
  if (stats.value?.ended != null) all.push(`${w("ended")} ${stats.value.ended}`);
  const why = s?.end?.why;
  if (s && why === "cut") all.push(w("endCut"));
  if (s && why === "corrupt") all.push(`${w("endCorrupt")} (${s.end!.detail}, byte ${big(s.end!.at)})`);
  if (s && why === "version") all.push(`${w("endVersion")} ${s.end!.detail}.`);
  if (s && why === "not") all.push(w("endNot"));
  if (s && why === "limit") all.push(`${w("endLimit")} ${big(s.n)} ${w("events")}.`);
  return (
    <div class="notices" role="status">
      {loading.value && (
        <p>
          {w(s?.n ? "loading" : "connecting")}… {s && s.n > 0 && `${big(s.n)} ${w("events")}`}
        </p>
      )}
      {all.map((t) => (
        <p class="warn">{t}</p>
      ))}
      {part.value.of > 1 && <Parts />}
    </div>
  );
}

// Parts leads through a recording that is too long for one page.
function Parts() {
  const { at, of } = part.value,
    go = (i: number) => open(recording.value, { part: i });
  return (
    <p>
      {w("longRecording")} {w("part")} {at + 1} {w("of")} {of}
      <button class="quiet" disabled={at === 0} onClick={() => go(at - 1)}>
        {w("previous")}
      </button>
      <button class="quiet" disabled={at >= of - 1} onClick={() => go(at + 1)}>
        {w("next")}
      </button>
    </p>
  );
}

function Side() {
  const s = store.value,
    at = cursor.value;
  version.value;
  if (selected.value) return <Details />;
  const from = Math.max(s?.dropped ?? 0, at - 8),
    n = Math.min(40, Math.max(0, (s?.n ?? 0) - from));
  return (
    <aside class="details" aria-label={w("recent")}>
      <p class="muted">{w("clickG")}</p>
      {s && <Functions s={s} />}
      {s && n > 0 ? <EventList s={s} all={Array.from({ length: n }, (_, i) => from + i)} /> : <p class="muted">{w("nothing")}</p>}
    </aside>
  );
}

// Functions says which colour is which function.
function Functions({ s }: { s: Store }) {
  const all = functions(s);
  return (
    <ul class="functions" aria-label={w("functions")}>
      {all.slice(0, 6).map((f) => (
        <li class="mono">
          <i class="dot" style={{ background: css(colorOf(s, f.g)) }} />
          {f.name} <span class="muted">×{big(f.n)}</span>
        </li>
      ))}
    </ul>
  );
}

function useKeys() {
  useEffect(() => {
    const on = (e: KeyboardEvent) => {
      const el = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || el.closest("input, select, textarea") || !stepped(view.value)) return;
      const button = el.closest("button, [role=button]");
      const keys: Record<string, () => void> = {
        ArrowLeft: () => step(e.shiftKey ? -10 : -1),
        ArrowRight: () => step(e.shiftKey ? 10 : 1),
        ",": () => step(-1),
        ".": () => step(1),
        Home: () => moveTo(-1),
        End: () => moveTo((store.value?.n ?? 0) - 1),
        Escape: () => {
          selected.value = null;
        },
        ...(button ? {} : { " ": togglePlay }),
      };
      const act = keys[e.key];
      if (!act) return;
      e.preventDefault();
      if (e.key !== " " && e.key !== "Escape") {
        playing.value = false;
        following.value = false;
      }
      act();
    };
    addEventListener("keydown", on);
    return () => removeEventListener("keydown", on);
  }, []);
}
