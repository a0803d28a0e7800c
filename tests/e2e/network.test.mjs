// @ts-check
// Networks that change under tabs: a path breaks, a laptop goes elsewhere, a browser is offline. Links find another way, and are not made anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inMs, nowMs } from "./harness/clock.mjs";
import { makeCuttable } from "./harness/cut.mjs";
import { expectAlive, expectEverybody, expectSignaling, moveCursor, place } from "./harness/demo.mjs";
import { breakPath, Roamer, whyNoRoaming } from "./harness/roaming.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();
const skip = whyNoRoaming();
/** A scenario in which the network changes. @type {typeof scenario} */
const roaming = (name, play) => (skip === false ? scenario(name, play) : test(name, { skip }));

const MEET_MS = 10_000;
const SEE_MS = 2_000;
/** A silence, what it takes to find out that the peer lives, and another way. */
const MENDED_MS = 8_000;
/** Whoever had been missed for good by then would be buried. */
const BURIED_MS = 7_000;

roaming("a link whose path breaks finds another one: no connection is made for it, and nobody is missed", async (scene) => {
  const [first, ...others] = [await cuttable(scene, "chromium"), await cuttable(scene, "chromium"), await cuttable(scene, "firefox")];
  assert.ok(first);
  const tabs = [first, ...others];
  await expectEverybody(tabs, MEET_MS);
  const before = await Promise.all(tabs.map(standing));
  for (const [index, other] of others.entries()) {
    const path = await pathTo(first, other);
    const brokenMs = nowMs();
    const repair = breakPath(path.port, path.other);
    try {
      await first.until(`another way to ${other.label}`, MENDED_MS, watchPath, nameOf(other), path.port);
      scene.note(`another way to ${other.label} after ${inMs(nowMs() - brokenMs)}`);
      await moveCursor(first, [other], place(index), SEE_MS);
      await expectAlive(tabs, SEE_MS);
      assert.deepEqual(await Promise.all(tabs.map(standing)), before);
    } finally {
      repair();
    }
  }
});

roaming("a tab whose machine gets another address keeps its links, and is missed by nobody", async (scene) => {
  const roamer = await Roamer.start(scene.server.url);
  try {
    const elsewhere = await scene.browser("chromium", { host: roamer, args: [`--unsafely-treat-insecure-origin-as-secure=${roamer.url}`, "--use-fake-ui-for-media-stream"] });
    const stayers = [await scene.join("chromium", "presence"), await scene.join("chromium", "presence")];
    const mover = await scene.tab("chromium", { within: elsewhere });
    await mover.goto(scene.address("presence", mover.name).replace(scene.server.url, roamer.url));
    await mover.arrive();
    const tabs = [...stayers, mover];
    await expectEverybody(tabs, MEET_MS);
    await Promise.all(tabs.map(noteLinks));
    const before = await Promise.all(tabs.map(standing));
    // First nobody tells the browser: from one moment to the next, nothing comes to where it was.
    let movedMs = nowMs();
    roamer.move();
    await moveCursor(mover, stayers, place(2), MENDED_MS);
    scene.note(`heard from another address after ${inMs(nowMs() - movedMs)}`);
    await expectAlive(tabs, MENDED_MS);
    // Then it is without a network for a moment, and knows when it has one again.
    roamer.leave();
    await mover.until("that it is offline", MEET_MS, () => !navigator.onLine);
    roamer.arrive();
    movedMs = nowMs();
    await moveCursor(mover, stayers, place(3), MENDED_MS);
    scene.note(`heard from a third address ${inMs(nowMs() - movedMs)} after it was there`);
    await expectAlive(tabs, MENDED_MS);
    await mover.until("that those who had been missed for good would be buried", BURIED_MS + SEE_MS, (untilMs) => performance.timeOrigin + performance.now() > untilMs, movedMs + BURIED_MS);
    await expectAlive(tabs, SEE_MS);
    assert.deepEqual(await Promise.all(tabs.map(standing)), before);
  } finally {
    await scene.clear();
    await roamer.end();
  }
});

