import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { after, test } from "node:test";
import { record } from "../src/testdata.ts";
import { closeAll, launch, loaded, skip, view, visit } from "./browser.ts";

after(closeAll);

// renderer returns the resident memory, in MB, of the process of the browser's tab that has most.
async function renderer(): Promise<number> {
  const cdp = await (await launch()).newBrowserCDPSession();
  const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
  const rss = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  return Math.max(...processInfo.filter((p) => p.type === "renderer" && readdirSync("/proc").includes(String(p.id))).map((p) => rss(p.id)));
}

const most = 1500; // MB

const off = skip || (process.env.WEFT_HUGE ? false : "set WEFT_HUGE=1: it makes and opens a recording of 500 MB");

test("a recording of 500 MB is shown in parts, in bounded memory", { skip: off, timeout: 400_000 }, async (t) => {
  const file = record("huge");
  assert.ok(statSync(file).size >= 500 << 20);
  const { page, complaints } = await visit(await view(file), "view=timeline");
  const figures: string[] = [];
  const note = async (what: string) => {
    const { events, ms } = await loaded(page);
    const mb = Math.round(await renderer());
    figures.push(`${what}: ${events} events after ${Math.round(ms)} ms, the tab has ${mb} MB`);
    assert.ok(events > 500_000 && mb < most, figures.join("; "));
  };
  await note("first part");
  const parts = Number((await page.locator(".notices").textContent())!.match(/Part 1 of (\d+)/)![1]);
  assert.ok(parts > 10, `${parts} parts`);
  for (let i = 2; i <= 5; i++) {
    await page.locator(".notices").getByRole("button", { name: "Next" }).click();
    await page.getByText(`Part ${i} of ${parts}`).waitFor();
    await note(`part ${i}`);
  }
  // Opened in the page itself, it is shown as far as there is room, and the rest is said.
  await page.getByRole("button", { name: "Export" }).click();
  await page.locator("input[type=file]").setInputFiles(file);
  await page.getByText("longer than a page can hold").waitFor({ timeout: 120_000 });
  await note("opened in place");
  t.diagnostic(figures.join("; "));
  assert.deepEqual(complaints, []);
});
