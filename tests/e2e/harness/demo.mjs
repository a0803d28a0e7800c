// @ts-check
// What people do in the demos and what they should then see, for any number of tabs at once.
import assert from "node:assert/strict";
import { nowMs } from "./clock.mjs";

/** @typedef {import("./suite.mjs").Visitor} Visitor */

/**
 * Asserts that every tab shows exactly these people, by name, itself included: nobody is missing, and there are no ghosts.
 * @param {readonly Visitor[]} tabs
 * @param {number} withinMs from now
 * @returns {Promise<number>} when the last tab showed it
 */
export async function expectEverybody(tabs, withinMs) {
  const people = tabs.map(({ id, name }) => ({ id, name }));
  const seen = await Promise.all(tabs.map((tab) => tab.until(`exactly ${tabs.length} members`, withinMs, showsExactly, people)));
  return Math.max(...seen.map(({ atMs }) => atMs));
}

/** Runs in the page. @param {{ id: string, name: string }[]} people */
const showsExactly = (people) => {
  const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-testid="member"]')]);
  const shown = new Map(items.map((item) => [item.dataset["memberId"], item.textContent ?? ""]));
  const told = window.chinwag?.room?.members.map(({ id }) => id) ?? [];
  return (
    items.length === people.length &&
    told.length === people.length &&
    people.every(({ id, name }) => shown.get(id)?.includes(name) && told.includes(id))
  );
};

/**
 * Asserts that tabs come to hold each other for alive, nobody for suspect, and everybody present.
 * @param {readonly Visitor[]} tabs
 * @param {number} withinMs
 * @returns {Promise<number>} when the last did
 */
export async function expectAlive(tabs, withinMs) {
  const names = Object.fromEntries(tabs.map(({ id, name }) => [id, name]));
  const seen = await Promise.all(
    tabs.map((tab) =>
      tab.until(
        "everybody alive, and present",
        withinMs,
        (wanted) => {
          const members = window.chinwag?.room?.members ?? [];
          const nameOf = (/** @type {unknown} */ presence) => /** @type {{ name?: string } | undefined} */ (presence)?.name;
          return members.length === Object.keys(wanted).length && members.every(({ id, status, presence }) => status === "alive" && nameOf(presence) === wanted[id]);
        },
        names,
      ),
    ),
  );
  return Math.max(...seen.map(({ atMs }) => atMs));
}

/**
 * Asserts that tabs which are just being opened come to show each other's names. Their ids need not be known.
 * @param {readonly Visitor[]} tabs
 * @param {number} deadlineMs epoch milliseconds
 * @returns {Promise<number>} when the last tab showed it
 */
export async function expectNames(tabs, deadlineMs) {
  const names = tabs.map(({ name }) => name);
  const seen = await Promise.all(
    tabs.map((tab) =>
      tab.until(
        `the members ${names.join(", ")}`,
        deadlineMs - nowMs(),
        (all) => {
          const items = [...document.querySelectorAll('[data-testid="member"]')].map(({ textContent }) => textContent ?? "");
          return items.length === all.length && all.every((name) => items.some((item) => item.includes(name)));
        },
        names,
      ),
    ),
  );
  const lastMs = Math.max(...seen.map(({ atMs }) => atMs));
  assert.ok(lastMs <= deadlineMs, `the last tab showed all names ${Math.round(lastMs - deadlineMs)} ms too late`);
  return lastMs;
}

/**
 * Moves a tab's pointer over the stage, and asserts that its cursor is at that place in the others.
 * @param {Visitor} from
 * @param {readonly Visitor[]} others
 * @param {{ x: number, y: number }} place as fractions of the stage
 * @param {number} withinMs
 */
export async function moveCursor(from, others, place, withinMs) {
  await from.hover("stage", place);
  await Promise.all(
    others.map((other) =>
      other.until(
        `the cursor of ${from.name} at ${place.x.toFixed(3)}, ${place.y.toFixed(3)}`,
        withinMs,
        (id, { x, y }) => {
          const cursor = /** @type {HTMLElement | null} */ (document.querySelector(`[data-testid="cursor"][data-member-id="${id}"]`));
          const { x: shownX = "", y: shownY = "" } = cursor?.dataset ?? {};
          return shownX !== "" && Math.abs(Number(shownX) - x) < 0.003 && Math.abs(Number(shownY) - y) < 0.003;
        },
        from.id,
        place,
      ),
    ),
  );
}

/**
 * A place on the stage, another one for each number, well apart from the one before, and never at the edge.
 * @param {number} index
 */
