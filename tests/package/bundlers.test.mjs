// @ts-check
// The packed package in apps of five kinds: each is built by its bundler's defaults, opened in tabs, and must show that they
// have found each other. Then one of them invites, whose code is fetched only now: bundlers make a file of its own of that.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser } from "../e2e/harness/browsers.mjs";
import { scratchFolder } from "../e2e/harness/processes.mjs";
import { Server } from "../e2e/harness/server.mjs";
import { Tab } from "../e2e/harness/tab.mjs";
import { installPacked, npm } from "./support/packed.mjs";
import { serve } from "./support/static.mjs";

const MEET_MS = 10_000;

/** @type {Awaited<ReturnType<typeof installPacked>>} */
let packed;
/** @type {Awaited<ReturnType<typeof serve>>} */
let pages;
/** @type {Browser} */
let chromium;
/** @type {Browser} */
let firefox;
const signaling = new Server(scratchFolder);

before(async () => {
  packed = await installPacked();
  [pages, chromium, firefox] = await Promise.all([serve(packed.folder), Browser.launch("chromium"), Browser.launch("firefox"), signaling.start()]);
});

after(async () => {
  pages?.close();
  await Promise.all([chromium?.kill(), firefox?.kill(), signaling.kill()]);
});

/** Runs in the page: an invite, or what came instead. */
const invite = async () => {
  const { room } = /** @type {{ room: import("chinwag").Room }} */ (/** @type {unknown} */ (globalThis));
  try {
    return (await room.invite()).text;
  } catch (error) {
    return String(error);
  }
};

/**
 * Opens a page in a tab of each of these browsers, and waits until each shows that all are in the room.
 * @param {string} page
 * @param {Browser[]} browsers
 */
async function meet(page, browsers) {
  const room = randomUUID();
  const query = new URLSearchParams({ room, signaling: `${signaling.url.replace("http", "ws")}/signal` });
  const tabs = await Promise.all(browsers.map(async (browser, index) => new Tab(`${browser.name} ${index + 1}`, browser, await browser.newPage())));
  await Promise.all(tabs.map((tab) => tab.goto(`${pages.url}/${page}?${query}`)));
  const shown = (/** @type {number} */ count) => document.querySelector("#members")?.textContent === String(count);
  try {
    await Promise.all(tabs.map((tab) => tab.until(`${tabs.length} members`, MEET_MS, shown, tabs.length)));
    assert.match((await tabs[0]?.evaluate(invite)) ?? "", /^[\w-]{100,}$/);
  } catch (error) {
    const told = await Promise.all(tabs.map((tab) => tab.evaluate(() => document.querySelector("#members")?.textContent ?? "")));
    const consoles = tabs.map((tab, index) => `${tab.label} shows "${told[index]}"\n${tab.console.join("\n")}`);
    throw new Error(`${error}\n${consoles.join("\n")}\n${signaling.log.join("\n")}`);
  } finally {
    await Promise.all(tabs.map((tab) => tab.close()));
  }
}

for (const [bundler, page] of /** @type {const} */ ([
  ["vite", "vite/dist/"],
  ["webpack", "webpack/"],
  ["rollup", "rollup/"],
  ["esbuild", "esbuild/"],
])) {
  test(`an app built by ${bundler} joins, and its tabs see each other`, async () => {
    await npm(join(packed.folder, bundler), "run", "build");
    await meet(page, [chromium, chromium]);
  });
}

test("a page without a bundler joins, in Chromium and Firefox, and they see each other", async () => {
  await meet("plain/", [chromium, firefox]);
});
