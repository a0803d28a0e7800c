// @ts-check
// The built package starts in both browsers: an optimiser can write WebAssembly that every validator accepts and every
// browser refuses.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser } from "../e2e/harness/browsers.mjs";
import { scratchFolder } from "../e2e/harness/processes.mjs";
import { Server } from "../e2e/harness/server.mjs";
import { Tab } from "../e2e/harness/tab.mjs";
import { root } from "./support/packed.mjs";
import { serve } from "./support/static.mjs";

/** @type {Awaited<ReturnType<typeof serve>>} */
let pages;
const signaling = new Server(scratchFolder);

before(async () => {
  [pages] = await Promise.all([serve(join(root, "crate/web/npm/dist")), signaling.start()]);
});

after(async () => {
  pages?.close();
  await signaling.kill();
});

/** Runs in the page. @param {string} url */
const joinAlone = async (url) => {
  const { join } = await import(/** @type {any} */ ("/index.js"));
  const room = await join("alone", { signaling: url });
  const members = room.members.map((/** @type {{ id: string }} */ { id }) => id);
  await room.leave();
  return { self: room.self.id, members };
};

for (const name of /** @type {const} */ (["chromium", "firefox"])) {
  test(`the built package joins a room in ${name}`, async (context) => {
    const browser = await Browser.launch(name);
    context.after(() => browser.kill());
    const tab = new Tab(name, browser, await browser.newPage());
    // Any page of that origin will do.
    await tab.goto(`${pages.url}/no-such-page`);
    const { self, members } = await tab.evaluate(joinAlone, `${signaling.url.replace("http", "ws")}/signal`);
    assert.match(self, /^\S+$/);
    assert.deepEqual(members, [self]);
  });
}
