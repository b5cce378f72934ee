// What can be taken away: the view as a picture, the recording for Perfetto, a
// link to the moment. And the way in for a recording that the user has.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { w } from "./i18n.ts";
import { Icon } from "./icons.tsx";
import { SVGPainter } from "./painter.ts";
import { openFile } from "./source.ts";
import { link, recording, view } from "./state.ts";
import { contentHeight, draw, rows } from "./timeline.ts";
import { scene } from "./timelineview.tsx";

export function ExportMenu() {
  const open = useSignal(false),
    done = useSignal(""),
    box = useRef<HTMLDivElement>(null),
    file = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const away = (e: Event) => {
      if (!box.current?.contains(e.target as Node)) open.value = false;
    };
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, []);
  const act = (f: () => void) => () => {
    f();
    open.value = false;
  };
  const picture = view.value === "machine" || view.value === "timeline";
  return (
    <div
      class="menu"
      ref={box}
      onKeyDown={(e) => {
        if (e.key === "Escape") {
          open.value = false;
          e.stopPropagation();
        }
      }}
    >
      <button
        class="quiet"
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name="save" /> {w("export")}
      </button>
      {open.value && (
        <div class="items">
          {picture && <button onClick={act(saveSVG)}>{w("exportSVG")}</button>}
          <a href={`api/perfetto?id=${encodeURIComponent(recording.value)}`} download onClick={act(() => {})}>
            {w("exportPerfetto")}
          </a>
          <button onClick={act(() => copy(done))}>{w("copyLink")}</button>
          <button onClick={() => file.current!.click()}>{w("openFile")}</button>
        </div>
      )}
      <input
        ref={file}
        type="file"
        hidden
        onChange={(e) => {
          const f = e.currentTarget.files?.[0];
          open.value = false;
          if (f) openFile(f);
          e.currentTarget.value = ""; // so that the same can be chosen again
        }}
      />
      <span class="done" role="status">
        {done.value}
      </span>
    </div>
  );
}

function copy(done: { value: string }): void {
  history.replaceState(null, "", "#" + link());
  navigator.clipboard?.writeText(location.href).then(
    () => {
      done.value = w("copied");
      setTimeout(() => {
        done.value = "";
      }, 1500);
    },
    () => {},
  ); // the address bar has it, too
}

function saveSVG(): void {
  const text = view.value === "timeline" ? timelineSVG() : machineSVG();
  if (!text) return;
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  a.download = `weft-${view.value}.svg`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

export function timelineSVG(): string {
  const c = scene();
  if (!c) return "";
  const p = new SVGPainter(),
    h = contentHeight(rows(c));
  draw({ ...c, scroll: 0, height: h }, p);
  return p.file(c.width, h, c.look.ground);
}

const kept = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "font-size",
  "font-weight",
  "font-family",
  "text-anchor",
  "dominant-baseline",
  "transform",
];

// machineSVG copies the drawing with the styles that the page's sheet gives it.
export function machineSVG(): string {
  const from = document.querySelector<SVGSVGElement>("svg.picture");
  if (!from) return "";
  const to = from.cloneNode(true) as SVGSVGElement;
  const a = [from, ...from.querySelectorAll("*")],
    b = [to, ...to.querySelectorAll("*")];
  a.forEach((el, i) => {
    const cs = getComputedStyle(el),
      out = b[i] as SVGElement;
    for (const k of kept) {
      const v = cs.getPropertyValue(k);
      if ((v && v !== "none") || k === "fill" || k === "stroke") out.setAttribute(k, v);
    }
    if (cs.transform !== "none") out.setAttribute("transform", cs.transform);
    for (const k of ["class", "style", "tabindex", "role", "data-g", "aria-label", "aria-pressed"]) out.removeAttribute(k);
  });
  to.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [k, v] of [
    ["width", "100%"],
    ["height", "100%"],
    ["fill", getComputedStyle(document.body).backgroundColor],
  ])
    ground.setAttribute(k, v);
  to.prepend(ground);
  return new XMLSerializer().serializeToString(to) + "\n";
}
