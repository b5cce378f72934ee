import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { record } from "../src/testdata.ts";
import { closeAll, loaded, skip, view, visit } from "./browser.ts";

after(closeAll);

const tour = skip ? "" : record("tour");
const options = { skip, timeout: 600_000 };
const views = ["machine", "timeline", "questions", "charts", "tables", "lessons", "schedules"];
const axe = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");

for (const scheme of ["light", "dark"] as const) {
  test(`axe finds nothing wrong, ${scheme}`, options, async () => {
    const { page } = await visit(await view(tour), "e=400&g=2", { colorScheme: scheme });
    await loaded(page);
    await page.evaluate(axe);
    for (const v of views) {
      await page.locator("nav button").nth(views.indexOf(v)).click();
      await page.waitForFunction((x) => document.querySelector(".app")!.classList.contains("v-" + x), v);
      await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {}))));
      const found = await page.evaluate(async () => {
        const run = (
          globalThis as unknown as {
            axe: { run: (o: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
          }
        ).axe.run;
        const r = await run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
        return r.violations.map(
          (x) =>
            `${x.id}: ${x.nodes
              .slice(0, 3)
              .map((n) => n.html.slice(0, 160) + " " + n.failureSummary)
              .join(" | ")}`,
        );
      });
      assert.deepEqual(found, [], v);
    }
  });
}

test("everything can be reached by keys alone, and the focus is seen", options, async () => {
  const { page } = await visit(await view(tour), "e=400");
  await loaded(page);
  const reached = new Set<string>();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const e = document.activeElement as HTMLElement,
        cs = getComputedStyle(e);
      const halo = e.querySelector(".halo");
      const seen =
        (cs.outlineStyle !== "none" && parseFloat(cs.outlineWidth) >= 2) || (halo && getComputedStyle(halo).strokeWidth === "5px");
      return {
        name: e.getAttribute("aria-label") || (e as HTMLInputElement).labels?.[0]?.textContent || e.textContent || e.tagName,
        seen: Boolean(seen),
        body: e === document.body,
      };
    });
    if (at.body) continue;
    assert.ok(at.seen, `focus on ${at.name} is not seen`);
    reached.add(at.name.trim());
  }
  for (const name of ["Machine", "Timeline", "Export", "Play", "One step forward", "Moment", "Speed"]) {
    assert.ok(
      [...reached].some((x) => x.startsWith(name)),
      `${name} is not reached; reached: ${[...reached].join(", ")}`,
    );
  }
  const mark = page.locator('.mark[tabindex="0"]');
  await mark.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Life of" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Life of" }).waitFor({ state: "detached" });
});

test("the timeline is worked by keys", options, async () => {
  const { page } = await visit(await view(tour), "view=timeline&e=400");
  await loaded(page);
  const canvas = page.locator(".tracks canvas");
  await canvas.focus();
  const told = page.locator(".tracks .sr");
  await page.keyboard.press("Shift+ArrowRight");
  assert.match((await told.textContent())!, /^g\d+/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Life of" }).waitFor();
});

test("who wants no motion gets none", options, async () => {
  const { page } = await visit(await view(tour), "e=400", { reducedMotion: "reduce" });
  await loaded(page);
  const moves = await page
    .locator(".mark")
    .first()
    .evaluate((e) => getComputedStyle(e).transitionDuration);
  assert.match(moves, /^0s/);
});

test("on a phone nothing sticks out, and fingers work the timeline", options, async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const { page } = await visit(await view(tour), "e=400", phone);
  await loaded(page);
  for (let i = 0; i < views.length; i++) {
    await page.locator("nav button").nth(i).click();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `${views[i]} is ${wide} wide`);
  }
  await page.locator("nav button").nth(1).click();
  const shown = async () => {
    const q = new URLSearchParams(await page.evaluate(() => location.hash.slice(1)));
    return Number(q.get("to")) - Number(q.get("from"));
  };
  await page.waitForFunction(() => /view=timeline/.test(location.hash));
  const before = await page.evaluate(() => location.hash),
    all = await shown();
  const box = (await page.locator(".tracks canvas").boundingBox())!,
    client = await page.context().newCDPSession(page);
  const at = (a: number, b: number) => [
    { x: box.x + a, y: box.y + 60, id: 1 },
    { x: box.x + b, y: box.y + 60, id: 2 },
  ];
  await client.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(150, 220) });
  await client.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(120, 260) });
  await client.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(90, 300) });
  await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.waitForFunction((h) => location.hash !== h, before);
  assert.ok((await shown()) < all * 0.8, "a pinch zooms");
});
