// @ts-check
// Who is alive, by what the others notice: a dead tab is missed soon, and one that only stood still is not buried.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./harness/clock.mjs";
import { expectAlive, expectEverybody, moveCursor, place } from "./harness/demo.mjs";
import { expectFailure, FAILED_MS } from "./harness/failures.mjs";
import { crash, freeze, thaw } from "./harness/lifecycle.mjs";
import { feelPulse, pulseOf } from "./harness/pulse.mjs";
import { suite } from "./harness/suite.mjs";
import { endTalking, startTalking, talkUntil } from "./harness/talk.mjs";

/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const MEET_MS = 5_000;
const SEE_MS = 2_000;
const FREEZE_MS = 3_000;
/** Who has stood still says that it is there at once. */
const BACK_MS = 2_000;

scenario("of eight tabs, one whose process dies is suspect at all the others within 3 s, and failed within 6 s", async (scene) => {
  const kinds = /** @type {const} */ (["chromium", "chromium", "chromium", "chromium", "firefox", "firefox", "chromium"]);
  /** @type {Visitor[]} */
  const tabs = await Promise.all([...kinds.map((kind) => scene.join(kind, "presence")), scene.join("firefox", "presence", { alone: true })]);
  let living = tabs;
  await expectEverybody(living, MEET_MS);
  await feelPulse(living);
  const [first] = tabs;
  const fox = tabs.at(-1);
  assert.ok(first && fox);
  // A page whose process crashes, and a whole browser that is killed: neither gets to say anything.
  for (const [dead, die] of /** @type {const} */ ([[first, crash], [fox, (/** @type {Visitor} */ tab) => tab.kill()]])) {
    living = living.filter((tab) => tab !== dead);
    const diedMs = nowMs();
    await die(dead);
    await expectFailure(scene, living, dead, diedMs);
    await expectEverybody(living, SEE_MS);
  }
  for (const tab of living) assert.equal((await tab.recording()).left.length, 2, `${tab.label} lost nobody else`);
});

scenario("tabs that are frozen for 3 s are not declared dead, declare nobody dead, and miss nothing", async (scene) => {
  const kinds = /** @type {const} */ (["chromium", "chromium", "chromium", "firefox"]);
  const tabs = await Promise.all([scene.join("firefox", "presence", { alone: true }), ...kinds.map((kind) => scene.join(kind, "presence"))]);
  const [own, sleeper, dozer] = tabs;
  assert.ok(own && sleeper && dozer);
  await expectEverybody(tabs, MEET_MS);
  await feelPulse(tabs);
  await startTalking(tabs);
  const startMs = nowMs();
  let frozenMs = startMs;
  // The browser's own freezing stops a page's tasks, while its connections are kept up for it; a browser that is paused does nothing at all.
  for (const [index, tab] of [sleeper, own, dozer].entries()) {
    frozenMs = nowMs();
    await (tab === own ? own.browser.pause() : freeze(tab));
    await new Promise((resolve) => setTimeout(resolve, FREEZE_MS));
    await (tab === own ? own.browser.resume() : thaw(tab));
    const thawedMs = nowMs();
    const backMs = await expectAlive(tabs, BACK_MS);
    await moveCursor(tab, tabs.filter((other) => other !== tab), place(index), SEE_MS);
    scene.note(`${await howItStoodStill(tab, tabs, frozenMs)}, alive at all ${inMs(Math.max(0, backMs - thawedMs))} after`);
  }
  // By then whoever was thought dead would be buried, the last one too.
  await talkUntil(tabs, frozenMs + FAILED_MS, BACK_MS);
  await expectAlive(tabs, BACK_MS);
  await expectEverybody(tabs, SEE_MS);
  for (const tab of tabs) {
    const { left, departures, joined } = await tab.recording();
    const since = joined.filter(({ atMs }) => atMs > startMs);
    assert.deepEqual({ left, departures, since }, { left: [], departures: [], since: [] }, `${tab.label} has lost somebody`);
  }
  await endTalking(tabs, BACK_MS);
});

/**
 * Asserts that a tab did stand still for as long as it was told to. How long, and how many suspected it, for the report.
 * @param {Visitor} tab
 * @param {readonly Visitor[]} tabs
 * @param {number} sinceMs epoch milliseconds
 */
async function howItStoodStill(tab, tabs, sinceMs) {
  const { gaps } = await pulseOf(tab);
  const longestMs = Math.max(0, ...gaps.filter(({ atMs }) => atMs > sinceMs).map(({ ms }) => ms));
  assert.ok(longestMs >= FREEZE_MS - 100, `${tab.label} was frozen, and stood still for ${inMs(longestMs)}`);
  const recordings = await Promise.all(tabs.map((each) => each.recording()));
  const suspicious = recordings.filter(({ suspected }) => suspected.some(({ member, atMs }) => member === tab.id && atMs > sinceMs));
  return `${tab.label} stood still for ${inMs(longestMs)}, suspected by ${suspicious.length} of ${tabs.length - 1}`;
}
