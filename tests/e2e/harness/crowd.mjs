// @ts-check
// Pages of which each holds several members, every one with an identity of its own: a large room on a small machine.
import assert from "node:assert/strict";
import { nowMs } from "./clock.mjs";
import { feelPulse } from "./pulse.mjs";

/** @typedef {import("./suite.mjs").Scene} Scene */
/** @typedef {import("./suite.mjs").Visitor} Visitor */
/** @typedef {import("./suite.mjs").Whereabouts} Whereabouts */
/** @typedef {import("./browsers.mjs").BrowserName} BrowserName */

/**
 * @typedef {object} Person one member of a crowd's page; times in epoch milliseconds
 * @property {string} id
 * @property {import("chinwag").Room} room
 * @property {number} linksMax the most links that it ever had at once
 * @property {{ atMs: number, peer: string }[]} linksMade
 * @property {{ atMs: number, member: string, reason: string }[]} left
 * @property {Record<string, { number: number, atMs: number, saidMs: number }[]>} heard by the ids of their authors
 * @property {(number: number) => Promise<void>} say a word to all
 */

/** How long a page may take until it has loaded the package. */
const LOAD_MS = 10_000;

/**
 * A page that holds nobody yet. It counts the connections that are made in it, by whomever.
 * @param {Scene} scene
 * @param {BrowserName} kind
 * @param {Whereabouts} where
 */
export async function openPage(scene, kind, where = {}) {
  const tab = await scene.tab(kind, where);
  await tab.page.evaluateOnNewDocument(() => {
    window.connectionsMade = 0;
    window.people = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      /** @param {RTCConfiguration} [configuration] */
      constructor(configuration) {
        super(configuration);
        window.connectionsMade += 1;
      }
    };
  });
  await tab.goto(`${scene.server.url}/bare/`);
  await tab.until("the package is loaded", LOAD_MS, () => window.library !== undefined);
  await feelPulse([tab]);
  return tab;
}

/**
 * Has so many members join a room from a page, all at once.
 * @param {Visitor} tab
 * @param {string} room
 * @param {number} count
 * @param {readonly string[]} signaling the servers' URLs, if not the page's own
 * @returns {Promise<string[]>} their ids
 */
export async function enter(tab, room, count, signaling = []) {
  return tab.evaluate(join, room, count, signaling);
}

/** Runs in the page. @param {string} name @param {number} count @param {readonly string[]} signaling */
const join = async (name, count, signaling) => {
  const { join: enterRoom, createIdentity } = window.library;
  const now = () => performance.timeOrigin + performance.now();
  const arrive = async () => {
    const room = await enterRoom(name, { identity: createIdentity(), ...(signaling.length > 0 && { signaling }) });
    const channel = room.channel("words");
    const linked = new Set(room.members.filter((member) => member.linked).map(({ id }) => id));
    /** @type {Person} */
    const person = { id: room.self.id, room, linksMax: linked.size, linksMade: [], left: [], heard: {}, say: (number) => channel.send({ number, saidMs: now() }) };
    room.on("link", ({ id }, up) => {
      if (up) person.linksMade.push({ atMs: now(), peer: id });
      if (up) linked.add(id);
      else linked.delete(id);
      person.linksMax = Math.max(person.linksMax, linked.size);
    });
    room.on("leave", ({ id }, reason) => person.left.push({ atMs: now(), member: id, reason }));
    channel.on("message", (data, { from }) => {
      (person.heard[from.id] ??= []).push({ .../** @type {{ number: number, saidMs: number }} */ (data), atMs: now() });
    });
    window.people.push(person);
    return person.id;
  };
  return Promise.all(Array.from({ length: count }, arrive));
};

/**
 * Asserts that every member in these pages comes to see exactly these members, all alive.
 * @param {readonly Visitor[]} tabs
 * @param {readonly string[]} ids
 * @param {number} withinMs from now
 * @returns {Promise<number>} when the last did
 */
export async function expectAllSeeAll(tabs, ids, withinMs) {
  const sorted = [...ids].sort().join();
  const seen = await Promise.all(
    tabs.map((tab) =>
      tab
        .until(
          `${ids.length} members`,
          withinMs,
          (all) => window.people.every(({ room }) => room.members.every(({ status }) => status === "alive") && room.members.map(({ id }) => id).sort().join() === all),
          sorted,
        )
        .catch(async (error) => assert.fail(`${error instanceof Error ? error.message : error}: ${await whatIsSeen(tab, ids)}`)),
    ),
  );
  return Math.max(...seen.map(({ atMs }) => atMs));
}