export const place = (index) => ({ x: 0.2 + 0.6 * ((index * 0.382) % 1), y: 0.2 + 0.6 * ((index * 0.237) % 1) });

/**
 * Whether two places are the same, up to the pixel and the rounding of the wire.
 * @param {{ x: number, y: number }} one
 * @param {{ x: number, y: number }} other
 */
export const isAt = (one, other) => Math.abs(one.x - other.x) < 0.003 && Math.abs(one.y - other.y) < 0.003;

/**
 * Types a message and sends it: with the Enter key, or with the button.
 * @param {Visitor} from
 * @param {string} text
 * @param {"enter" | "button"} how
 */
export async function say(from, text, how = "enter") {
  await from.type("composer", text);
  if (how === "enter") await from.press("Enter");
  else await from.click("send");
}

/**
 * Asserts that tabs show a message from a member, once.
 * @param {readonly Visitor[]} tabs
 * @param {string} from the author's id
 * @param {string} text
 * @param {number} withinMs
 */
export async function expectMessage(tabs, from, text, withinMs) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        `the message "${text}"`,
        withinMs,
        (author, words) => {
          const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`[data-testid="message"][data-from="${author}"]`)]);
          return items.filter(({ textContent }) => textContent?.includes(words)).length === 1;
        },
        from,
        text,
      ),
    ),
  );
}

/**
 * Asserts that the tab's line about the mesh says so of the signaling server.
 * @param {readonly Visitor[]} tabs
 * @param {string} state
 * @param {number} withinMs
 */
export async function expectSignaling(tabs, state, withinMs) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        `signaling ${state}`,
        withinMs,
        (wanted) => /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="mesh-state"]'))?.dataset["signaling"] === wanted,
        state,
      ),
    ),
  );
}

/**
 * Adds a note to the board and writes on it.
 * @param {Visitor} from
 * @param {string} text
 * @returns {Promise<string>} its id
 */
export async function addNote(from, text) {
  await from.click("add-note");
  const { value } = await from.until("a note that is ready to be written on", 2_000, () => {
    const field = document.activeElement;
    return field?.getAttribute("data-testid") === "note-text" && field.closest('[data-testid="note"]')?.getAttribute("data-note-id");
  });
  await from.page.keyboard.type(text);
  return String(value);
}

/**
 * Writes something else on a note.
 * @param {Visitor} from
 * @param {string} id
 * @param {string} text
 */
export async function rewriteNote(from, id, text) {
  const field = `[data-note-id="${id}"] [data-testid="note-text"]`;
  await from.page.locator(field).click();
  await from.evaluate((selector) => /** @type {HTMLTextAreaElement} */ (document.querySelector(selector)).select(), field);
  await from.page.keyboard.type(text);
}

/**
 * Peels a note off.
 * @param {Visitor} from
 * @param {string} id
 */
export async function deleteNote(from, id) {
  await from.page.locator(`[data-note-id="${id}"] [data-testid="note-delete"]`).click();
}

/**
 * Asserts that boards show exactly these notes, by their texts.
 * @param {readonly Visitor[]} tabs
 * @param {readonly string[]} texts
 * @param {number} withinMs
 */
export async function expectNotes(tabs, texts, withinMs) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        `exactly the notes ${texts.join(", ")}`,
        withinMs,
        (wanted) => {
          const fields = /** @type {NodeListOf<HTMLTextAreaElement>} */ (document.querySelectorAll('[data-testid="note-text"]'));
          return JSON.stringify([...fields].map(({ value }) => value).sort()) === JSON.stringify(wanted);
        },
        [...texts].sort(),
      ),
    ),
  );
}

/**
 * Presses a choice of the vote.
 * @param {Visitor} from
 * @param {string} choice
 */
export async function vote(from, choice) {
  await from.page.locator(`[data-testid="choice"][data-choice="${choice}"]`).click();
}

/**
 * Asserts that votes stand so: each choice that is not named has none.
 * @param {readonly Visitor[]} tabs
 * @param {Readonly<Record<string, number>>} votes
 * @param {number} withinMs
 */
export async function expectVotes(tabs, votes, withinMs) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        `the votes ${JSON.stringify(votes)}`,
        withinMs,
        (wanted) => {
          const choices = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-testid="choice"]')]);
          return choices.length > 0 && choices.every(({ dataset }) => Number(dataset["votes"]) === (wanted[dataset["choice"] ?? ""] ?? 0));
        },
        votes,
      ),
    ),
  );
}
