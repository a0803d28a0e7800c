// @ts-check
// Hidden tabs: their timers run once a second, and after a while once a minute, unless they have connections. They stay members, hear the others and are heard.
import assert from "node:assert/strict";
import { inMs, median, nowMs, worst } from "./harness/clock.mjs";
import { expectAlive, expectEverybody } from "./harness/demo.mjs";
import { expectFailure } from "./harness/failures.mjs";
import { cover, crash } from "./harness/lifecycle.mjs";
import { feelPulse, stallsOf, pulseOf } from "./harness/pulse.mjs";
import { suite } from "./harness/suite.mjs";
import { endTalking, startTalking, talkUntil } from "./harness/talk.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

/** `cargo xtask e2e --soak`: ten minutes, in which Chromium comes to throttle as much as it ever does. */
const SOAK = process.env["CHINWAG_E2E_SOAK"] === "1";
const HIDDEN_S = SOAK ? 600 : 60;
/** How long a hidden page's timers run once a second before they run once a minute: Chromium's five minutes, or we would not see it. */
const GRACE_S = SOAK ? 300 : 10;
const INTENSIVE = [`--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/${GRACE_S}`];

const MEET_MS = 5_000;
const HEAR_MS = 5_000;
/** What is said, also by a hidden tab, is heard by all, also by hidden ones, as by those who look at theirs. */
const PROMPT_MS = 1_000;
/** Between two runs of a hidden page's timers, as long as it has connections: a second, of which some are missed; and not a minute. */
const SLOWEST_MS = 5_000;
/** A suspicion ends by a word of the suspect, which a hidden one has as quickly as others. */
const REFUTED_MS = 2_000;

scenario(`tabs that are hidden for ${HIDDEN_S} s stay members, hear everything and are heard`, async (scene) => {
  const throttling = await scene.browser("chromium", { throttled: true, args: INTENSIVE });
  const tabs = await Promise.all([
    scene.join("chromium", "presence"),
    scene.join("firefox", "presence"),
    scene.join("chromium", "presence", { within: throttling }),
    scene.join("chromium", "presence", { within: throttling }),
    scene.join("firefox", "presence", { alone: true }),
  ]);
  const [shown, hidden] = [tabs.slice(0, 2), tabs.slice(2)];
  // A page without connections, to see that the browser does throttle.
  const control = await scene.tab("chromium", { within: throttling });
  await control.goto(`${scene.server.url}/bare/`);
  await expectEverybody(tabs, MEET_MS);
  await feelPulse([...tabs, control]);
  await startTalking(tabs);
  await Promise.all([...hidden, control].map(cover));
  const hiddenMs = nowMs();

  await talkUntil(tabs, hiddenMs + HIDDEN_S * 1_000, HEAR_MS);
  await expectAlive(tabs, HEAR_MS);
  const untilMs = nowMs();
  const { longestMs: stallMs } = await stallsOf(shown, hiddenMs, untilMs);
  scene.note(`the pages that were shown stood still for ${inMs(stallMs)} at most`);
  for (const tab of shown) assert.deepEqual((await pulseOf(tab)).life, [], `${tab.label} was always shown`);
  for (const tab of hidden) await expectThrottled(scene, tab, hiddenMs, stallMs);
  await expectIntensiveThrottling(scene, control, hiddenMs + GRACE_S * 1_000, untilMs);
  for (const tab of tabs) await expectNobodyMissed(scene, tab, stallMs);
  expectPromptWords(scene, await endTalking(tabs, HEAR_MS), stallMs);

  // The hidden ones, too, miss who has died.
  const [dead, ...others] = tabs;
  assert.ok(dead);
  const diedMs = nowMs();
  await crash(dead);
  await expectFailure(scene, others, dead, diedMs, shown.slice(1));
});

/**
 * Asserts that everybody heard everybody in time.
 * @param {Scene} scene
 * @param {{ author: Visitor, reader: Visitor, delaysMs: number[] }[]} pairs
 * @param {number} stallMs what the machine may be late
 */
function expectPromptWords(scene, pairs, stallMs) {
  const all = pairs.flatMap(({ delaysMs }) => delaysMs);
  scene.note(`${all.length} words heard, median ${inMs(median(all))}, worst ${inMs(worst(all))}`);
  const late = pairs.filter(({ delaysMs }) => worst(delaysMs) > PROMPT_MS + stallMs);
  assert.deepEqual(late.map(({ author, reader, delaysMs }) => `${author.label} to ${reader.label}: ${inMs(worst(delaysMs))}`), []);
}

/**
 * Asserts that a tab was hidden all the time, and that its timers ran once a second, no more and no less.
 * @param {Scene} scene
 * @param {Visitor} tab
 * @param {number} sinceMs
 * @param {number} stallMs what the machine may be late
 */
async function expectThrottled(scene, tab, sinceMs, stallMs) {
  const { gaps, life } = await pulseOf(tab);
  assert.deepEqual(life.map(({ event, visible }) => [event, visible]), [["visibilitychange", false]], `${tab.label} was hidden once, for all the time`);
  const whileHidden = gaps.filter(({ atMs }) => atMs > sinceMs).map(({ ms }) => ms);
  const line = `${tab.label} ran ${whileHidden.length} times in ${HIDDEN_S} s: each ${inMs(median(whileHidden))}, at most ${inMs(worst(whileHidden))}`;
  scene.note(line);
  assert.ok(whileHidden.length <= HIDDEN_S + 5 && median(whileHidden) > 900, `its timers are throttled: ${line}`);
  assert.ok(worst(whileHidden) <= SLOWEST_MS + stallMs, `its timers still run every second: ${line}`);
}

/**
 * Asserts that the browser does let pages without connections run once a minute.
 * @param {Scene} scene
 * @param {import("./harness/tab.mjs").Tab} control
 * @param {number} sinceMs
 * @param {number} untilMs
 */
async function expectIntensiveThrottling(scene, control, sinceMs, untilMs) {
  const { gaps, lastMs } = await pulseOf(control);
  const longestMs = worst([...gaps.filter(({ atMs }) => atMs > sinceMs).map(({ ms }) => ms), untilMs - lastMs]);
  scene.note(`a hidden page without connections stood still for ${inMs(longestMs)}`);
  assert.ok(longestMs > 20_000, "it is throttled intensively");
}

/**
 * Asserts that a tab lost nobody, and that whom it suspected could clear that up at once.
 * @param {Scene} scene
 * @param {Visitor} tab
 * @param {number} stallMs what the machine may be late
 */
async function expectNobodyMissed(scene, tab, stallMs) {
  const { left, departures, suspected } = await tab.recording();
  assert.deepEqual({ left, departures }, { left: [], departures: [] }, `${tab.label} has lost somebody`);
  const lastedMs = suspected.map(({ atMs, endedMs = Infinity }) => endedMs - atMs);
  if (lastedMs.length > 0) scene.note(`${tab.label} suspected somebody for ${lastedMs.map(inMs).join(", ")}`);
  assert.ok(lastedMs.every((ms) => ms <= REFUTED_MS + stallMs), `${tab.label} suspected somebody for ${lastedMs.map(inMs).join(", ")}`);
}
