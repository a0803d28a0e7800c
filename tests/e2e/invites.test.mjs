// @ts-check
// Rooms without any server: people carry an invite and its answer from page to page by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCuttable } from "./harness/cut.mjs";
import { expectEverybody, expectMessage, say } from "./harness/demo.mjs";
import { breakPath, whyNoRoaming } from "./harness/roaming.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const MEET_MS = 10_000;
const PROMPT_MS = 5_000;
/** A silence, what it takes to find out that the peer lives, and another way. */
const MENDED_MS = 8_000;
/** What still makes a QR code that a phone reads off a screen. */
const CHARACTERS_MAX = 600;

/**
 * What stands in a field.
 * @param {Visitor} tab
 * @param {string} testId
 */
async function read(tab, testId) {
  const { value } = await tab.until(`something in ${testId}`, PROMPT_MS, (id) => /** @type {HTMLInputElement | null} */ (document.querySelector(`[data-testid="${id}"]`))?.value, testId);
  return String(value);
}

/**
 * Puts text into a field at once, as one pastes it.
 * @param {Visitor} tab
 * @param {string} testId
 * @param {string} text
 */
async function paste(tab, testId, text) {
  await tab.click(testId);
  await tab.evaluate(
    (id, pasted) => {
      const field = /** @type {HTMLTextAreaElement} */ (document.querySelector(`[data-testid="${id}"]`));
      field.value = pasted;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
    testId,
    text,
  );
}

/**
 * Makes an invite on the page of a member; returns its link.
 * @param {Visitor} from
 */
async function makeInvite(from) {
  await from.click("invite-make");
  return read(from, "invite-link");
}

/**
 * A tab that opens an invite's link, and has an answer to give back.
 * @param {Scene} scene
 * @param {"chromium" | "firefox"} kind
 * @param {string} link
 */
async function openInvite(scene, kind, link) {
  const tab = await scene.tab(kind);
  const address = new URL(link);
  address.searchParams.set("name", tab.name);
  await tab.goto(address.href);
  return { tab, answer: await read(tab, "answer-text") };
}

/**
 * Has a member let somebody in, all by hand.
 * @param {Scene} scene
 * @param {Visitor} from
 * @param {"chromium" | "firefox"} kind
 */
async function letIn(scene, from, kind) {
  const link = await makeInvite(from);
  const { tab, answer } = await openInvite(scene, kind, link);
  await paste(from, "answer-input", answer);
  await from.click("answer-accept");
  await tab.arrive();
  const text = new URL(link).hash.slice("#invite=".length);
  scene.note(`invite by ${from.label}: ${text.length} characters, its link ${link.length}; answer of ${tab.label}: ${answer.length}`);
  assert.ok(text.length < CHARACTERS_MAX && answer.length < CHARACTERS_MAX);
  return tab;
}

/**
 * Asserts that a page has a link to each of these.
 * @param {Visitor} tab
 * @param {readonly Visitor[]} others
 */
async function expectLinked(tab, others) {
  await tab.until(
    `links to ${others.map(({ label }) => label).join(", ")}`,
    MEET_MS,
    (ids) => ids.every((id) => window.chinwag?.room?.members.some((member) => member.id === id && member.linked)),
    others.map(({ id }) => id),
  );
}

scenario("without any server, one lets in a second and the second a third, who finds the first over the mesh; nobody misses a server", async (scene) => {
  const first = await scene.tab("chromium");
  await first.goto(scene.address("invite", first.name));
  await first.arrive();
  await scene.server.kill();
  await scene.server.start();
  const second = await letIn(scene, first, "chromium");
  const third = await letIn(scene, second, "firefox");
  const all = [first, second, third];
  await expectEverybody(all, MEET_MS);
  await Promise.all(all.map((tab) => expectLinked(tab, all.filter((other) => other !== tab))));
  for (const tab of all) {
    await say(tab, `hello from ${tab.label}`);
    await expectMessage(all, tab.id, `hello from ${tab.label}`, PROMPT_MS);
  }
});

const skip = whyNoRoaming();
const mending = "a link that came of an invite finds another way when its path breaks, and is not made anew";
if (skip !== false) test(mending, { skip });
else scenario(mending, async (scene) => {
  const first = await scene.tab("chromium");
  await makeCuttable(first);
  await first.goto(scene.address("invite", first.name));
  await first.arrive();
  const second = await letIn(scene, first, "firefox");
  const third = await letIn(scene, second, "chromium");
  const all = [first, second, third];
  await expectEverybody(all, MEET_MS);
  await Promise.all(all.map((tab) => expectLinked(tab, all.filter((other) => other !== tab))));
  const before = await Promise.all(all.map(connectionsMade));
  const { value: path } = await first.until("the path of the invite", PROMPT_MS, pathOfInvite, 0);
  if (typeof path !== "object") throw new Error("there is no path");
  const repair = breakPath(path.port, path.other);
  try {
    await first.until("another path", MENDED_MS, pathOfInvite, path.port);
    await say(first, "still here");
    await expectMessage(all, first.id, "still here", PROMPT_MS);
    await Promise.all(all.map((tab) => expectLinked(tab, all.filter((other) => other !== tab))));
    assert.deepEqual(await Promise.all(all.map(connectionsMade)), before);
  } finally {
    repair();
  }
});

/** @param {Visitor} tab */
const connectionsMade = (tab) => tab.evaluate(() => window.chinwag?.room?.stats().peerConnectionsMade);

/**
 * Runs in the page, again and again: the UDP ports by which its first connection goes, if it does not go by this one.
 * @param {number} but
 */
const pathOfInvite = (but) => {
  void window.connections[0]?.getStats().then((report) => {
    const stats = new Map(report);
    const transport = [...stats.values()].find(({ type }) => type === "transport");
    const pair = stats.get(transport?.selectedCandidatePairId);
    const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
    window.path = local && remote && pair.state === "succeeded" ? { port: local.port, other: remote.port } : undefined;
  });
  return window.path !== undefined && window.path.port !== but && window.path;
};

/**
 * Has a member of the bare page do something with an invite, and tells what came of it.
 * @param {Visitor} tab
 * @param {string} answer
 */
const accept = (tab, answer) =>
  tab.evaluate(
    (text) =>
      /** @type {typeof window & { invite: import("chinwag").Invite }} */ (window).invite.accept(text).then(
        (member) => member.id,
        (/** @type {{ code: string, message: string }} */ { code, message }) => `${code}: ${message}`,
      ),
    answer,
  );

/**
 * A page with nothing but the package, in no room yet.
 * @param {Scene} scene
 */
async function barePage(scene) {
  const tab = await scene.tab("chromium");
  await tab.goto(`${scene.server.url}/bare/`);
  await tab.until("the package is loaded", PROMPT_MS, () => window.library !== undefined);
  return tab;
}

/**
 * Has a bare page take up an invite: its answer as soon as there is one, or why there is none.
 * @param {Visitor} tab
 * @param {string} room
 * @param {string} invite
 */
const answer = (tab, room, invite) =>
  tab.evaluate(
    (name, text) =>
      new Promise((/** @type {(said: string) => void} */ resolve) => {
        window.library.join(name, { invite: text, onAnswer: resolve, identity: window.library.createIdentity() }).then(
          (joined) => void (window.chinwag = { room: joined }),
          (/** @type {{ code: string, message: string }} */ { code, message }) => resolve(`${code}: ${message}`),
        );
      }),
    room,
    invite,
  );

/** @param {string} text */
const altered = (text) => `${text.slice(0, 150)}${text[150] === "A" ? "B" : "A"}${text.slice(151)}`;

scenario("an invite that is altered, cut, expired, used, the maker's own or to another room says so on either side, and nothing is lost", async (scene) => {
  const [host, guest] = [await barePage(scene), await barePage(scene)];
  const invite = (/** @type {number} */ lifetimeMs) =>
    host.evaluate(
      async (room, lifetime) => {
        const { createIdentity, join } = window.library;
        window.chinwag ??= { room: await join(room, { signaling: [], identity: createIdentity() }) };
        const made = await window.chinwag.room?.invite({ lifetimeMs: lifetime });
        return Object.assign(window, { invite: made }).invite?.text ?? "";
      },
      scene.room,
      lifetimeMs,
    );
  const text = await invite(60_000);
  for (const [given, room, said] of /** @type {const} */ ([
    ["", scene.room, /^bad-argument: This is no invite/],
    [altered(text), scene.room, /^bad-argument: This is no invite/],
    [text.slice(0, -20), scene.room, /^bad-argument: This is no invite/],
    [text, `${scene.room} elsewhere`, /^bad-argument: This invite is to the room "e2e /],
  ])) {
    assert.match(await answer(guest, room, given), said);
  }
  const own = await host.evaluate((room, given) => window.library.join(room, { invite: given, onAnswer() {} }).then(String, ({ code }) => code), scene.room, text);
  assert.equal(own, "bad-argument");

  const [right, another] = [await answer(guest, scene.room, `Come in: http://example.org/#invite=${text}`), await answer(await barePage(scene), scene.room, text)];
  for (const [given, said] of /** @type {const} */ ([
    [altered(right), /^bad-argument: This is no answer/],
    [right.slice(0, 120), /^bad-argument: This is no answer/],
    [text, /^bad-argument: This is an invite/],
  ])) {
    assert.match(await accept(host, given), said);
  }
  const id = await accept(host, right);
  await guest.until("it is in", MEET_MS, () => window.chinwag?.room?.members.length === 2);
  assert.equal(id, await guest.evaluate(() => window.chinwag?.room?.self.id));
  for (const late of [right, another]) assert.match(await accept(host, late), /^bad-argument: This invite has been used/);

  await invite(1_000);
  await host.until("it has expired", PROMPT_MS, () => Date.now() > /** @type {typeof window & { invite: import("chinwag").Invite }} */ (window).invite.expiresAt + 100);
  const late = await host.evaluate(() => /** @type {typeof window & { invite: import("chinwag").Invite }} */ (window).invite.text);
  assert.match(await accept(host, another), /^bad-argument: This is the answer to another invite/);
  assert.match(await answer(await barePage(scene), scene.room, late), /^join-timeout: This invite has expired/);
  const { left, made } = await host.evaluate(() => {
    const stats = window.chinwag?.room?.stats();
    return { left: window.chinwag?.room?.members.length, made: stats?.peerConnectionsMade };
  });
  assert.deepEqual({ left, made }, { left: 2, made: 2 });
});