/**
 * What is wrong with the lists of a page's members, for a message.
 * @param {Visitor} tab
 * @param {readonly string[]} ids
 */
async function whatIsSeen(tab, ids) {
  const wrong = await tab.evaluate((all) => {
    const short = (/** @type {readonly string[]} */ some) => some.map((id) => id.slice(0, 6)).join(" ");
    return window.people.map(({ id, room }) => {
      const seen = room.members.map((member) => member.id);
      const suspects = room.members.filter(({ status }) => status === "suspect").map((member) => member.id);
      const { links, linksPending } = room.stats();
      return `${id.slice(0, 6)} (${links} links, ${linksPending} pending) lacks ${short(all.filter((one) => !seen.includes(one)))}, has beyond them ${short(seen.filter((one) => !all.includes(one)))}, suspects ${short(suspects)}`;
    });
  }, ids);
  return wrong.join("; ");
}

/** What can be counted of every member of some pages. @param {readonly Visitor[]} tabs */
export async function census(tabs) {
  const counted = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(() => ({
        made: window.connectionsMade,
        people: window.people.map(({ id, room, linksMax, linksMade, left }) => {
          const { links, peerConnectionsMade } = room.stats();
          return { id, links, linksMax, linksMade, left, peerConnectionsMade, linked: room.members.filter((member) => member.linked).map((member) => member.id) };
        }),
      })),
    ),
  );
  return { connectionsMade: counted.reduce((sum, { made }) => sum + made, 0), people: counted.flatMap(({ people }) => people) };
}

/**
 * Has every member of some pages say a word to all, one after the other at even times, now in this page and now in that. This paces what users do.
 * @param {readonly Visitor[]} tabs
 * @param {number} number of the word
 * @param {number} overMs
 */
export async function sayInTurn(tabs, number, overMs) {
  const startMs = nowMs();
  const people = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.people.length)));
  const turns = people.flatMap((count, page) => Array.from({ length: count }, (_, index) => ({ page, index }))).sort((a, b) => a.index - b.index);
  await Promise.all(
    turns.map(({ page, index }, turn) =>
      tabs[page]?.evaluate(
        async (at, word, saidAtMs) => {
          await new Promise((resolve) => setTimeout(resolve, saidAtMs - performance.timeOrigin - performance.now()));
          await window.people[at]?.say(word);
        },
        index,
        number,
        startMs + (turn * overMs) / turns.length,
      ),
    ),
  );
}

/**
 * Asserts that every member of some pages hears these words of these authors, each once, and gives the times that they took.
 * @param {readonly Visitor[]} tabs
 * @param {readonly { id: string, numbers: readonly number[] }[]} authors
 * @param {number} withinMs
 * @returns {Promise<{ delaysMs: number[], lastMs: number[] }>} of each word at each hearer; and of each word at the last of them
 */
export async function expectHeard(tabs, authors, withinMs) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        "every word of all the others",
        withinMs,
        (all) => window.people.every(({ id, heard }) => all.every((author) => author.id === id || author.numbers.every((number) => heard[author.id]?.some((word) => word.number === number)))),
        authors,
      ),
    ),
  );
  const heard = (await Promise.all(tabs.map((tab) => tab.evaluate(() => window.people.map((person) => ({ id: person.id, heard: person.heard })))))).flat();
  /** @type {Map<string, number>} */
  const last = new Map();
  const delaysMs = [];
  for (const person of heard) {
    for (const author of authors.filter(({ id }) => id !== person.id)) {
      const words = (person.heard[author.id] ?? []).filter(({ number }) => author.numbers.includes(number));
      assert.deepEqual(words.map(({ number }) => number).sort((a, b) => a - b), [...author.numbers].sort((a, b) => a - b), `what ${person.id} heard of ${author.id}`);
      for (const { number, atMs, saidMs } of words) {
        const key = `${author.id} ${number}`;
        delaysMs.push(atMs - saidMs);
        last.set(key, Math.max(last.get(key) ?? 0, atMs - saidMs));
      }
    }
  }
  return { delaysMs, lastMs: [...last.values()] };
}

/**
 * Asserts that the links of some members, as they see them, hold them all together.
 * @param {readonly { id: string, linked: readonly string[] }[]} people
 */
export function expectConnected(people) {
  const links = new Map(people.map(({ id, linked }) => [id, linked]));
  const [first] = people;
  assert.ok(first);
  const reached = new Set([first.id]);
  for (const id of reached) for (const peer of links.get(id) ?? []) if (links.get(peer)?.includes(id)) reached.add(peer);
  assert.equal(reached.size, people.length, `from ${first.id} the links lead to ${reached.size} of ${people.length}`);
}
