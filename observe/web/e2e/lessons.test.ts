import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeAll, skip, visit, weft, type Visit } from "./browser.ts";

after(closeAll);

const options = { skip, timeout: 600_000 };
let served: Promise<string> | undefined;
const shelf = () => (served ??= weft(["trace", "-view", "-addr", "127.0.0.1:0"]).then((s) => s.url("view")));

async function read(v: Visit): Promise<number> {
  const next = v.page.getByRole("button", { name: "Next", exact: true }),
    seen = new Set<string>();
  const count = await v.page.locator(".toc li").count();
  for (let i = 0; ; i++) {
    seen.add((await v.page.locator(".steptext").textContent())!);
    await v.page.locator(".stage svg.picture").first().waitFor();
    if (await next.isDisabled()) break;
    await next.click();
    await v.page.locator(`.toc li:nth-child(${i + 2}) button[aria-current=step]`).waitFor();
  }
  assert.ok(seen.size > 1, "the steps say different things");
  return count;
}

test("each lesson is run on the spot and read step by step", options, async (t) => {
  const v = await visit(await shelf());
  const { page } = v,
    lessons = page.locator("[data-lesson]");
  await lessons.first().waitFor();
  const ids = await lessons.evaluateAll((all) => all.map((e) => (e as HTMLElement).dataset.lesson!));
  assert.ok(ids.length >= 8, ids.join());
  for (const id of ids) {
    await page.locator(`[data-lesson=${id}]`).click();
    await page.getByRole("button", { name: "Run it here, on weft's runtime" }).click();
    await page.locator(".steptext").waitFor();
    t.diagnostic(`${id}: ${await read(v)} steps`);
    await page.getByRole("button", { name: "All lessons" }).click();
  }
  assert.deepEqual(v.complaints, []);
});

test("a lesson runs on weft's runtime and on Go's, side by side", { skip, timeout: 600_000 }, async () => {
  const { page } = await visit(await shelf());
  await page.locator("[data-lesson=sleep]").click();
  await page.getByRole("button", { name: "Run it here, on weft's runtime" }).click();
  await page.locator(".steptext").waitFor();
  await page.getByRole("button", { name: "Run it here, on Go's runtime" }).click();
  await page.locator(".stage.two svg.picture").nth(1).waitFor({ timeout: 600_000 });
  await page.getByRole("group").getByRole("button", { name: "on weft's runtime" }).click();
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await page.locator(".stage.two svg.picture").nth(1).waitFor();
});

test("who has no token is told how to get one", options, async () => {
  const { page } = await visit((await shelf()).split("#")[0], "view=lessons");
  await page.locator("[data-lesson=hello]").click();
  await page.getByText("open the page by the link that weft printed").waitFor();
  assert.equal(await page.getByRole("button", { name: /Run it/ }).count(), 0);
});
