// @ts-check
// When a member has died, and the others come to know of it.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./clock.mjs";
import { stallsOf } from "./pulse.mjs";

/** @typedef {import("./suite.mjs").Scene} Scene */
/** @typedef {import("./suite.mjs").Visitor} Visitor */

/** From a death on, until all the others suspect the member. */
const SUSPECT_MS = 3_000;
/** From a death on, until all the others hold it for failed. */
export const FAILED_MS = 6_000;
/** How long a test waits for a figure that is too late, only to be able to tell it. */
const PATIENCE_MS = 20_000;

/**
 * Asserts that tabs suspect a member in time, and hold it for failed in time. The times are those of the events in the pages, from the
 * death on. What the pages stood still meanwhile because the machine was busy is not the library's, and comes on top: `pulse.mjs` measures it.
 * @param {Scene} scene
 * @param {readonly Visitor[]} survivors
 * @param {Visitor} dead
 * @param {number} diedMs epoch milliseconds
 * @param {readonly Visitor[]} pulses whose hearts tell how busy the machine is: those that are shown
 */
export async function expectFailure(scene, survivors, dead, diedMs, pulses = survivors) {
  await Promise.all(
    survivors.map((tab) =>
      tab.until(
        `the failure of ${dead.label}`,
        PATIENCE_MS,
        (id) => [window.recording.left, window.recording.departures].every((list) => list.some(({ member }) => member === id)),
        dead.id,
      ),
    ),
  );
  const { sumMs: stallMs } = await stallsOf(pulses, diedMs, nowMs());
  const seen = await Promise.all(survivors.map((tab) => failureAt(tab, dead, diedMs)));
  const line = seen.map((each) => `${Math.round(each.suspectMs)}/${Math.round(each.failedMs)}`).join(" ");
  const last = { suspectMs: Math.max(...seen.map((each) => each.suspectMs)), failedMs: Math.max(...seen.map((each) => each.failedMs)) };
  const report = `${dead.label} suspect/failed after ms: ${line}; last ${inMs(last.suspectMs)}/${inMs(last.failedMs)}; pages stood still for ${inMs(stallMs)}`;
  scene.note(report);
  assert.ok(last.suspectMs <= SUSPECT_MS + stallMs, `suspect too late: ${report}`);
  assert.ok(last.failedMs <= FAILED_MS + stallMs, `failed too late: ${report}`);
}

/**
 * When a tab came to suspect a member, and held it for failed.
 * @param {Visitor} tab
 * @param {Visitor} dead
 * @param {number} diedMs
 */
async function failureAt(tab, dead, diedMs) {
  const { suspected, left, departures } = await tab.recording();
  const [suspicion] = suspected.filter(({ member, atMs }) => member === dead.id && atMs > diedMs);
  const [failure] = left.filter(({ member }) => member === dead.id);
  assert.ok(suspicion && failure, `${tab.label} heard of the suspicion and of the failure of ${dead.label}`);
  assert.equal(failure.reason, "failed", tab.label);
  assert.ok(departures.some(({ member, reason }) => member === dead.id && reason === "failed"), `${tab.label} shows it`);
  return { suspectMs: suspicion.atMs - diedMs, failedMs: failure.atMs - diedMs };
}
