// Makes the pictures of the page in docs/, of real runs:
//
//	npm run shots

import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { Waiting } from "../src/machine.ts";
import { loadFile, record, root } from "../src/testdata.ts";
import { closeAll, kinds, loaded, view, visit, weft } from "./browser.ts";

const tour = record("tour");

// busiest returns the event at which most is to be seen at once.
function busiest(file: string): number {
  const s = loadFile(file);
  let best = 0,
    most = -1;
  for (let i = 0; i < s.n; i++) {
    const m = s.at(i),
      kinds = new Set([...m.gs.values()].filter((g) => g.status === Waiting).map((g) => s.objKind(g.reason, g.obj)));
    const queued = m.ps.reduce((n, p) => n + Math.min(4, p.runq.size) + (p.next ? 2 : 0), 0);
    const running = m.ps.filter((p) => p.g).length,
      native = m.ms.filter((x) => x.p < 0 && x.g).length;
    const score = queued + 6 * running + 4 * kinds.size + 4 * native + Math.min(3, m.global.size);
    if (score > most) [best, most] = [i, score];
  }
  return best;
}

async function shot(name: string, url: string, hash: string, options: BrowserContextOptions, act?: (p: Page) => Promise<void>) {
  const { page } = await visit(url, hash, { viewport: { width: 1360, height: 840 }, reducedMotion: "reduce", ...options });
  if (!/view=lessons/.test(hash)) await loaded(page);
  await act?.(page);
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: join(root, "docs", `page-${name}.png`) });
}

const url = await view(tour),
  at = busiest(tour),
  all = loadFile(tour);
const window = `from=${Math.round(all.time(Math.max(0, at - 60)))}&to=${Math.round(all.time(Math.min(all.n - 1, at + 240)))}`;
await shot("machine", url, `view=machine&e=${at}`, {});
await shot("timeline-dark", url, `view=timeline&e=${at}&g=2&${window}`, { colorScheme: "dark" });
await shot("phone", url, `view=machine&e=${at}`, { viewport: { width: 390, height: 844 } });
await shot("deadlock", await view(record("deadlock")), "view=questions", {}, (p) => p.locator(".graph").waitFor());
const { url: chosen } = await weft(["test", "-run", "^TestDeadlock$", "-view", "127.0.0.1:0", "."], kinds);
await shot("schedules", await chosen("view"), "", {}, async (p) => {
  for (let i = 0; i < 7; i++) await p.locator(".choices h2").getByRole("button", { name: "Next" }).click();
  await p.locator(".half .mark.option").first().click();
  await p.locator(".outcome[data-failed=deadlock]").waitFor();
  await p.locator(".half .marked").nth(1).waitFor();
});
const lessons = await (await weft(["trace", "-view", "-addr", "127.0.0.1:0"])).url("view");
await shot("lesson-zh", lessons, "view=lessons&lang=zh", {}, async (p) => {
  await p.locator("[data-lesson=steal]").click();
  await p.locator(".runner .main").first().click();
  for (let i = 0; i < 3; i++) await p.getByRole("button", { name: "下一步" }).click();
});
await closeAll();
