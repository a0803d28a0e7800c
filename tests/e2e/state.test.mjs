// @ts-check
// What outlives its owners: the chat's history, the board's notes, the votes. It is the same for all, also for those who come late,
// and after a time in two halves that did not hear of each other.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./harness/clock.mjs";
import { cut, heal, makeCuttable } from "./harness/cut.mjs";
import { addNote, deleteNote, expectEverybody, expectMessage, expectNotes, expectVotes, rewriteNote, say, vote } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const SEE_MS = 2_000;
/** Two hundred messages with a signature each, on a busy machine. */
const CATCH_UP_MS = 10_000;
/** Both halves must come to count the other half as failed. */
const PARTED_MS = 30_000;
const REUNION_MS = 30_000;
const RETAIN = 200;

/** @param {Visitor} tab */
const messagesShown = (tab) => tab.texts("message");

scenario("who comes late reads the last 200 messages, no more, in the order in which all have them, also of those who are gone", async (scene) => {
  const [ann, bo] = await scene.company(["chromium", "firefox"], "chat");
  assert.ok(ann && bo);
  await sayMany(ann, "too-old", 30);
  await say(bo, "I shall not stay");
  await expectMessage([ann], bo.id, "I shall not stay", SEE_MS);
  await bo.close();
  await sayMany(ann, "no", RETAIN - 1);
  const startMs = nowMs();
  const late = await Promise.all([scene.join("chromium", "chat"), scene.join("firefox", "chat")]);
  const wanted = ["I shall not stay", ...Array.from({ length: RETAIN - 1 }, (_, number) => `no-${number}`)];
  for (const tab of late) {
    await tab.until("the last 200 messages", CATCH_UP_MS, (count) => document.querySelectorAll('[data-testid="message"]').length === count, RETAIN);
    assert.deepEqual(await messagesShown(tab), wanted, tab.label);
  }
  scene.note(`two latecomers show 200 of 230 messages ${inMs(nowMs() - startMs)} after they were opened`);
  // The oldest gives way, for all of them.
  await say(ann, "one more");
  for (const tab of [ann, ...late]) {
    await tab.until("the newest", SEE_MS, () => document.querySelector('[data-testid="messages"]')?.textContent?.includes("one more"));
    const held = await tab.evaluate(() => window.chinwag?.room?.log("chat").entries.map(({ data }) => /** @type {{ text: string }} */ (data).text));
    assert.deepEqual(held?.slice(-RETAIN), [...wanted.slice(1), "one more"], tab.label);
  }
});

/**
 * Says so many numbered messages, quicker than anybody types, and waits until the last of them is shown.
 * @param {Visitor} from
 * @param {string} word
 * @param {number} count
 */
async function sayMany(from, word, count) {
  await from.evaluate(
    async (said, times) => {
      const log = window.chinwag?.room?.log("chat");
      for (let number = 0; number < times; number += 1) await log?.send({ text: `${said}-${number}`, name: "Ann" });
    },
    word,
    count,
  );
  await from.until(
    `${word}-${count - 1}`,
    SEE_MS,
    (last) => [...document.querySelectorAll('[data-testid="message"]')].at(-1)?.textContent?.includes(last),
    `${word}-${count - 1}`,
  );
}

scenario("a note is added, written on, moved and peeled off by anybody, and all see it", async (scene) => {
  const tabs = await scene.company(["chromium", "chromium", "firefox"], "board");
  const [ann, bo, cleo] = tabs;
  assert.ok(ann && bo && cleo);
  const id = await addNote(ann, "buy milk");
  await expectNotes(tabs, ["buy milk"], SEE_MS);
  for (const [mover, dx] of /** @type {const} */ ([[bo, 220], [cleo, 120]])) {
    const place = await drag(mover, id, dx, 90);
    await expectPlace(tabs, id, place);
  }
  await addNote(cleo, "and honey");
  await expectNotes(tabs, ["buy milk", "and honey"], SEE_MS);
  await deleteNote(ann, id);
  await expectNotes(tabs, ["and honey"], SEE_MS);
});

/**
 * Asserts that boards show a note at a place.
 * @param {readonly Visitor[]} tabs
 * @param {string} id
 * @param {{ x: string, y: string }} place
 */
