// @ts-check
// Who goes, and how the others learn of it: a tab that closes says goodbye, one that is killed is missed.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./harness/clock.mjs";
import { expectEverybody } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const MEET_MS = 5_000;
const LEFT_MS = 1_000;
const FAILED_MS = 10_000;
const KINDS = /** @type {const} */ (["chromium", "firefox"]);

/**
 * Asserts that tabs show that a member has gone, why, and nobody else; and that their rooms told the same.
 * @param {readonly Visitor[]} tabs
 * @param {string} member its id
 * @param {"left" | "failed"} reason
 * @param {number} deadlineMs epoch milliseconds
 * @returns {Promise<{ label: string, atMs: number }[]>} when each of them showed it
 */
async function expectDeparture(tabs, member, reason, deadlineMs) {
  return Promise.all(
    tabs.map(async (tab) => {
      await tab.until(
        `the departure of ${member.slice(0, 6)}`,
        deadlineMs - nowMs(),
        (id) => window.recording.departures.some((departure) => departure.member === id),
        member,
      );
      const { departures, left } = await tab.recording();
      assert.deepEqual(departures.map((each) => [each.member, each.reason]), [[member, reason]], `${tab.label} shows`);
      assert.deepEqual(left.map((each) => [each.member, each.reason]), [[member, reason]], `the room told ${tab.label}`);
      const [shown] = departures;
      assert.ok(shown && shown.atMs <= deadlineMs, `${tab.label} shows it too late`);
      return { label: tab.label, atMs: shown.atMs };
    }),
  );
}

for (const kind of KINDS) {
  scenario(`a ${kind} tab that closes is "left" at the others within 1 s`, async (scene) => {
    const [leaver, ...others] = await scene.company([kind, ...KINDS], "presence");
    assert.ok(leaver);
    const closedMs = nowMs();
    await leaver.close();
    for (const { label, atMs } of await expectDeparture(others, leaver.id, "left", closedMs + LEFT_MS)) {
      scene.note(`at ${label} after ${inMs(atMs - closedMs)}`);
    }
    await expectEverybody(others, LEFT_MS);
  });

  scenario(`a ${kind} tab whose process is killed is "failed" at the others within 10 s`, async (scene) => {
    const [victim, ...others] = await Promise.all([
      scene.join(kind, "presence", { alone: true }),
      scene.join("chromium", "presence"),
      scene.join("firefox", "presence"),
    ]);
    await expectEverybody([victim, ...others], MEET_MS);
    const killedMs = nowMs();
    await victim.kill();
    for (const { label, atMs } of await expectDeparture(others, victim.id, "failed", killedMs + FAILED_MS)) {
      scene.note(`at ${label} after ${inMs(atMs - killedMs)}`);
    }
    await expectEverybody(others, LEFT_MS);
  });

  scenario(`a ${kind} tab that reloads is "left", and then a new member`, async (scene) => {
    const [returner, ...others] = await scene.company([kind, ...KINDS], "presence");
    assert.ok(returner);
    const former = returner.id;
    const reloadedMs = nowMs();
    await returner.reload();
    await expectDeparture(others, former, "left", reloadedMs + LEFT_MS);
    await returner.arrive();
    assert.notEqual(returner.id, former, "each load of a page is a member of its own");
    scene.note(`all see all again after ${inMs((await expectEverybody([returner, ...others], MEET_MS)) - reloadedMs)}`);
  });
}

scenario("a room that is left by its own function is left at once, and can be left twice", async (scene) => {
  const [leaver, ...others] = await scene.company(["chromium", ...KINDS], "presence");
  assert.ok(leaver);
  const leftMs = nowMs();
  await leaver.evaluate(async () => {
    const room = window.chinwag?.room;
    await Promise.all([room?.leave(), room?.leave()]);
    await room?.leave();
  });
  await expectDeparture(others, leaver.id, "left", leftMs + LEFT_MS);
  await expectEverybody(others, LEFT_MS);
});
