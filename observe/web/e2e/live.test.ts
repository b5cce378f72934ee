import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { scratch } from "../src/testdata.ts";
import { closeAll, skip, visit, weft } from "./browser.ts";

after(closeAll);

const events = (p: Page) => p.evaluate(() => Number(document.querySelector<HTMLElement>(".figures")?.dataset.events ?? 0));

test("a live program is followed, held, and stepped through", { skip, timeout: 600_000 }, async () => {
  const dir = join(scratch, "www");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "index.html"), "hello");
  const { url, child } = await weft(["serve", "-addr", "127.0.0.1:0", "-procs", "2", "-view", "127.0.0.1:0", dir]);
  const [view, site] = [await url("view:"), await url("serving")];
  const { page, complaints, foreign } = await visit(view);
  await page.getByRole("button", { name: "live", exact: true }).waitFor();
  const ask = async (n: number) => {
    for (let i = 0; i < n; i++) await (await fetch(site)).text();
  };
  await ask(20);
  await page.waitForFunction(() => Number(document.querySelector<HTMLElement>(".figures")?.dataset.events) > 60);
  await page.locator(".room", { hasText: "fd " }).first().waitFor();

  await page.locator(".own", { hasText: "free stacks" }).first().waitFor(); // each P's free lists and timers
  await page.getByRole("navigation").getByRole("button", { name: "Tables" }).click();
  await page.getByRole("columnheader", { name: "stands at" }).waitFor();
  await page.locator("tr", { hasText: "IO " }).locator("button.g").first().click();
  await page.locator(".stands li", { hasText: "Accept" }).first().waitFor(); // its stack, asked for
  await page.getByRole("navigation").getByRole("button", { name: "Machine" }).click();

  await page.getByRole("button", { name: "One step back" }).click();
  assert.equal(await page.getByRole("button", { name: "live", exact: true }).getAttribute("aria-pressed"), "false");
  const [held, before] = [await page.locator(".narration").textContent(), await events(page)];
  await ask(20);
  await page.waitForFunction((n) => Number(document.querySelector<HTMLElement>(".figures")?.dataset.events) > n, before);
  assert.equal(await page.locator(".narration").textContent(), held, "held still while events come");

  await page.getByRole("navigation").getByRole("button", { name: "Charts" }).click();
  await page.getByRole("heading", { name: "Requests a second" }).waitFor();
  await page.getByRole("navigation").getByRole("button", { name: "Tables" }).click();
  await page.getByText("Read from the runtime's own variables").waitFor();
  await page.getByRole("cell", { name: /^0x/ }).first().waitFor(); // g0's address
  await page.getByRole("columnheader", { name: "slot / generation" }).waitFor(); // of the poller's own table
  const controls = page.getByRole("group", { name: "Controls" });
  await controls.getByRole("button", { name: "Ps +" }).click();
  await controls.getByText("3", { exact: true }).waitFor();
  child.kill("SIGTERM");
  await page.getByText("The program has ended.").waitFor();
  const ours = complaints.filter((c) => !/ERR_CONNECTION_REFUSED|WebSocket connection/.test(c)); // it is gone
  assert.deepEqual([ours, foreign], [[], []]);
});
