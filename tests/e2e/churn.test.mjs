// @ts-check
// Twenty tabs that are closed, killed and opened again at random: in the end everybody's list is right.
import { inMs, nowMs } from "./harness/clock.mjs";
import { enter, expectAllSeeAll, openPage } from "./harness/crowd.mjs";
import { crash } from "./harness/lifecycle.mjs";
import { readMachine, takenByOthersMs } from "./harness/machine.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

/** `cargo xtask e2e --soak`: five minutes. */
const CHURN_S = process.env["CHINWAG_E2E_SOAK"] === "1" ? 300 : 20;
const TABS = 20;
const RIGHT_MS = 10_000;
/** How long it may take until all have opened their first tab. */
const OPEN_MS = 30_000;
/** How long a tab is open, and how long its user is away. */
const STAY_MS = { least: 1_000, most: 12_000 };
const AWAY_MS = { least: 0, most: 3_000 };
/** Of those who go, so many are killed and say no goodbye. */
const KILLED = 0.25;
/** What is drawn is drawn again from the same seed: `CHINWAG_E2E_SEED`. */
const SEED = Number(process.env["CHINWAG_E2E_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/**
 * Numbers from 0 to 1 that the seed determines (mulberry32).
 * @param {number} seed
 */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    const again = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((again ^ (again >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Opens a tab, which is in the room.
 * @param {Scene} scene
 */
async function open(scene) {
  const tab = await openPage(scene, "chromium");
  const [id = ""] = await enter(tab, scene.room, 1);
  return { tab, id };
}

/**
 * A user, who closes the tab and opens another, again and again, until it is time to stay.
 * @param {Scene} scene
 * @param {{ tab: Visitor, id: string }} first
 * @param {() => number} roll
 * @param {number} endMs epoch milliseconds
 * @returns {Promise<{ tab: Visitor, id: string, opened: number, killed: number }>}
 */
async function comeAndGo(scene, first, roll, endMs) {
  const pass = (/** @type {{ least: number, most: number }} */ { least, most }) => {
    const ms = Math.max(0, Math.min(least + roll() * (most - least), endMs - nowMs()));
    return new Promise((resolve) => setTimeout(resolve, ms));
  };
  let { tab, id } = first;
  for (let [opened, killed] = [0, 0]; ; opened += 1) {
    await pass(STAY_MS);
    if (nowMs() >= endMs) return { tab, id, opened, killed };
    if (roll() < KILLED) {
      killed += 1;
      await crash(tab);
    } else {
      await tab.close();
    }
    await pass(AWAY_MS);
    ({ tab, id } = await open(scene));
  }
}

scenario(`${TABS} tabs that are closed, killed and opened again at random for ${CHURN_S} s have the right list within 10 s`, async (scene) => {
  const startMs = nowMs();
  const first = await Promise.all(Array.from({ length: TABS }, () => open(scene)));
  await expectAllSeeAll(first.map(({ tab }) => tab), first.map(({ id }) => id), OPEN_MS);
  scene.note(`CHINWAG_E2E_SEED=${SEED}; all ${TABS} are in after ${inMs(nowMs() - startMs)}`);
  const endMs = nowMs() + CHURN_S * 1_000;
  const users = await Promise.all(first.map((each, user) => comeAndGo(scene, each, dice(SEED + user), endMs)));
  const count = (/** @type {"opened" | "killed"} */ what) => users.reduce((sum, user) => sum + user[what], 0);
  const [stillMs, machine] = [nowMs(), readMachine()];
  const tabs = users.map(({ tab }) => tab);
  const rightMs = await expectAllSeeAll(tabs, users.map(({ id }) => id), RIGHT_MS);
  scene.note(`${count("opened")} tabs gave way to others, ${count("killed")} of them were killed; all lists are right ${inMs(rightMs - stillMs)} after the last came, others had the machine for ${inMs(takenByOthersMs(machine))}`);
});