async function expectPlace(tabs, id, place) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        "the note where it was left",
        SEE_MS,
        (note, { x, y }) => {
          const { dataset } = /** @type {HTMLElement} */ (document.querySelector(`[data-note-id="${note}"]`));
          return dataset["x"] === x && dataset["y"] === y;
        },
        id,
        place,
      ),
    ),
  );
}

/**
 * Drags a note with the mouse.
 * @param {Visitor} tab
 * @param {string} id
 * @param {number} dx pixels
 * @param {number} dy pixels
 * @returns {Promise<{ x: string, y: string }>} where it was left
 */
async function drag(tab, id, dx, dy) {
  const read = (/** @type {string} */ note) => {
    const sheet = /** @type {HTMLElement} */ (document.querySelector(`[data-note-id="${note}"]`));
    const { left, top, width, height } = /** @type {Element} */ (sheet.querySelector('[data-testid="note-grip"]')).getBoundingClientRect();
    return { from: { x: left + width / 2, y: top + height / 2 }, place: { x: sheet.dataset["x"] ?? "", y: sheet.dataset["y"] ?? "" } };
  };
  // A hand waits until the note that it reaches for has come to rest.
  await tab.until("a note at rest", SEE_MS, (note) => document.querySelector(`[data-note-id="${note}"]`)?.getAnimations().length === 0, id);
  const { from, place } = await tab.evaluate(read, id);
  const { mouse } = tab.page;
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move(from.x + dx, from.y + dy, { steps: 8 });
  await mouse.up();
  const after = (await tab.evaluate(read, id)).place;
  assert.notDeepEqual(after, place, `${tab.label} has moved the note`);
  return after;
}

scenario("of writes to one key at the same time, the same one wins at all, and no addition to a counter is lost", async (scene) => {
  const tabs = await scene.company(["chromium", "firefox", "chromium", "firefox"], "board");
  const rounds = 20;
  await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(async (name, count) => {
        const room = window.chinwag?.room;
        for (let round = 0; round < count; round += 1) {
          room?.map("contested").set("key", { by: name, round, bytes: new Uint8Array([round]) });
          room?.map("contested").set(`of ${name}`, round);
          if (round % 2 === 1) room?.map("contested").delete(`of ${name}`);
          room?.counter("clicks").add(3);
          room?.counter("clicks").add(-1);
          await new Promise((resolve) => setTimeout(resolve));
        }
      }, tab.label, rounds),
    ),
  );
  await Promise.all(tabs.map((tab) => tab.until("all clicks", SEE_MS, (sum) => window.chinwag?.room?.counter("clicks").value === sum, 2 * rounds * tabs.length)));
  await expectSame(tabs, SEE_MS);
  const [first] = tabs;
  const value = await first?.evaluate(() => /** @type {{ round: number, bytes: Uint8Array }} */ (window.chinwag?.room?.map("contested").get("key")).bytes instanceof Uint8Array);
  assert.equal(value, true, "bytes stay bytes");
});

/** Runs in the page: everything that it holds, as text. */
const held = () => {
  const room = window.chinwag?.room;
  const maps = ["contested", "board"].map((name) => [...(room?.map(name).entries() ?? [])].map(([key, value]) => [key, value]));
  const log = room?.log("chat").entries.map(({ id, data, from, sentAt }) => [id, data, from.id, sentAt]);
  const counters = ["clicks", "votes for tea", "votes for coffee"].map((name) => room?.counter(name).value);
  return JSON.stringify({ maps, log, counters }, (_, value) => (value instanceof Uint8Array ? [...value] : value));
};

/**
 * Asserts that tabs come to hold the same.
 * @param {readonly Visitor[]} tabs
 * @param {number} withinMs
 */
async function expectSame(tabs, withinMs) {
  const deadlineMs = nowMs() + withinMs;
  const [first, ...others] = tabs;
  assert.ok(first);
  let states = await Promise.all(tabs.map((tab) => tab.evaluate(held)));
  while (new Set(states).size > 1 && nowMs() < deadlineMs) states = await Promise.all(tabs.map((tab) => tab.evaluate(held)));
  for (const [index, other] of others.entries()) assert.deepEqual(JSON.parse(states[index + 1] ?? ""), JSON.parse(states[0] ?? ""), `${other.label} holds what ${first.label} does`);
}

