// @ts-check
// The chat demo: what one says, all read, in order, as text and nothing else.
import assert from "node:assert/strict";
import { inMs, median, worst } from "./harness/clock.mjs";
import { expectEverybody, expectMessage, say } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const MEET_MS = 5_000;
const KINDS = /** @type {const} */ (["chromium", "chromium", "firefox"]);
const READ_MS = 2_000;
/** Short enough for a name. */
const HTML = '<img src=x onerror="injected=true">';

scenario("what one says, all read, once, its author too, by key or by button", async (scene) => {
  const tabs = await scene.company(KINDS, "chat");
  for (const from of tabs) {
    for (const how of /** @type {const} */ (["enter", "button"])) {
      const text = `${from.label} by ${how}`;
      await say(from, text, how);
      await expectMessage(tabs, from.id, text, READ_MS);
    }
  }
  for (const tab of tabs) assert.equal((await tab.recording()).messages.length, 6, `${tab.label} shows six messages`);
});

scenario("one author's messages are read in the order in which they were sent, and all of them in the same order by all, while all talk at once", async (scene) => {
  const each = 20;
  const tabs = await scene.company(KINDS, "chat");
  await Promise.all(
    tabs.map(async (from) => {
      for (let number = 0; number < each; number += 1) await say(from, `no-${number}`);
    }),
  );
  await Promise.all(tabs.map((tab) => tab.until("all messages", READ_MS, (count) => window.recording.messages.length === count, each * tabs.length)));
  const [first, ...others] = await Promise.all(tabs.map((tab) => tab.evaluate(shownMessages)));
  for (const [index, other] of others.entries()) assert.deepEqual(other, first, `what ${tabs[index + 1]?.label} and ${tabs[0]?.label} show`);
  const wanted = Array.from({ length: each }, (_, number) => number);
  for (const author of tabs) {
    assert.deepEqual((first ?? []).filter(({ from }) => from === author.id).map(numberOf), wanted, `what ${author.label} said`);
  }
  await noteLatencies(scene, tabs);
});

/** Runs in the page: the messages as they stand below each other. */
const shownMessages = () =>
  /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-testid="message"]')]).map(({ dataset, textContent }) => ({
    id: dataset["messageId"],
    from: dataset["from"],
    text: textContent ?? "",
  }));

/** @param {{ text: string }} message */
const numberOf = ({ text }) => Number(/no-(\d+)/.exec(text)?.[1]);

/**
 * Notes how long after the author's own page the others showed its messages. A message may come before one that was said before it, and then
 * stands below the place that it leaves for that.
 * @param {Scene} scene
 * @param {readonly Visitor[]} tabs
 */
async function noteLatencies(scene, tabs) {
  const recordings = await Promise.all(tabs.map((tab) => tab.recording()));
  const shown = (/** @type {number} */ reader, /** @type {Visitor} */ author) =>
    new Map((recordings[reader]?.messages ?? []).filter(({ from }) => from === author.id).map((message) => [numberOf(message), message.atMs]));
  for (const [index, author] of tabs.entries()) {
    const own = shown(index, author);
    for (const [other, reader] of tabs.entries()) {
      if (other === index) continue;
      const lags = [...shown(other, author)].map(([number, atMs]) => atMs - (own.get(number) ?? NaN));
      scene.note(`${author.label} to ${reader.label}: median ${inMs(median(lags))}, worst ${inMs(worst(lags))} after its author`);
    }
  }
}

scenario("who is typing is shown to the others, and no longer when it is said", async (scene) => {
  const tabs = await scene.company(KINDS, "chat");
  for (const from of tabs) {
    const others = tabs.filter((tab) => tab !== from);
    await from.type("composer", "let me think");
    await showTyping(others, from, true);
    await from.press("Enter");
    await expectMessage(tabs, from.id, "let me think", READ_MS);
    await showTyping(others, from, false);
  }
});

/**
 * @param {readonly Visitor[]} tabs
 * @param {Visitor} who
 * @param {boolean} typing
 */
async function showTyping(tabs, who, typing) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        `${who.name} is ${typing ? "" : "no longer "}typing`,
        READ_MS,
        (name, wanted) => (document.querySelector('[data-testid="typing"]')?.textContent ?? "").includes(name) === wanted,
        who.name,
        typing,
      ),
    ),
  );
}

scenario("a name and a message of HTML stay text, wherever they are shown", async (scene) => {
  const [mallory, ...others] = await Promise.all([
    scene.join("chromium", "chat", { name: HTML }),
    scene.join("chromium", "chat"),
    scene.join("firefox", "chat"),
    scene.join("firefox", "presence"),
  ]);
  const chatting = others.slice(0, 2);
  await expectEverybody([mallory, ...others], MEET_MS);
  await mallory.type("composer", HTML);
  await showTyping(chatting, mallory, true);
  await mallory.press("Enter");
  await expectMessage([mallory, ...chatting], mallory.id, HTML, READ_MS);
  for (const tab of [mallory, ...others]) {
    const found = await tab.evaluate(() => ({ images: document.querySelectorAll("img[onerror]").length, injected: window.injected ?? false }));
    assert.deepEqual(found, { images: 0, injected: false }, `${tab.label} took a text for HTML`);
  }
});
