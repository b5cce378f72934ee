import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { command } from "../src/testdata.ts";
import { closeAll, kinds, loaded, skip, visit, weft } from "./browser.ts";

after(closeAll);

const outcome = (p: Page) => p.locator(".outcome").getAttribute("data-failed");

test("a bug is clicked together, decision by decision, and its token repeats it", { skip, timeout: 600_000 }, async () => {
  const { url } = await weft(["test", "-run", "^TestDeadlock$", "-view", "127.0.0.1:0", "."], kinds);
  const { page, complaints, foreign } = await visit(await url("view"));
  await loaded(page);
  await page.getByText("This schedule passes.").waitFor();
  // Where the goroutine of line 36 has one lock and is about to take the other, the one of line 37 shall go on.
  const options = page.locator(".options button"),
    next = page.locator(".choices h2").getByRole("button", { name: "Next" });
  let locks = 0;
  for (let i = 0; i < 30; i++) {
    await page.locator(".choices h2", { hasText: `(${i + 1} of ` }).waitFor();
    const [first] = await options.allTextContents();
    if (/goes on: Lock kinds_test.go:36/.test(first) && ++locks === 2) break;
    await next.click();
  }
  const step = (await page.locator(".choices h2").textContent())!.match(/Decision (\d+)/)![1];
  // In the picture those that can be chosen are marked; a click on one is the choice.
  const mark = page.locator(".half").first().locator(".mark.option");
  assert.equal(await mark.count(), 1);
  const chosen = await mark.getAttribute("data-g");
  await mark.click();
  await page.locator(".outcome[data-failed=deadlock]").waitFor();
  await page.locator(".choices pre", { hasText: "a ring: g" }).waitFor();
  assert.match((await page.locator(".path [aria-current]").textContent())!, new RegExp(`decision ${step}: g${chosen}`));
  await page.locator(".half .events button.marked").nth(1).waitFor();
  assert.match((await page.locator(".first").textContent())!, new RegExp(`decision ${step}: of 2, g${chosen} goes on`));

  const token = (await page.locator("dd.mono").first().textContent())!.match(/w1\.\S+/)![0];
  const again = spawnSync(command("cmd/weft"), ["test", "-replay", token, "."], { cwd: kinds, encoding: "utf8" });
  assert.equal(again.status, 1, again.stdout + again.stderr);
  assert.match(again.stdout, /FAIL: TestDeadlock: deadlock/);

  // One more choice from here, and both taken back.
  await page.locator(".choices h2").getByRole("button", { name: "Previous" }).click();
  await page.locator(".options button:not([disabled])").first().click();
  await page.locator(".path button.quiet").nth(2).waitFor();
  await page.getByRole("button", { name: "Undo this choice" }).click();
  await page.locator(".outcome[data-failed=deadlock]").waitFor();
  await page.getByRole("button", { name: "Undo this choice" }).click();
  await page.getByText("This schedule passes.").waitFor();
  assert.equal(await outcome(page), "");
  assert.deepEqual([complaints, foreign], [[], []]);
});
