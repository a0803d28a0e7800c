// @ts-check
// Tabs that are away and come back: from the browser's cache of pages, from being frozen or hidden with nobody else there; and tabs that are copies of others.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./harness/clock.mjs";
import { expectEverybody, moveCursor, place } from "./harness/demo.mjs";
import { cover, freeze, thaw } from "./harness/lifecycle.mjs";
import { suite, Visitor } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */

const scenario = suite();

const MEET_MS = 10_000;
const SEE_MS = 2_000;
/** `cargo xtask e2e --soak`: for longer than the server waits for a sign of life. */
const FROZEN_MS = process.env["CHINWAG_E2E_SOAK"] === "1" ? 90_000 : 3_000;

scenario("a tab that goes to another page and comes back by the back button left, and is a member again: the same one, who hears and is heard", async (scene) => {
  const goer = await scene.join("chromium", "presence");
  const stayer = await scene.join("chromium", "presence");
  await expectEverybody([goer, stayer], MEET_MS);
  for (const round of [1, 2]) {
    const comeBack = await goAway(goer, scene);
    await stayer.until(`that it left, ${round} times`, SEE_MS, (id, times) => window.recording.left.filter(({ member, reason }) => member === id && reason === "left").length === times, goer.id, round);
    await expectEverybody([stayer], SEE_MS);
    const backMs = nowMs();
    await comeBack();
    await expectEverybody([goer, stayer], MEET_MS);
    scene.note(`a member again ${inMs(nowMs() - backMs)} after it came back`);
    await moveCursor(goer, [stayer], place(round), SEE_MS);
    await moveCursor(stayer, [goer], place(round + 5), SEE_MS);
  }
  const { left, departures } = await stayer.recording();
  assert.deepEqual([left.length, departures.length], [2, 2], "it left twice, and nobody failed");
});

scenario("a tab that comes back and whose others are gone meanwhile is told so", async (scene) => {
  const goer = await scene.join("chromium", "presence");
  const stayer = await scene.join("firefox", "presence");
  await expectEverybody([goer, stayer], MEET_MS);
  const comeBack = await goAway(goer, scene);
  await stayer.until("that it left", SEE_MS, () => window.recording.left.length === 1);
  await stayer.close();
  await comeBack();
  await expectEverybody([goer], MEET_MS);
  assert.deepEqual((await goer.recording()).left.map(({ member }) => member), [stayer.id]);
});

scenario("a tab alone in its room, hidden or frozen, holds on by its socket, and a newcomer finds it", async (scene) => {
  const hidden = await scene.join("chromium", "presence", { within: await scene.browser("chromium", { throttled: true }) });
  await cover(hidden);
  const meanwhileMs = nowMs();
  const finder = await scene.join("chromium", "presence");
  await expectEverybody([hidden, finder], MEET_MS);
  scene.note(`a hidden one was found after ${inMs(nowMs() - meanwhileMs)}`);

  const room = `${scene.room}, frozen`;
  const frozen = await scene.join("chromium", "presence", { room });
  await freeze(frozen);
  await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
  const newcomer = await scene.join("chromium", "presence", { room });
  await thaw(frozen);
  const thawedMs = nowMs();
  await expectEverybody([frozen, newcomer], MEET_MS);
  scene.note(`a frozen one was found ${inMs(nowMs() - thawedMs)} after it could move again`);
});

scenario("a tab that is duplicated, with all that its browser keeps for it, becomes a member of its own", async (scene) => {
  for (const name of [undefined, "ada"]) {
    const room = `${scene.room}, ${name}`;
    const original = await scene.tab("chromium");
    await original.goto(`${scene.server.url}/bare/`);
    const first = await enter(original, room, name);
    // A page that another one opens gets a copy of what that has in its session's storage, as with the browser's own command.
    const opened = new Promise((resolve) => original.page.once("popup", resolve));
    await original.evaluate(() => {
      sessionStorage.setItem("mine", "copied");
      window.open(location.href);
    });
    const copy = new Visitor("the copy", original.browser, /** @type {import("puppeteer-core").Page} */ (await opened));
    scene.tabs.push(copy);
    const second = await enter(copy, room, name);
    assert.equal(await copy.evaluate(() => sessionStorage.getItem("mine")), "copied");
    for (const tab of [original, copy]) await tab.until("two members", MEET_MS, () => window.chinwag?.room?.members.length === 2);
    const ids = await Promise.all([original, copy].map((tab) => tab.evaluate(() => window.chinwag?.room?.self.id)));
    assert.equal(ids[0], first);
    assert.notEqual(ids[1], first, `it was ${second} at first`);
  }
});

/**
 * Has a tab go to another page; gives what makes it come back by the back button, and asserts that it was not loaded anew.
 * @param {Visitor} tab
 * @param {Scene} scene
 */
async function goAway(tab, scene) {
  const session = await tab.page.createCDPSession();
  /** @type {unknown[]} */
  const reasons = [];
  session.on("Page.backForwardCacheNotUsed", ({ notRestoredExplanations }) => reasons.push(...notRestoredExplanations));
  await session.send("Page.enable");
  await tab.evaluate(() => void (window.visited = true));
  await tab.goto(`${scene.server.url}/bare/`);
  return async () => {
    await tab.page.goBack();
    assert.ok(await tab.evaluate(() => window.visited === true), `it comes from the browser's cache: ${JSON.stringify(reasons)}`);
    await session.detach();
  };
}

/**
 * Joins from the bare page, with the page's own identity or one that its browser keeps; gives the id that it had at first.
 * @param {import("./harness/tab.mjs").Tab} tab
 * @param {string} room
 * @param {string | undefined} name
 */
async function enter(tab, room, name) {
  await tab.until("the package is loaded", MEET_MS, () => window.library !== undefined);
  return tab.evaluate(
    async (where, kept) => {
      const { join, loadIdentity } = window.library;
      const joined = await join(where, kept === null ? {} : { identity: loadIdentity(kept) });
      window.chinwag = { room: joined };
      return joined.self.id;
    },
    room,
    name ?? null,
  );
}
