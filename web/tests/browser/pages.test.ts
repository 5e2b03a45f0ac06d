import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import {
  expectAccessible,
  expectNoFailures,
  expectNoSidewaysScrolling,
  openBrowser,
  openPage,
  PHONE,
  picture,
  WIDE,
} from "./browser";
import { transfer } from "./fixtures";
import { MockNode } from "./mock_node";

let browser: Browser;
let node: MockNode;
let address: string;
let page: Page | undefined;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  node = new MockNode();
  address = await node.start();
});
afterEach(async () => {
  await page?.context().close();
  await node.stop();
  expectNoFailures();
});

const id = encodeURIComponent(transfer(0).id);
const PAGES: [string, string, string][] = [
  ["overview", "#/", "Newest transfers"],
  ["transfers", "#/transfers", "Older"],
  ["transfer", `#/transfers/${id}`, "Messages to be carried"],
  ["transfer-refunded", `#/transfers/${encodeURIComponent(transfer(6).id)}`, "Refunded"],
  ["calls", "#/calls", "Executed"],
  ["call", "#/calls/eip155%3A31337~attest-31338-on-31337~899", "Result"],
  ["swaps", "#/swaps", "0.01 ETH on alpha"],
  ["routes", "#/routes", "believes about"],
  ["health", "#/health", "low-balance"],
];

describe.each([
  ["wide", WIDE, "light"],
  ["wide", WIDE, "dark"],
  ["phone", PHONE, "light"],
  ["phone", PHONE, "dark"],
] as const)("on a %s screen %o, %s", (name, viewport, colorScheme) => {
  it("every page is readable, accessible and as wide as the screen", async () => {
    page = await openPage(browser, address, { viewport, colorScheme });
    for (const [title, hash, text] of PAGES) {
      await page.goto(`${address}${hash}`);
      await page.getByText(text).filter({ visible: true }).first().waitFor();
      await picture(page, `${title}-${name}-${colorScheme}`);
      await expectAccessible(page);
      await expectNoSidewaysScrolling(page);
    }
    for (const swap of node.items.swaps.slice(0, 2)) {
      await page.goto(`${address}#/swaps/${swap.id}`);
      await page.getByText("Story").waitFor();
      await picture(page, `swap-${swap.status}-${name}-${colorScheme}`);
      await expectAccessible(page);
      await expectNoSidewaysScrolling(page);
    }
  });
});

it("a change appears without a click, on the page of the transfer and in the list", async () => {
  page = await openPage(browser, `${address}#/transfers/${id}`);
  await page.getByText("waiting to be received").waitFor();
  node.items.transfers[0] = transfer(0, "completed");
  node.tell("packet", transfer(0).id, "acknowledged");
  await page.getByText("Acknowledged", { exact: true }).waitFor();

  await page.getByRole("link", { name: "All transfers" }).click();
  const rows = page.getByRole("row").filter({ hasText: "In flight" });
  await page.getByText("Older").waitFor();
  expect(await rows.count()).toBe(0);
});

it("what changed while the connection was broken is asked for when it is back", async () => {
  page = await openPage(browser, address);
  const sign = page.locator(".sign");
  await page.getByText("live", { exact: true }).waitFor();
  node.tell("packet", transfer(0).id, "final");
  await expect
    .poll(() => node.asked.filter((path) => path.startsWith("/v1/transfers")).length)
    .toBe(2);

  const port = Number(new URL(address).port);
  await node.stop();
  await page.locator(".sign.reconnecting").waitFor();
  await page.getByText("The node does not answer").first().waitFor();
  await picture(page, "reconnecting-wide-light");
  expect(await page.getByText("Newest transfers").isVisible()).toBe(true);

  await node.start(port);
  await page.locator(".sign.live").waitFor();
  expect(node.asked.some((path) => path === "/v1/events/ws?after=1")).toBe(true);
  await page.getByText("The node does not answer").waitFor({ state: "detached" });
  expect(await sign.textContent()).toContain("live");
});

