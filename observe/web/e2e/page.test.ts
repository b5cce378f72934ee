import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { KPark } from "../src/kinds.ts";
import type { Machine } from "../src/machine.ts";
import { load, loadFile, record, scratch } from "../src/testdata.ts";
import { closeAll, loaded, skip, view, visit } from "./browser.ts";

after(closeAll);

const tour = skip ? "" : record("tour");
const options = { skip, timeout: 600_000 };

const narration = (p: Page) => p.locator(".narration").textContent();
const go = async (p: Page, name: string) => {
  await p.getByRole("navigation").getByRole("button", { name, exact: true }).click();
};

test("the page asks nobody else, and its content-security policy is never hit", options, async () => {
  const { page, complaints, foreign } = await visit(await view(tour));
  await loaded(page);
  for (const name of ["Timeline", "Charts", "Tables", "Machine"]) await go(page, name);
  assert.deepEqual([complaints, foreign], [[], []]);
});

test("stepping forth and back tells what happens", options, async () => {
  const { page } = await visit(await view(tour), "e=-1");
  await loaded(page);
  const forward = page.getByRole("button", { name: "One step forward" });
  for (let i = 0; i < 14; i++) await forward.click();
  const here = await narration(page);
  assert.match(here!, /\[.*\] \S/);
  await forward.click();
  assert.notEqual(await narration(page), here);
  await page.getByRole("button", { name: "One step back" }).click();
  assert.equal(await narration(page), here);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  assert.match((await narration(page))!, /step 1 of 12: entry/);
  await page.keyboard.press("End");
  assert.match((await narration(page))!, /step 12 of 12: exit/);
});

test("playing goes on by itself and stops at the end", options, async () => {
  const { page } = await visit(await view(tour), `e=${loadFile(tour).n - 80}`);
  await loaded(page);
  await page.getByRole("slider", { name: "Speed" }).fill("8");
  await page.getByRole("button", { name: "Play" }).click();
  await page.locator(".narration", { hasText: "step 12 of 12" }).waitFor();
  await page.getByRole("button", { name: "Play" }).waitFor();
});

test("each G is one mark, on its M when it runs", options, async () => {
  const { page } = await visit(await view(tour), "e=-1");
  await loaded(page);
  const line = page.locator(".narration");
  for (let i = 0; i < 400; i++) {
    await page.keyboard.press("ArrowRight");
    if (/execute g1 /.test((await line.textContent())!)) break;
  }
  const mark = page.locator('.mark[data-g="1"]');
  assert.equal(await mark.count(), 1);
  assert.match((await mark.getAttribute("aria-label"))!, /g1 main\.tour, running/);
});

test("a click on a G shows its life, a click on its object who waits", options, async () => {
  // One of the workers waits for a job (untilParked); which one, and when, is different in each recording.
  const s = loadFile(tour);
  let at = 0;
  while (at < s.n && !(s.event(at).kind === KPark && s.tables.reasons[s.event(at).sub] === "chan receive")) at++;
  assert.ok(at < s.n, "nobody waits for a job");
  const { g, sub, a } = s.event(at),
    name = s.waitName(sub, a, String);
  const { page } = await visit(await view(tour), `e=${at}`);
  await loaded(page);
  await page.locator(`.mark[data-g="${g}"]`).click();
  const life = page.getByRole("complementary", { name: "Life of" });
  await life.getByRole("heading", { name: `Life of g${g}` }).waitFor();
  const text = await life.textContent();
  for (const part of [
    /created \+[\d.]+ (ms|µs) by/,
    /main\.go:\d+|weft\.go:\d+/,
    /waited to run/,
    RegExp(`chan receive ${name}`),
    RegExp(`newproc g${g} `),
  ])
    assert.match(text!, part);
  await life.getByRole("button", { name }).first().click();
  const object = page.getByRole("complementary", { name: "Object" });
  await object.getByRole("heading", { name: `Object ${name}` }).waitFor();
  assert.match((await object.textContent())!, RegExp(`who waits.*g${g}`));
  await page.keyboard.press("End"); // by then its wait is over
  await object.getByText("who has waited for it").waitFor();
});

