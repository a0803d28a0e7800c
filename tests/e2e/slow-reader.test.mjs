// @ts-check
// A tab that takes nothing for a while: what it costs the others, and what it misses.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./harness/clock.mjs";
import { feelPulse, stallsOf } from "./harness/pulse.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const MESSAGE_BYTES = 16 << 10;
const PAUSE_MS = 20;
const TALK_MS = 5_000;
/** Less than it takes until a tab that says nothing is given up. */
const BLOCKED_MS = 3_000;
/** What a message may take to somebody who reads, however slow another one is. */
const DELAY_MS = 500;
const CATCH_UP_MS = 5_000;

/** Runs in the page: writes down how long each message took, by their numbers. */
const hear = () => {
  window.delaysMs = [];
  window.chinwag?.room?.channel("bulk").on("message", (data) => {
    const { number, saidMs } = /** @type {{ number: number, saidMs: number }} */ (data);
    window.delaysMs.push({ number, ms: performance.timeOrigin + performance.now() - saidMs });
  });
};

/** Runs in the page: sends messages at an even pace, but none before the one before it was taken. */
const talk = async (/** @type {number} */ bytes, /** @type {number} */ pauseMs, /** @type {number} */ forMs) => {
  const channel = window.chinwag?.room?.channel("bulk");
  const endMs = performance.now() + forMs;
  const filling = new Uint8Array(bytes);
  let said = 0;
  let longestMs = 0;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await channel?.send({ number: said, saidMs: performance.timeOrigin + startMs, filling });
    longestMs = Math.max(longestMs, performance.now() - startMs);
    said += 1;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return { said, longestMs };
};

/** Runs in the page: nothing else does, for so long. */
const block = (/** @type {number} */ ms) => {
  setTimeout(() => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
  });
};

scenario("a tab whose main thread is blocked holds up neither who sends nor who reads, and gets all of it afterwards", async (scene) => {
  const tabs = await scene.company(["chromium", "chromium", "chromium"], "chat");
  const [sender, reader, blocked] = tabs;
  assert.ok(sender && reader && blocked);
  await Promise.all([reader, blocked].map((tab) => tab.evaluate(hear)));
  await feelPulse([sender, reader]);
  const startMs = nowMs();
  await blocked.evaluate(block, BLOCKED_MS);
  const { said, longestMs } = await sender.evaluate(talk, MESSAGE_BYTES, PAUSE_MS, TALK_MS);
  for (const tab of [reader, blocked]) {
    await tab.until(`${said} messages`, CATCH_UP_MS, (count) => window.delaysMs.length >= count, said);
    const numbers = await tab.evaluate(() => window.delaysMs.map(({ number }) => number));
    assert.deepEqual(numbers, Array.from({ length: said }, (_, number) => number), `what ${tab.label} heard`);
  }
  const { sumMs: stallMs } = await stallsOf([sender, reader], startMs, nowMs());
  const worstMs = async (/** @type {Visitor} */ tab) => tab.evaluate(() => Math.max(...window.delaysMs.map(({ ms }) => ms)));
  const [readerMs, blockedMs] = [await worstMs(reader), await worstMs(blocked)];
  const report = `${said} messages; the longest wait to send ${inMs(longestMs)}, to read ${inMs(readerMs)}, behind the block ${inMs(blockedMs)}; pages stood still for ${inMs(stallMs)}`;
  scene.note(report);
  assert.ok(blockedMs > BLOCKED_MS / 2, `it was blocked while others talked: ${report}`);
  assert.ok(longestMs <= DELAY_MS + stallMs && readerMs <= DELAY_MS + stallMs, `held up: ${report}`);
  for (const tab of tabs) assert.deepEqual((await tab.recording()).left, [], `${tab.label} lost nobody`);
});