scenario("a vote counts each tab once, whatever it chose before, and stays when its voter leaves", async (scene) => {
  const tabs = await scene.company(["chromium", "firefox", "chromium"], "vote");
  const [ann, bo, cleo] = tabs;
  assert.ok(ann && bo && cleo);
  await Promise.all(tabs.map((tab) => vote(tab, "tea")));
  await expectVotes(tabs, { tea: 3 }, SEE_MS);
  await vote(bo, "coffee");
  await vote(cleo, "tea");
  await expectVotes(tabs, { tea: 1, coffee: 1 }, SEE_MS);
  await bo.close();
  const late = await scene.join("firefox", "vote");
  await expectVotes([ann, cleo, late], { tea: 1, coffee: 1 }, CATCH_UP_MS);
});

scenario("two halves that were cut from each other, and went on writing, hold the same when they have met again", async (scene) => {
  const kinds = /** @type {const} */ (["chromium", "firefox"]);
  const open = async (/** @type {"chromium" | "firefox"} */ kind, /** @type {"board" | "vote"} */ demo) => {
    const tab = await scene.tab(kind);
    await makeCuttable(tab);
    await tab.goto(scene.address(demo, tab.name));
    await tab.arrive();
    return tab;
  };
  const boards = await Promise.all(kinds.map((kind) => open(kind, "board")));
  const polls = await Promise.all(kinds.map((kind) => open(kind, "vote")));
  const [boardHere, boardThere] = boards;
  const [pollThere, pollHere] = polls;
  assert.ok(boardHere && boardThere && pollHere && pollThere);
  const [here, there] = [[boardHere, pollHere], [boardThere, pollThere]];
  const all = [...here, ...there];
  await expectEverybody(all, CATCH_UP_MS);
  const shared = await addNote(boardHere, "ours");
  const doomed = await addNote(boardThere, "nobody's");
  await expectNotes(boards, ["ours", "nobody's"], SEE_MS);

  await scene.server.kill();
  assert.ok((await cut(here, there)) > 0, "there were links to cut");
  const cutMs = nowMs();
  await Promise.all([expectEverybody(here, PARTED_MS), expectEverybody(there, PARTED_MS)]);
  scene.note(`each half counts the other as gone ${inMs(nowMs() - cutMs)} after the cut`);

  // Both halves write on the same note, one of them moves it, the other peels another one off; one of them takes another way in the vote, and all talk.
  await rewriteNote(boardHere, shared, "theirs or ours");
  await addNote(boardHere, "from here");
  await deleteNote(boardHere, doomed);
  await addNote(boardThere, "from there");
  const place = await drag(boardThere, shared, 150, 120);
  await rewriteNote(boardThere, shared, "the last word");
  await vote(pollHere, "tea");
  await vote(pollThere, "tea");
  await vote(pollThere, "coffee");
  await Promise.all(all.map((tab) => tab.evaluate(async (name) => window.chinwag?.room?.log("chat").send(`said by ${name}`), tab.name)));
  await Promise.all([
    expectNotes([boardHere], ["theirs or ours", "from here"], SEE_MS),
    expectNotes([boardThere], ["the last word", "nobody's", "from there"], SEE_MS),
    expectVotes([pollHere], { tea: 1 }, SEE_MS),
    expectVotes([pollThere], { coffee: 1 }, SEE_MS),
  ]);

  await heal(all);
  await scene.server.start();
  const backMs = nowMs();
  const metMs = await expectEverybody(all, REUNION_MS);
  scene.note(`the halves see each other ${inMs(metMs - backMs)} after the server's return`);
  await expectNotes(boards, ["the last word", "from here", "from there"], SEE_MS);
  await expectPlace(boards, shared, place);
  await expectVotes(polls, { tea: 1, coffee: 1 }, SEE_MS);
  await expectSame(all, SEE_MS);
  const said = await boardHere.evaluate(() => window.chinwag?.room?.log("chat").entries.map(({ data }) => data));
  assert.deepEqual(said?.map(String).sort(), all.map(({ name }) => `said by ${name}`).sort());
});
