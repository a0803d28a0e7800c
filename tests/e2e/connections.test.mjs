// @ts-check
// RTCPeerConnections are the scarcest thing that a page has: Chromium makes 500 in a process, and counts closed ones until they are collected.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./harness/clock.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/tab.mjs").Tab} Tab */

const scenario = suite();

const MEET_MS = 10_000;
const SEE_MS = 5_000;
/** More than there may be at a time, of those that were not released. */
const LIMIT = 500;
/** `cargo xtask e2e --soak`: an hour of it. */
const SOAK_MS = process.env["CHINWAG_E2E_SOAK"] === "1" ? 3_600_000 : 0;
/** Members that come and go at a time. */
const GUESTS = 4;

scenario("connections of links that ended are released: a page in which members come and go makes more of them than there may be, and keeps those of present links", async (scene) => {
  const tab = await scene.tab("chromium");
  await tab.page.evaluateOnNewDocument(() => {
    window.made = [];
    const Original = RTCPeerConnection;
    window.RTCPeerConnection = class extends Original {
      /** @param {RTCConfiguration} [configuration] */
      constructor(configuration) {
        super(configuration);
        window.made.push(new WeakRef(this));
      }
    };
  });
  await load(tab, scene.server.url);
  await tab.evaluate(async (room) => void (window.chinwag = { room: await window.library.join(room) }), scene.room);
  const startMs = nowMs();
  let [made, rounds, most] = [0, 0, 0];
  while (made <= LIMIT * 1.2 || nowMs() < startMs + SOAK_MS) {
    made = await tab.evaluate(visit, scene.room, GUESTS);
    rounds += 1;
    most = Math.max(most, await living(tab));
  }
  scene.note(`${rounds * GUESTS} members came and went in ${inMs(nowMs() - startMs)}, over ${made} connections, of which ${most} were in memory at the most`);
  await tab.until("that all have left", SEE_MS, () => window.chinwag?.room?.members.length === 1);
  await settle(tab, 0);
  // Those of links that last are the ones that are left.
  await tab.evaluate(async (room) => void (await window.library.join(room, { identity: window.library.createIdentity() })), scene.room);
  await tab.until("a link", SEE_MS, () => window.chinwag?.room?.stats().links === 1);
  await settle(tab, 2);
});

scenario("where the browser makes no more connections the room says so, and goes on when it does", async (scene) => {
  const host = await scene.tab("chromium", { alone: true });
  await load(host, scene.server.url);
  const taken = await host.evaluate(async (room) => {
    const joined = await window.library.join(room, { presence: { name: "host" } });
    window.chinwag = { room: joined };
    window.states = [];
    joined.on("error", ({ code }) => void window.states?.push(code));
    const all = [];
    try {
      for (;;) all.push(new RTCPeerConnection());
    } catch (error) {
      Object.assign(window, { all });
      return { count: all.length, name: /** @type {DOMException} */ (error).name };
    }
  }, scene.room);
  scene.note(`the browser made ${taken.count} connections, and then threw ${taken.name}`);
  assert.ok(taken.count >= LIMIT - 10 && taken.count <= LIMIT, "the browser's limit is known");
  const guest = await scene.join("chromium", "presence");
  await host.until("the error", MEET_MS, () => window.states?.includes("connection-budget"));
  await host.evaluate(() => {
    const { all } = /** @type {{ all: RTCPeerConnection[] }} */ (/** @type {unknown} */ (window));
    for (const connection of all.splice(0)) connection.close();
  });
  await collect(host);
  await host.until("a link", MEET_MS, () => window.chinwag?.room?.stats().links === 1);
  await guest.until("two members", SEE_MS, () => window.chinwag?.room?.members.length === 2);
});

/** Opens the bare page. @param {Tab} tab @param {string} url */
async function load(tab, url) {
  await tab.goto(`${url}/bare/`);
  await tab.until("the package is loaded", MEET_MS, () => window.library !== undefined);
}

/**
 * Runs in the page: some members join, are linked to all, and leave. Gives how many connections were made so far.
 * @param {string} room
 * @param {number} guests
 */
const visit = async (room, guests) => {
  const { join, createIdentity } = window.library;
  const joined = await Promise.all(Array.from({ length: guests }, () => join(room, { identity: createIdentity() })));
  await Promise.all(
    joined.map(
      (each) =>
        new Promise((resolve) => {
          const look = () => each.stats().links >= guests && resolve(undefined);
          each.on("link", look);
          look();
        }),
    ),
  );
  await Promise.all(joined.map((each) => each.leave()));
  return window.made.length;
};

/** Has a page's garbage collected. @param {Tab} tab */
async function collect(tab) {
  const session = await tab.page.createCDPSession();
  await session.send("HeapProfiler.collectGarbage");
  await session.detach();
}

/** How many connections are in memory when all that can be was collected. @param {Tab} tab */
async function living(tab) {
  await collect(tab);
  return tab.evaluate(() => window.made.filter((reference) => reference.deref() !== undefined).length);
}

/** Asserts that so many connections come to be in memory, and no more. @param {Tab} tab @param {number} count */
async function settle(tab, count) {
  const untilMs = nowMs() + SEE_MS;
  for (let left = await living(tab); left !== count; left = await living(tab)) {
    if (nowMs() < untilMs) continue;
    const states = await tab.evaluate(() =>
      window.made.flatMap((reference, index) => {
        const { connectionState, signalingState, iceGatheringState } = reference.deref() ?? {};
        return connectionState ? [`${index}: ${connectionState} ${signalingState} ${iceGatheringState}`] : [];
      }),
    );
    assert.fail(`${left} connections are in memory, and ${count} in use: ${states.join(", ")}`);
  }
}