test("a slice of the timeline opens the G that it is", options, async () => {
  const { page } = await visit(await view(tour), "view=timeline");
  await loaded(page);
  const canvas = page.locator(".tracks canvas"),
    box = (await canvas.boundingBox())!;
  for (let x = 80; x < box.width; x += 5) {
    await canvas.click({ position: { x, y: 60 } });
    if (await page.getByRole("heading", { name: "Life of" }).count()) return;
  }
  assert.fail("no slice was hit");
});

test("the language changes everywhere, and is kept", options, async () => {
  const { page } = await visit(await view(tour), "e=300");
  await loaded(page);
  await page.getByRole("button", { name: "中文" }).click();
  for (const name of ["机器", "时间线", "提问", "图表", "表", "课程", "调度"]) await go(page, name);
  const words = (await page.locator("body").textContent())!;
  assert.doesNotMatch(words, /Machine|Timeline|Speed|Export/);
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  await page.reload();
  await page.getByRole("button", { name: "时间线" }).waitFor();
});

test("the address is a link to the moment", options, async () => {
  const { page, base } = await visit(await view(tour), "e=300");
  await loaded(page);
  await go(page, "Timeline");
  await page.locator(".tracks canvas").focus();
  await page.keyboard.press("ArrowUp");
  await page.waitForFunction(() => /e=300/.test(location.hash) && /view=timeline/.test(location.hash));
  const [before, link] = [await narration(page), page.url()];
  assert.doesNotMatch(link, /token/);
  const other = await visit(base, link.split("#")[1]);
  await loaded(other.page);
  assert.equal(await narration(other.page), before);
  assert.equal(await other.page.getByRole("button", { name: "Timeline" }).getAttribute("aria-current"), "page");
});

test("both pictures can be saved as SVG", options, async () => {
  const { page } = await visit(await view(tour), "e=300");
  await loaded(page);
  for (const name of ["Machine", "Timeline"]) {
    await go(page, name);
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "This view as SVG" }).click()]);
    const svg = readFileSync(await file.path(), "utf8");
    const ok = await page.evaluate((text) => !new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror"), svg);
    assert.ok(ok && svg.length > 5000, name);
  }
});

test("a damaged recording is shown as far as it goes, and that is said", options, async () => {
  const bytes = readFileSync(tour),
    file = join(scratch, "cut.trace");
  writeFileSync(file, bytes.subarray(0, bytes.length - 50));
  const { page } = await visit(await view(file));
  const { events } = await loaded(page);
  assert.ok(events > 1000);
  await page.getByText("The recording was cut short").waitFor();
});

test("a file that the user has is opened in place", options, async () => {
  const { page } = await visit(await view(record("deadlock")));
  const { events } = await loaded(page);
  await page.getByRole("button", { name: "Export" }).click();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Open a recording" }).click()]);
  await chooser.setFiles(tour);
  await page.waitForFunction((n) => Number(document.querySelector<HTMLElement>(".figures")?.dataset.events) > n, events);
  await go(page, "Timeline");
});

test("of a recording that is cut, changed, of another version, or none, what can be shown is, and the rest is said", options, async () => {
  const whole = readFileSync(tour),
    changed = Buffer.from(whole),
    newer = Buffer.from(whole);
  changed[Math.floor(whole.length / 2)] ^= 0x55;
  newer[8] = 9;
  const { page, complaints } = await visit(await view(record("deadlock")));
  await loaded(page);
  const files: [Buffer, string][] = [
    [whole.subarray(0, whole.length - 50), "The recording was cut short"],
    [changed, "The recording is damaged from here on"],
    [newer, "made by another version of weft. Its format is version 9"],
    [Buffer.from("hello ".repeat(40)), "This is not a recording of weft"],
  ];
  for (const [i, [bytes, said]] of files.entries()) {
    const file = join(scratch, `bad${i}.trace`);
    writeFileSync(file, bytes);
    await page.getByRole("button", { name: "Export" }).click();
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByText(said).waitFor();
  }
  await page.locator(".figures", { hasText: /^0 events/ }).waitFor();
  assert.deepEqual(complaints, []);
});

