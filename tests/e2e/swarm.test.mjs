// @ts-check
// A large room: many members in five pages. They find each other quickly, with few links and few connections, and need the server for newcomers only.
import assert from "node:assert/strict";
import { inMs, median, nowMs, worst } from "./harness/clock.mjs";
import { census, enter, expectAllSeeAll, expectConnected, expectHeard, openPage, sayInTurn } from "./harness/crowd.mjs";
import { FAILED_MS } from "./harness/failures.mjs";
import { crash } from "./harness/lifecycle.mjs";
import { readMachine, takenByOthersMs } from "./harness/machine.mjs";
import { stallsOf } from "./harness/pulse.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */
/** @typedef {import("./harness/browsers.mjs").BrowserName} BrowserName */

const scenario = suite();

/** Fifty members with `cargo xtask e2e --soak`, else twenty: fifty that start at once keep two cores busy for longer than some of these figures allow. */
const A_PAGE = process.env["CHINWAG_E2E_SOAK"] === "1" ? 10 : 4;
const MEET_MS = 10_000;
/** How long a test waits for a figure that is too late, only to be able to tell it. */
const PATIENCE_MS = 30_000;
const SETTLE_MS = 15_000;
const LINKS_MAX = 8;
const SOCKETS_MAX = 5;
const CONNECTIONS_MAX = 12;
const HEARD_MS = 100;
const WORDS_MS = 5_000;
/** Of fifty, of whom ten die, five at least. Fewer dead leave fewer places. */
const NEW_LINKS = A_PAGE / 2;
/** The longest pause between two tries to find the server again is half a minute. */
const REUNION_MS = 35_000;
const CHROMIUM = /** @type {const} */ (["chromium", "chromium", "chromium", "chromium", "chromium"]);
const MIXED = /** @type {const} */ (["chromium", "chromium", "chromium", "chromium", "firefox"]);

/**
 * A room of as many members in each of some pages, all of whom see all.
 * @param {Scene} scene
 * @param {readonly BrowserName[]} kinds
 */
async function crowd(scene, kinds) {
  const tabs = await Promise.all(kinds.map((kind) => openPage(scene, kind)));
  const [startMs, machine] = [nowMs(), readMachine()];
  const ids = await Promise.all(tabs.map((tab) => enter(tab, scene.room, A_PAGE)));
  const metMs = await expectAllSeeAll(tabs, ids.flat(), PATIENCE_MS);
  const othersMs = takenByOthersMs(machine);
  const line = `all ${ids.flat().length} see all after ${inMs(metMs - startMs)}, of which others had the machine for ${inMs(othersMs)}`;
  scene.note(line);
  assert.ok(metMs - startMs <= MEET_MS + othersMs, line);
  return { tabs, ids, metMs };
}

scenario("a crowd sees each other within 10 s, holds 8 links at most, makes 12 connections at most, and leaves the server 5 sockets; a fifth of it in Firefox", async (scene) => {
  await settledCrowd(scene, MIXED);
});

scenario("a crowd, all of it in Chromium, does so, too; and when the server has died for good, a fifth that dies at once is failed within 6 s, new links are made, no word is lost, and more come when it is back", async (scene) => {
  const { tabs, ids } = await settledCrowd(scene, CHROMIUM);
  const [victim, ...others] = tabs;
  const [dead, ...survivors] = ids;
  assert.ok(victim && dead);
  const alive = survivors.flat();
  await scene.server.kill();
  const talk = talking(others, 1);
  const diedMs = nowMs();
  await crash(victim);
  await expectFailures(scene, others, alive, dead, diedMs).finally(talk.end);
  const words = await talk.end();
  const { delaysMs } = await expectHeard(others, alive.map((id) => ({ id, numbers: words })), WORDS_MS);
  const { people } = await census(others);
  const made = linksSince(people, diedMs);
  scene.note(`${delaysMs.length} words heard meanwhile, after ${inMs(median(delaysMs))} (median), ${inMs(worst(delaysMs))} (worst); ${made} links were made without a server`);
  assert.ok(made >= NEW_LINKS, `${made} links were made without a server`);
  expectConnected(people);

  const backMs = nowMs();
  await scene.server.start();
  const newcomers = await openPage(scene, "chromium");
  const more = await enter(newcomers, scene.room, A_PAGE);
  const metMs = await expectAllSeeAll([...others, newcomers], [...alive, ...more], REUNION_MS);
  scene.note(`as many more are in ${inMs(metMs - backMs)} after the server's return`);
});

