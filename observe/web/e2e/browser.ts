// What the end-to-end tests share: a headless Chromium, and servers of the page.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { command, root } from "../src/testdata.ts";

// kinds is a module with a test for each way to fail.
export const kinds = join(root, "cmd/weft/internal/tester/testdata/kinds");

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const executable = places.find((p) => p && existsSync(p));

// skip is why the tests can't run here, if they can't. In CI they must.
export const skip = executable || process.env.CI ? false : "no Chromium found: install it, or set CHROMIUM to its path";

// patience is how long, in ms, what must come may take on the slowest of machines.
const patience = 240_000;

let browser: Browser | undefined;
const children: ChildProcess[] = [];

export async function launch(): Promise<Browser> {
  if (!executable) throw new Error("no Chromium found: install it, or set CHROMIUM to its path");
  browser ??= await chromium.launch({ executablePath: executable, timeout: patience, args: ["--no-sandbox"] });
  return browser;
}

export async function closeAll(): Promise<void> {
  await browser?.close();
  for (const c of children) c.kill("SIGKILL");
}

// serve starts a weft command and returns the address that it prints after
// word, "view" for the page's.
export function weft(args: string[], cwd?: string): Promise<{ url: (word: string) => Promise<string>; child: ChildProcess }> {
  const child = spawn(command("cmd/weft"), args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let text = "";
  const waiting: (() => void)[] = [];
  const more = (b: Buffer) => {
    text += b;
    waiting.splice(0).forEach((f) => f());
  };
  child.stdout.on("data", more);
  child.stderr.on("data", more);
  child.on("exit", () => waiting.splice(0).forEach((f) => f()));
  const url = async (word: string): Promise<string> => {
    for (;;) {
      const line = text.split("\n").find((l) => l.includes(word) && l.includes("http://"));
      if (line) return line.slice(line.indexOf("http://")).trim();
      if (child.exitCode !== null) throw new Error(`weft ${args.join(" ")}: ${text}`);
      await new Promise<void>((f) => waiting.push(f));
    }
  };
  return Promise.resolve({ url, child });
}

export interface Visit {
  page: Page;
  complaints: string[];
  foreign: string[];
  base: string;
  token: string;
}

const known = new Map<string, string>();

// view returns the address of a page that shows recordings.
export async function view(...files: string[]): Promise<string> {
  const key = files.join();
  if (!known.has(key)) known.set(key, await (await weft(["trace", "-view", "-addr", "127.0.0.1:0", ...files])).url("view"));
  return known.get(key)!;
}

// visit opens a page and notes what it complains of, and whom else it asks.
export async function visit(url: string, hash = "", options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await (await launch()).newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const [base, tail = ""] = url.split("#");
  const v: Visit = { page, complaints: [], foreign: [], base, token: tail };
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warning") v.complaints.push(m.text());
  });
  page.on("pageerror", (e) => v.complaints.push(e.message));
  page.on("request", (r) => {
    if (!/^(data|blob):/.test(r.url()) && new URL(r.url()).host !== new URL(base).host) v.foreign.push(r.url());
  });
  await page.goto(`${base}#${[tail, hash].filter(Boolean).join("&")}`);
  return v;
}

// loaded waits until the recording is on the screen.
export async function loaded(p: Page): Promise<{ events: number; ms: number }> {
  const f = p.locator(".figures[data-loaded]:not([data-loaded=''])");
  await f.waitFor();
  await p.waitForFunction(() => Number(document.querySelector<HTMLElement>(".figures")!.dataset.loaded) > 0);
  return f.evaluate((e) => ({ events: Number((e as HTMLElement).dataset.events), ms: Number((e as HTMLElement).dataset.loaded) }));
}