test("a failing schedule stands beside a passing one, their first difference marked", options, async () => {
  const { page } = await visit(await view(record("failing"), record("passing")), "view=schedules");
  await page.locator(".half svg.picture").nth(1).waitFor();
  await page.locator(".half .events button.marked").nth(1).waitFor();
  const [a, b] = await page.locator(".half .events button.marked").allTextContents();
  assert.notEqual(a.replace(/^\S+ \S+/, ""), b.replace(/^\S+ \S+/, ""));
  const before = await narration(page);
  await page.locator(".story li button").last().click();
  assert.notEqual(await narration(page), before);
});

test("a planted deadlock is found, and its cycle drawn", options, async () => {
  const { page } = await visit(await view(record("deadlock")), "view=questions");
  const answer = page.locator(".answer");
  await answer.getByText(/Deadlock at .* 3 parked for ever/).waitFor();
  await answer.getByText(/A cycle: g\d .*mutex#\d.*g\d.*mutex#\d/).waitFor();
  assert.equal(await answer.locator(".graph .node.bad").count(), 4);
  await answer.getByRole("button", { name: "mutex#1" }).click();
  await page.getByRole("heading", { name: "Object mutex#1" }).waitFor();
});

test("every question has an answer", options, async () => {
  const { page, complaints } = await visit(await view(tour), "view=questions&g=2");
  await loaded(page);
  const asks = page.locator(".asks button"),
    answer = page.locator(".answer");
  await asks.first().waitFor();
  for (let i = 0; i < (await asks.count()); i++) {
    await asks.nth(i).click();
    const input = answer.locator(".subject input");
    if (await input.count()) {
      await input.fill(/object/.test((await asks.nth(i).textContent())!) ? "mutex#1" : "g2");
      await answer.getByRole("button", { name: "Ask", exact: true }).click();
    }
    await answer.locator(".says, table").first().waitFor();
    assert.equal(await answer.locator(".warn").count(), 0, (await asks.nth(i).textContent())!);
  }
  assert.deepEqual(complaints, []);
});

test("every chart is drawn, with what the window holds", options, async () => {
  const { page, complaints } = await visit(await view(tour), "view=charts");
  await loaded(page);
  const names = ["running", "runnable", "parked", "wake-ups", "network wake-ups", "steals", "hand-offs", "netpolls"];
  for (const name of names) await page.locator(".plot .u-label", { hasText: new RegExp(`^${name}$`) }).waitFor();
  const inked = page.locator(".plot canvas").evaluateAll((all) =>
    all.map((c) => {
      const { width, height } = c as HTMLCanvasElement;
      const { data } = (c as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      return data.some((x, i) => i % 4 === 3 && x > 0);
    }),
  );
  assert.deepEqual([...new Set(await inked)], [true]);
  await page.getByRole("heading", { name: "Scheduling latency" }).waitFor();
  await page.locator(".charts figure svg, .charts .histogram").first().waitFor();
  assert.deepEqual(complaints, []);
});

// who says who is in which state, and who stands in which queue.
const who = (m: Machine) => ({
  gs: [...m.gs.values()].map((g) => [g.id, g.status, g.place, g.obj]).sort((a, b) => a[0] - b[0]),
  queues: [[...m.global], ...m.ps.map((p) => [p.next, ...p.runq])],
});

test("a part of a recording begins with how things stood, and goes on as the whole does", options, async () => {
  const whole = loadFile(tour),
    [base] = (await view(tour)).split("#");
  for (const part of [0.35, 0.6, 0.8]) {
    const from = Math.round(whole.time(Math.floor(whole.n * part))),
      to = Math.round(whole.time(Math.floor(whole.n * (part + 0.1))));
    const r = await fetch(`${base}api/recording?id=main&from=${from}&to=${to}`);
    const some = load(new Uint8Array(await r.arrayBuffer()));
    let first = 0;
    while (some.event(first).quiet || some.tables.kinds[some.event(first).kind] === "state") first++;
    const i = whole.find(some.time(first)),
      n = Math.min(150, some.n - first);
    for (const k of [0, n - 1]) assert.deepEqual(who(some.at(first + k)), who(whole.at(i + k)), `${part}, event ${k}`);
  }
});