it("a node that wants a key is given one, which this tab alone keeps, and is live with it", async () => {
  node.key = "cw_secret";
  page = await openPage(browser, address);
  await page.getByText("A valid API key is needed").first().waitFor();
  await picture(page, "key-wide-light");
  await page.getByLabel("API key", { exact: true }).first().fill("cw_secret");
  await page.getByRole("button", { name: "Use" }).first().click();
  await page.locator(".sign.live").waitFor();
  await page.getByRole("link", { name: "TUSD" }).first().waitFor();
  const kept = await page.evaluate(() => [
    JSON.stringify(sessionStorage),
    JSON.stringify(localStorage),
  ]);
  expect(kept[0]).toContain("cw_secret");
  expect(kept[1]).not.toContain("cw_secret");
  expect(node.asked.join()).not.toContain("cw_secret");

  const asked = node.asked.filter((path) => path.startsWith("/v1/transfers")).length;
  node.tell("packet", transfer(0).id, "final");
  await expect
    .poll(() => node.asked.filter((path) => path.startsWith("/v1/transfers")).length)
    .toBe(asked + 1);
});

it("problems are shown with what the node says of them", async () => {
  node.broken = true;
  page = await openPage(browser, `${address}#/transfers`);
  await page.getByText("It cannot be told at the moment").waitFor();
  await page.getByText("database is locked").waitFor();
  await picture(page, "problem-wide-light");
  await expectAccessible(page);

  // It comes back by itself.
  node.broken = false;
  await page.getByRole("link", { name: "TUSD" }).first().waitFor();

  await page.goto(`${address}#/transfers?cursor=torn`);
  await page.getByText("this is no cursor of this list").waitFor();
  await page.goto(`${address}#/swaps/0x00`);
  await page.getByText("There is no such thing here").waitFor();
  await page.goto(`${address}#/nowhere`);
  await page.getByText("There is no such page here").waitFor();
});

it("a node where nothing has happened says so on every page", async () => {
  node.empty = true;
  page = await openPage(browser, address);
  for (const [name, text] of [
    ["", "No transfer yet"],
    ["transfers", "No transfer yet"],
    ["calls", "No call yet"],
    ["swaps", "No swap yet"],
    ["routes", "This node has no routes"],
    ["health", "There was no alert"],
  ] as const) {
    await page.goto(`${address}#/${name}`);
    await page.getByText(text).first().waitFor();
    await expectAccessible(page);
  }
  await page.goto(`${address}#/`);
  await page.getByText("No transfer yet").waitFor();
  await picture(page, "empty-wide-light");
});

it("transfers are looked for, filtered and leafed through, and the address says how", async () => {
  page = await openPage(browser, `${address}#/transfers`);
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByRole("link", { name: "Newest" }).waitFor();
  expect(await page.getByRole("row").count()).toBe(11);

  await page.getByLabel("Status").selectOption("refunded");
  await page.waitForURL(/status=refunded/);
  expect(page.url()).not.toContain("cursor");
  await expect.poll(() => page?.getByRole("row").count()).toBe(2);
  await page.goBack();
  await page.getByRole("link", { name: "Newest" }).waitFor();

  const hash = transfer(0).timeline[0]!.tx;
  await page.getByRole("searchbox").fill(hash);
  await page.keyboard.press("Enter");
  await expect.poll(() => node.asked.at(-1)).toContain(`tx=${hash}`);

  await page.getByRole("searchbox").fill(transfer(1).id.replaceAll("~", "/"));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "0.25 ETH" }).waitFor();
});

it("the page is used by keyboard alone", async () => {
  page = await openPage(browser, address);
  await page.getByRole("link", { name: "TUSD" }).first().waitFor();
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");

  await page.getByRole("link", { name: "Transfers", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Transfers" }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
  const outline = await page.evaluate(() => {
    const link = document.querySelector<HTMLElement>("nav a")!;
    link.focus();
    return getComputedStyle(link).outlineStyle;
  });
  expect(outline).toBe("solid");
});

it("the colours are the system's until somebody chooses, and stay chosen", async () => {
  page = await openPage(browser, address, { colorScheme: "dark" });
  const paper = () =>
    page!.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await paper();
  const button = page.getByRole("button", { name: /Colours/ });
  await button.click();
  const light = await paper();
  expect(light).not.toBe(dark);
  await page.reload();
  expect(await paper()).toBe(light);
  await button.click();
  expect(await paper()).toBe(dark);
});

async function focused(page: Page): Promise<string | null | undefined> {
  return page.evaluate(() => document.activeElement?.textContent?.trim());
}
