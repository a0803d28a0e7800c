// @ts-check
// The pages, for those who read them by screen reader, at night, or on a phone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { addNote, expectEverybody, expectMessage, expectNotes, expectVotes, moveCursor, place, say, vote } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const MEET_MS = 5_000;
const SCHEMES = /** @type {const} */ (["light", "dark"]);
const PHONE = { width: 360, height: 740 };

/**
 * Asserts that axe finds nothing serious, in both colour schemes.
 * @param {Visitor} tab
 */
async function expectAccessible(tab) {
  await tab.page.evaluate(axe);
  for (const scheme of SCHEMES) {
    await tab.page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: scheme },
      { name: "prefers-reduced-motion", value: "reduce" }, // A colour that is just fading in would be judged half way.
    ]);
    const violations = await tab.evaluate(async () => {
      const results = await /** @type {typeof globalThis & { axe: typeof import("axe-core") }} */ (globalThis).axe.run(document);
      return results.violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`) }));
    });
    assert.deepEqual(violations, [], `${tab.page.url()} in ${scheme}`);
  }
}

/**
 * Asserts that the page fits a phone: nothing makes it scroll sideways.
 * @param {Visitor} tab
 */
async function expectFitsPhone(tab) {
  await tab.page.setViewport(PHONE);
  const { value } = await tab.until("a phone's width", 2_000, (width) => innerWidth === width && { scroll: document.documentElement.scrollWidth }, PHONE.width);
  assert.ok(value);
  assert.ok(value.scroll <= PHONE.width, `${tab.page.url()} is ${value.scroll} px wide on a phone of ${PHONE.width} px`);
}

scenario("the start page has no serious barrier, in light and dark, and fits a phone", async (scene) => {
  const tab = await scene.tab("chromium");
  await tab.goto(`${scene.server.url}/`);
  await tab.until("the start page", MEET_MS, () => document.querySelector('[data-testid="open-presence"]') !== null);
  await expectAccessible(tab);
  await expectFitsPhone(tab);
  await expectAccessible(tab);
});

scenario("the presence demo has no serious barrier with people in it, in light and dark, and fits a phone", async (scene) => {
  const [tab, other] = await Promise.all([scene.join("chromium", "presence"), scene.join("chromium", "presence", { name: "A".repeat(40) })]);
  const tabs = [tab, other];
  await expectEverybody(tabs, MEET_MS);
  await moveCursor(other, [tab], place(3), 2_000);
  await expectAccessible(tab);
  await expectFitsPhone(tab);
  await expectAccessible(tab);
});

scenario("the chat demo has no serious barrier with messages in it, in light and dark, and fits a phone", async (scene) => {
  const [tab, other] = await Promise.all([scene.join("chromium", "chat"), scene.join("chromium", "chat", { name: "A".repeat(40) })]);
  const tabs = [tab, other];
  await expectEverybody(tabs, MEET_MS);
  const longWord = "looong".repeat(30);
  for (const from of tabs) {
    await say(from, longWord);
    await expectMessage(tabs, from.id, longWord, 2_000);
  }
  await expectAccessible(tab);
  await expectFitsPhone(tab);
  await expectAccessible(tab);
});

scenario("the board has no serious barrier with notes on it, in light and dark, and fits a phone", async (scene) => {
  const tabs = await Promise.all([scene.join("chromium", "board"), scene.join("chromium", "board", { name: "A".repeat(40) })]);
  const [tab, other] = tabs;
  await expectEverybody(tabs, MEET_MS);
  const longWord = "looong".repeat(20);
  for (const [from, text] of /** @type {const} */ ([[tab, "a note"], [other, longWord]])) await addNote(from, text);
  await expectNotes(tabs, ["a note", longWord], 2_000);
  await expectAccessible(tab);
  await expectFitsPhone(tab);
  await expectAccessible(tab);
});

scenario("the vote has no serious barrier with votes in it, in light and dark, and fits a phone", async (scene) => {
  const tabs = await Promise.all([scene.join("chromium", "vote"), scene.join("chromium", "vote", { name: "A".repeat(40) })]);
  const [tab, other] = tabs;
  await expectEverybody(tabs, MEET_MS);
  await vote(tab, "tea");
  await vote(other, "water");
  await expectVotes(tabs, { tea: 1, water: 1 }, 2_000);
  await expectAccessible(tab);
  await expectFitsPhone(tab);
  await expectAccessible(tab);
});

scenario("inviting by hand has no serious barrier at any step, in light and dark, fits a phone, and is done by keyboard alone", async (scene) => {
  const tab = await scene.join("chromium", "invite");
  await expectAccessible(tab);
  await tabTo(tab, "invite-make");
  await tab.press("Enter");
  const { value: link } = await tab.until("an invite", MEET_MS, () => /** @type {HTMLInputElement | null} */ (document.querySelector('[data-testid="invite-link"]'))?.value);
  await expectAccessible(tab);
  const other = await scene.tab("chromium");
  await other.goto(String(link));
  const { value: answer } = await other.until("an answer", MEET_MS, () => /** @type {HTMLInputElement | null} */ (document.querySelector('[data-testid="answer-text"]'))?.value);
  for (const page of [tab, other]) await expectFitsPhone(page);
  for (const page of [tab, other]) await expectAccessible(page);
  await tabTo(tab, "answer-input");
  await tab.page.keyboard.type("not this");
  await tabTo(tab, "answer-accept");
  await tab.press("Enter");
  await tab.until("why that was not right", 2_000, () => document.querySelector('[data-testid="answer-problem"]')?.textContent !== "");
  await expectAccessible(tab);
  await tab.evaluate((text) => void (/** @type {HTMLTextAreaElement} */ (document.querySelector('[data-testid="answer-input"]')).value = text), String(answer));
  await tabTo(tab, "answer-accept");
  await tab.press("Enter");
  await other.arrive();
  for (const page of [tab, other]) await page.until("two members", MEET_MS, () => document.querySelectorAll('[data-testid="member"]').length === 2);
  await expectAccessible(tab);
});

scenario("a note is added, written on, moved and removed by keyboard alone", async (scene) => {
  const tab = await scene.join("chromium", "board");
  await tabTo(tab, "add-note");
  await tab.press("Enter");
  await tab.page.keyboard.type("by keyboard");
  await expectNotes([tab], ["by keyboard"], 2_000);
  const x = () => tab.evaluate(() => Number(/** @type {HTMLElement} */ (document.querySelector('[data-testid="note"]')).dataset["x"]));
  const before = await x();
  await tab.page.keyboard.down("Shift");
  await tab.press("Tab");
  await tab.press("Tab");
  await tab.page.keyboard.up("Shift");
  await tab.press("ArrowRight");
  assert.ok((await x()) > before, "an arrow key moves it");
  await tab.press("Delete");
  await expectNotes([tab], [], 2_000);
});

scenario("a message is written and sent, and the start page left for a demo, by keyboard alone", async (scene) => {
  const tab = await scene.tab("chromium");
  await tab.goto(`${scene.server.url}/`);
  await tab.until("the start page", MEET_MS, () => document.querySelector('[data-testid="open-chat"]') !== null);
  await tabTo(tab, "name-input");
  await tab.page.keyboard.type("Ada");
  await tabTo(tab, "room-input");
  await tab.page.keyboard.type(scene.room);
  await tabTo(tab, "open-chat");
  await Promise.all([tab.page.waitForNavigation(), tab.press("Enter")]);
  await tab.arrive();
  const other = await scene.join("firefox", "chat");
  tab.name = "Ada";
  await expectEverybody([tab, other], MEET_MS);
  await tabTo(tab, "composer");
  await tab.page.keyboard.type("by keyboard");
  await tabTo(tab, "send");
  await tab.press("Enter");
  await expectMessage([tab, other], tab.id, "by keyboard", 2_000);
});

/**
 * Presses Tab until the element with the test id has the focus; a page with more stops than a keyboard user would bear fails.
 * @param {Visitor} tab
 * @param {string} testId
 */
async function tabTo(tab, testId) {
  const here = () => tab.evaluate(() => document.activeElement?.getAttribute("data-testid") ?? undefined);
  for (let presses = 0; presses < 40 && (await here()) !== testId; presses += 1) await tab.press("Tab");
  assert.equal(await here(), testId, "the keyboard reaches it");
  await tab.evaluate(() => document.activeElement instanceof HTMLInputElement && document.activeElement.select());
}
