//! The browser, how it looks at pages, and what it keeps of them.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";

const OUTPUT = join(import.meta.dirname, "../../test-output");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 780 };

/** Debian's Chromium, or the one that `CHROMIUM` names. */
export async function openBrowser(): Promise<Browser> {
  const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
  const executablePath = places.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error("no Chromium: install Debian's `chromium`, or set CHROMIUM");
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page that fails the test when a script fails, or when anything is asked of another host. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => failures.push(String(error)));
  page.on("console", (message) => {
    // What the policy forbids is told of here alone; failed requests are what some tests are about.
    if (
      message.type() === "error" &&
      !/Failed to load resource|WebSocket connection/.test(message.text())
    )
      failures.push(message.text());
  });
  const own = new URL(address).host;
  page.on("request", (request) => {
    if (new URL(request.url()).host !== own) failures.push(`asked for ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

const failures: string[] = [];

/** What scripts failed at since the last call. */
export function expectNoFailures(): void {
  expect(failures.splice(0)).toEqual([]);
}

/** Keeps a picture of the whole page. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(OUTPUT, { recursive: true });
  await page.screenshot({ path: join(OUTPUT, `${name}.png`), fullPage: true });
}

/** Fails when axe finds something serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await page.evaluate(async (axe) => {
    // The policy of the page allows no script elements of others.
    (0, eval)(axe);
    const { violations } = await (window as unknown as { axe: Axe }).axe.run(document);
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  }, AXE);
  expect(found).toEqual([]);
}

interface Axe {
  run(root: Document): Promise<{
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  }>;
}

/** Fails when something is wider than the screen, and says what. */
export async function expectNoSidewaysScrolling(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const screen = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= screen) return [];
    const all = [...document.body.querySelectorAll("*")];
    const wide = all.filter((element) => element.getBoundingClientRect().right > screen + 1);
    return wide.map(({ tagName, className }) => `${tagName}.${className}`);
  });
  expect(wide).toEqual([]);
}