/**
 * A room of as many members in each of some pages, when it has come to rest; and everything that is promised of it up to then.
 * @param {Scene} scene
 * @param {readonly BrowserName[]} kinds
 */
async function settledCrowd(scene, kinds) {
  const { tabs, ids, metMs } = await crowd(scene, kinds);
  await sayInTurn(tabs, 0, SETTLE_MS - (nowMs() - metMs));
  const sockets = await scene.server.sockets();
  const { people, connectionsMade } = await census(tabs);
  const made = people.map(({ peerConnectionsMade }) => peerConnectionsMade);
  scene.note(`links ${median(people.map(({ links }) => links))} (median), at most ${worst(people.map(({ linksMax }) => linksMax))}; connections ${median(made)} (median), at most ${worst(made)}; ${sockets} sockets`);
  const { delaysMs, lastMs } = await expectHeard(tabs, ids.flat().map((id) => ({ id, numbers: [0] })), WORDS_MS);
  scene.note(`${delaysMs.length} words heard after ${inMs(median(delaysMs))} (median); by the last after ${inMs(median(lastMs))} (median), ${inMs(worst(lastMs))} (worst)`);

  assert.equal(made.reduce((sum, count) => sum + count, 0), connectionsMade, "what members count is what is made");
  assert.ok(worst(made) <= CONNECTIONS_MAX, `connections made: ${made.join(" ")}`);
  assert.ok(worst(people.map(({ linksMax }) => linksMax)) <= LINKS_MAX, `links at most: ${people.map(({ linksMax }) => linksMax).join(" ")}`);
  assert.ok(sockets <= SOCKETS_MAX, `the server holds ${sockets} sockets`);
  assert.ok(median(lastMs) < HEARD_MS, `a word reaches the last after ${inMs(median(lastMs))}`);
  assert.deepEqual(people.flatMap(({ left }) => left), [], "nobody was lost");
  expectConnected(people);
  return { tabs, ids };
}

/**
 * Lets every member of some pages say a word each second or so, until it is ended.
 * @param {readonly Visitor[]} tabs
 * @param {number} first the number of the first word
 */
function talking(tabs, first) {
  /** @type {number[]} */
  const words = [];
  let on = true;
  const saying = (async () => {
    for (let number = first; on; number += 1) {
      await sayInTurn(tabs, number, 1_000);
      words.push(number);
    }
  })();
  return {
    /** The numbers of the words that each has said. */
    end: async () => {
      on = false;
      await saying;
      return words;
    },
  };
}

/**
 * Asserts that every member of some pages holds those who died, and nobody else, for failed, in time. What the pages stood still because the machine was busy comes on top.
 * @param {Scene} scene
 * @param {readonly Visitor[]} tabs
 * @param {readonly string[]} alive who is left
 * @param {readonly string[]} dead
 * @param {number} diedMs epoch milliseconds
 */
async function expectFailures(scene, tabs, alive, dead, diedMs) {
  await expectAllSeeAll(tabs, alive, PATIENCE_MS);
  const { sumMs: stallMs } = await stallsOf(tabs, diedMs, nowMs());
  const { people } = await census(tabs);
  for (const { id, left } of people) {
    assert.deepEqual(left.map(({ member, reason }) => `${member} ${reason}`).sort(), dead.map((member) => `${member} failed`).sort(), `whom ${id} lost`);
  }
  const afterMs = people.flatMap(({ left }) => left.map(({ atMs }) => atMs - diedMs));
  const line = `failed after ${inMs(median(afterMs))} (median), ${inMs(worst(afterMs))} (worst); pages stood still for ${inMs(stallMs)}`;
  scene.note(line);
  assert.ok(worst(afterMs) <= FAILED_MS + stallMs, line);
}

/**
 * How many links have been made since, each counted at both of its ends.
 * @param {readonly { id: string, linksMade: readonly { atMs: number, peer: string }[] }[]} people
 * @param {number} sinceMs epoch milliseconds
 */
function linksSince(people, sinceMs) {
  const made = new Map(people.map(({ id, linksMade }) => [id, new Set(linksMade.filter(({ atMs }) => atMs > sinceMs).map(({ peer }) => peer))]));
  return people.reduce((sum, { id }) => sum + [...(made.get(id) ?? [])].filter((peer) => id < peer && made.get(peer)?.has(id)).length, 0);
}
