// @ts-check
// Pages that talk by themselves, once a second by their own timers, and write down what they hear: who is there is who is heard.
import assert from "node:assert/strict";
import { nowMs } from "./clock.mjs";

/** @typedef {import("./suite.mjs").Visitor} Visitor */

/**
 * @typedef {object} Talk times in epoch milliseconds
 * @property {number[]} saidMs when each word was said, by its number
 * @property {Record<string, { number: number, atMs: number, delayMs: number }[]>} heard by the ids of their authors
 * @property {() => void} end
 */

/** Runs in the page. */
const talk = () => {
  const channel = /** @type {import("chinwag").Room} */ (window.chinwag?.room).channel("talk");
  const now = () => performance.timeOrigin + performance.now();
  const timer = setInterval(() => {
    const saidMs = now();
    void channel.send({ number: window.talk.saidMs.push(saidMs) - 1, saidMs });
  }, 1_000);
  window.talk = { saidMs: [], heard: {}, end: () => clearInterval(timer) };
  channel.on("message", (data, { from }) => {
    const { number, saidMs } = /** @type {{ number: number, saidMs: number }} */ (data);
    const atMs = now();
    (window.talk.heard[from.id] ??= []).push({ number, atMs, delayMs: atMs - saidMs });
  });
};

/** Lets tabs talk. @param {readonly Visitor[]} tabs */
export async function startTalking(tabs) {
  await Promise.all(tabs.map((tab) => tab.evaluate(talk)));
}

/**
 * Asserts that from now on each of the tabs is heard by all the others, and goes on until all have said something after a moment.
 * @param {readonly Visitor[]} tabs
 * @param {number} untilMs epoch milliseconds
 * @param {number} withinMs how long after that
 */
export async function talkUntil(tabs, untilMs, withinMs) {
  const ids = tabs.map(({ id }) => id);
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        "words of all the others said after a moment",
        untilMs + withinMs - nowMs(),
        (all, self, sinceMs) =>
          all.every((id) => {
            const { atMs = 0, delayMs = 0 } = window.talk.heard[id]?.at(-1) ?? {};
            return id === self || atMs - delayMs >= sinceMs;
          }),
        ids,
        tab.id,
        untilMs,
      ),
    ),
  );
}

/**
 * Ends the talk, and asserts that everybody has heard every word of all the others, once, in order.
 * @param {readonly Visitor[]} tabs
 * @param {number} withinMs
 * @returns {Promise<{ author: Visitor, reader: Visitor, delaysMs: number[] }[]>} how long the words took
 */
export async function endTalking(tabs, withinMs) {
  const talks = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(() => {
        window.talk.end();
        return window.talk.saidMs.length;
      }),
    ),
  );
  const pairs = tabs.flatMap((reader) => tabs.flatMap((author, index) => (author === reader ? [] : [{ author, reader, said: talks[index] ?? 0 }])));
  return Promise.all(
    pairs.map(async ({ author, reader, said }) => {
      await reader.until(`the ${said} words of ${author.label}`, withinMs, (id, count) => (window.talk.heard[id]?.length ?? 0) >= count, author.id, said);
      const heard = await reader.evaluate((id) => window.talk.heard[id] ?? [], author.id);
      assert.deepEqual(heard.map(({ number }) => number), Array.from({ length: said }, (_, number) => number), `what ${reader.label} heard of ${author.label}`);
      return { author, reader, delaysMs: heard.map(({ delayMs }) => delayMs) };
    }),
  );
}
