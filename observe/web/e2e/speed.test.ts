import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readFileSync } from "node:fs";
import { record, scratch } from "../src/testdata.ts";
import { closeAll, loaded, skip, view, visit, weft } from "./browser.ts";

after(closeAll);

test("a million events are on the screen, panned and zoomed", { skip, timeout: 600_000 }, async (t) => {
  const { page, complaints } = await visit(await view(record("million")), "view=timeline");
  const { events, ms } = await loaded(page);
  assert.ok(events > 1_000_000, `${events} events`);
  const box = (await page.locator(".tracks canvas").boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + 80);
  // One input a frame, made in the page: a test's own would take longer to arrive than a frame.
  const measure = (how: "zoom" | "pan") =>
    page.evaluate(
      async ([x, y, how]) => {
        const f = (window as unknown as { weftFrames: { drawn: number; ms: number } }).weftFrames,
          before = { ...f },
          began = performance.now();
        const canvas = document.querySelector(".tracks canvas")!,
          common = { bubbles: true, clientX: x as number, clientY: y as number };
        for (let i = 0; performance.now() - began < 2000; i++) {
          const wheel = how === "zoom" ? { deltaY: i % 80 < 40 ? -60 : 60 } : { deltaX: 30 * Math.sin(i / 20) };
          canvas.dispatchEvent(new WheelEvent("wheel", { ...common, ...wheel }));
          await new Promise((go) => requestAnimationFrame(go));
        }
        const n = f.drawn - before.drawn,
          s = (performance.now() - began) / 1000;
        return `${(n / s).toFixed(0)} frames a second, drawn in ${((f.ms - before.ms) / n).toFixed(1)} ms each`;
      },
      [box.x + box.width / 2, box.y + 80, how] as const,
    );
  const zoomed = await measure("zoom");
  for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -100);
  const panned = await measure("pan");
  t.diagnostic(`${events} events on the screen after ${ms} ms; zooming: ${zoomed}; panning: ${panned}`);
  assert.deepEqual(complaints, []);
});

test("a live page and a program that does nothing leave each other alone", { skip, timeout: 600_000 }, async (t) => {
  const { url, child } = await weft(["serve", "-addr", "127.0.0.1:0", "-procs", "2", "-view", "127.0.0.1:0", scratch]);
  const link = await url("view:"),
    // CPU time of the program in ticks of 10 ms: fields 14 and 15 of stat, counted after its name.
    ticks = () => {
      const after = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return Number(after[11]) + Number(after[12]);
    };
  const share = async (seconds: number) => {
    const [from, began] = [ticks(), performance.now()];
    await new Promise((go) => setTimeout(go, seconds * 1000));
    return `${(((10 * (ticks() - from)) / (performance.now() - began)) * 100).toFixed(1)} %`;
  };
  const alone = await share(5);
  const { page, complaints } = await visit(link);
  await page.getByRole("button", { name: "live", exact: true }).waitFor();
  await page.waitForFunction(() => Number(document.querySelector<HTMLElement>(".figures")?.dataset.events) > 0);
  t.diagnostic(`of a core, the program takes ${alone} alone and ${await share(10)} with the page open`);
  assert.deepEqual(complaints, []);
});
