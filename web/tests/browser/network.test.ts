//! The page of a real node: three chains, the tour of every crossing, and a transfer of one's own.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  expectAccessible,
  expectNoFailures,
  openBrowser,
  openPage,
  PHONE,
  picture,
} from "./browser";

/** `cargo xtask test` names both programs. */
const { CAUSEWAY_LOCALNET: LOCALNET, CAUSEWAY_BINARY: CAUSEWAY } = process.env;
/** The third of the keys that every development chain knows. */
const ALICE = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const RECEIVER = "0x00000000000000000000000000000000000a11ce";
const MINUTE = 60_000;

describe.skipIf(!LOCALNET || !CAUSEWAY)("on a local network", () => {
  const dir = mkdtempSync(join(tmpdir(), "causeway-web-"));
  let network: ChildProcess;
  let said = "";
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const place = join(dir, "network");
    network = spawn(LOCALNET!, ["up", "--causeway", CAUSEWAY!, "--dir", place]);
    for (const output of [network.stdout, network.stderr]) {
      output?.on("data", (bytes) => (said += String(bytes)));
    }
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    if (network.exitCode === null) {
      const ended = new Promise((resolve) => network.once("exit", resolve));
      network.kill("SIGINT");
      await ended;
    }
    rmSync(dir, { recursive: true });
    expectNoFailures();
  });

  /** Where a node of the network listens, once it does. */
  async function addressOf(node: string): Promise<string> {
    const config = join(dir, "network", `${node}.toml`);
    const address = await until(`${node} has a configuration`, () => {
      const text = existsSync(config) ? readFileSync(config, "utf8") : "";
      const listen = /^listen = "(.+)"$/m.exec(text)?.[1];
      return listen && !listen.endsWith(":0") ? `http://${listen}/` : undefined;
    });
    await until(`${node} answers`, async () => {
      const response = await fetch(`${address}readyz`).catch(() => undefined);
      return response?.ok || undefined;
    });
    return address;
  }

  async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>) {
    for (let tries = 0; tries < 1_500; tries += 1) {
      if (network.exitCode !== null) throw new Error(`the network has ended:\n${said}`);
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${what}: not within 150 s:\n${said}`);
  }

  it("transfers of the tour arrive while one looks", { timeout: 3 * MINUTE }, async () => {
    page = await openPage(browser, await addressOf("relayer"));
    await page.locator(".sign.live").waitFor();
    const heads = () => page.locator(".head").allTextContents();
    const before = await heads();
    await expect.poll(heads, { timeout: 10_000 }).not.toEqual(before);

    const row = page.getByRole("row").filter({ hasText: "125.5 TUSD" });
    await row.first().waitFor({ timeout: 90_000 });
    await page.getByText("Completed").first().waitFor({ timeout: 30_000 });
    await until("the tour is over", () => said.includes("every step happened") || undefined);
    await page.getByText("Refunded").first().waitFor();
    await picture(page, "network-overview");
    await expectAccessible(page);
  });

  it("a transfer of one's own is watched to its end", { timeout: MINUTE }, async () => {
    await page.getByRole("link", { name: "Transfers", exact: true }).click();
    await page.getByRole("heading", { name: "Transfers" }).waitFor();
    const order = ["--from", "alpha", "--to", "beta", "--token", "native", "--amount", "0.0625"];
    const env = {
      ...process.env,
      CAUSEWAY_KEY: ALICE,
      CAUSEWAY_CONFIG: join(dir, "network/relayer.toml"),
    };
    const sent = promisify(execFile)(
      CAUSEWAY!,
      ["transfer", ...order, "--receiver", RECEIVER, "--json"],
      { env },
    );
    await page.getByRole("link", { name: "0.0625 ETH" }).click();
    await page.getByText("Received").waitFor({ timeout: 30_000 });
    await page.getByText("Acknowledged", { exact: true }).waitFor({ timeout: 30_000 });
    await sent;
    await page.getByText("Completed").waitFor();
    await page.getByText(RECEIVER).waitFor();
    await picture(page, "network-transfer");

    const hash = await page.locator(".fact .mono").first().getAttribute("title");
    await page.getByRole("link", { name: "All transfers" }).click();
    await page.getByRole("searchbox").fill(hash!);
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.getByRole("link", { name: "0.0625 ETH" }).waitFor();
  });

  it("every other page tells of this network", { timeout: MINUTE }, async () => {
    for (const [name, text] of [
      ["Calls", "Completed"],
      ["Routes", "2 of 3 must sign; 3 answer"],
      ["Health", "All is well"],
    ] as const) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByText(text).filter({ visible: true }).first().waitFor();
      await picture(page, `network-${name.toLowerCase()}`);
      await expectAccessible(page);
    }
  });

  it("the maker's page shows the swaps of the tour", { timeout: MINUTE }, async () => {
    const maker = await openPage(browser, `${await addressOf("maker")}#/swaps`, {
      viewport: PHONE,
      colorScheme: "dark",
    });
    await maker.getByText("Done").filter({ visible: true }).first().waitFor();
    await picture(maker, "network-swaps");
    await maker.getByRole("link", { name: "LTC" }).first().click();
    await maker.getByText("Claimed").first().waitFor();
    await picture(maker, "network-swap");
    await expectAccessible(maker);
    await maker.context().close();
  });
});