scenario("a tab that is offline keeps its links and says that it has no server, and is back at it as soon as it is online", async (scene) => {
  const tabs = await scene.company(["chromium", "chromium"], "presence");
  const [tab, other] = tabs;
  assert.ok(tab && other);
  const before = await Promise.all(tabs.map(standing));
  await expectSignaling([tab], "attached", MEET_MS);
  await tab.page.setOfflineMode(true);
  await expectSignaling([tab], "unreachable", SEE_MS);
  await moveCursor(tab, [other], place(3), SEE_MS);
  await tab.page.setOfflineMode(false);
  const onlineMs = nowMs();
  await expectSignaling([tab], "attached", SEE_MS);
  scene.note(`attached again after ${inMs(nowMs() - onlineMs)}`);
  await expectEverybody(tabs, SEE_MS);
  assert.deepEqual(await Promise.all(tabs.map(standing)), before);
});

scenario("a tab whose machine slept for an hour knows it by the wall clock, looks after everybody at once, and loses nobody", async (scene) => {
  const tabs = await scene.company(["chromium", "firefox"], "presence");
  const [sleeper] = tabs;
  assert.ok(sleeper);
  const before = await Promise.all(tabs.map(standing));
  const freezes = await sleeper.evaluate(() => {
    // The browser's own monotonic clock stands still while a machine sleeps, as it does here; the wall clock goes on.
    const wall = Date.now;
    Date.now = () => wall() + 3_600_000;
    window.chinwag?.room?.on("signaling", (state) => void ((window.states ??= []).push(state)));
    return window.chinwag?.room?.stats().freezes ?? 0;
  });
  await sleeper.until("that it knows that it slept", SEE_MS, (earlier) => (window.chinwag?.room?.stats().freezes ?? 0) > earlier, freezes);
  await sleeper.until("another socket", SEE_MS, () => window.states?.slice(-2).join() === "connecting,attached");
  await expectAlive(tabs, SEE_MS);
  await moveCursor(sleeper, tabs.slice(1), place(4), SEE_MS);
  assert.deepEqual(await Promise.all(tabs.map(standing)), before);
});

/**
 * A tab in the room whose connections can be told apart.
 * @param {Scene} scene
 * @param {"chromium" | "firefox"} kind
 */
async function cuttable(scene, kind) {
  const tab = await scene.tab(kind);
  await makeCuttable(tab);
  await tab.goto(scene.address("presence", tab.name));
  await tab.arrive();
  await noteLinks(tab);
  return tab;
}

/** Has a tab count the links that it loses. @param {Visitor} tab */
const noteLinks = (tab) =>
  tab.evaluate(() => {
    window.linksLost = 0;
    window.chinwag?.room?.on("link", (_, up) => void (window.linksLost += up ? 0 : 1));
  });

/** What must not change: connections made, links lost, members lost. @param {Visitor} tab */
const standing = (tab) =>
  tab.evaluate(() => {
    const { peerConnectionsMade, dials } = window.chinwag?.room?.stats() ?? {};
    return { peerConnectionsMade, dials, linksLost: window.linksLost ?? 0, left: window.recording.left };
  });

/** What a page calls another one. @param {Visitor} tab */
const nameOf = (tab) => tab.label.replaceAll(" ", "-");

/**
 * The UDP ports of the path that a tab's connection to another one uses.
 * @param {Visitor} tab
 * @param {Visitor} to
 */
async function pathTo(tab, to) {
  const { value } = await tab.until(`a path to ${to.label}`, SEE_MS, watchPath, nameOf(to), 0);
  if (typeof value !== "object") throw new Error("there is no path");
  return value;
}

/**
 * Runs in the page, again and again: the path to another page, if it is not by this port.
 * @param {string} to
 * @param {number} but
 */
const watchPath = (to, but) => {
  const connection = window.connections.find(({ other, connectionState }) => other === to && connectionState !== "closed");
  if (window.pathTo !== to) window.path = undefined;
  window.pathTo = to;
  void connection?.getStats().then((report) => {
    const stats = new Map(report);
    const transport = [...stats.values()].find(({ type }) => type === "transport");
    const pair = stats.get(transport?.selectedCandidatePairId);
    const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
    if (window.pathTo === to) window.path = local && remote && transport.dtlsState === "connected" && pair.state === "succeeded" ? { port: local.port, other: remote.port } : undefined;
  });
  return window.path !== undefined && window.path.port !== but && window.path;
};
