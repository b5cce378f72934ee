import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style.css";
import { App } from "./app.tsx";
import { get, open } from "./source.ts";
import { keepAddress, loading, meta, problem, readAddress, recording, view, type Meta } from "./state.ts";

const start = readAddress();
render(<App />, document.getElementById("app")!);
keepAddress();

get<Meta>("api/meta")
  .then((m) => {
    meta.value = m;
    if (!m.recordings.some((r) => r.id === recording.value)) recording.value = m.recordings[0]?.id ?? "main";
    if (m.mode === "lessons" && !/view=/.test(location.hash)) view.value = "lessons";
    if (m.recordings[0]?.kind === "test" && !/view=/.test(location.hash)) view.value = "schedules";
    if (m.recordings.length) return open(recording.value, start);
    loading.value = false;
  })
  .catch((e) => {
    problem.value = e.message;
    loading.value = false;
  });
