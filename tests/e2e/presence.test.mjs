// @ts-check
// The presence demo: who is here, and where their cursors are.
import assert from "node:assert/strict";
import { inMs, median, nowMs, worst } from "./harness/clock.mjs";
import { expectEverybody, expectNames, isAt, moveCursor, place } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

const scenario = suite();

const MEET_MS = 3_000;
const CURSOR_MEDIAN_MS = 100;
const MOVES = 30;
/** How far the clocks of two pages may be apart. */
const CLOCK_MS = 2;

scenario("three tabs of two browsers, opened at once, show each other within 3 s", async (scene) => {
  const tabs = await Promise.all([scene.tab("chromium"), scene.tab("chromium"), scene.tab("firefox")]);
  const startMs = nowMs();
  await Promise.all(tabs.map((each) => each.goto(scene.address("presence", each.name))));
  const metMs = await expectNames(tabs, startMs + MEET_MS);
  scene.note(`from address to all names in all tabs ${inMs(metMs - startMs)}`);
});

scenario("a newcomer is shown by those who are there, and shows them, within 3 s", async (scene) => {
  for (const kind of /** @type {const} */ (["chromium", "firefox"])) {
    const room = `newcomer ${kind}`;
    const here = await scene.company(["chromium", "firefox"], "presence", { room });
    const newcomer = await scene.tab(kind);
    const startMs = nowMs();
    await newcomer.goto(scene.address("presence", newcomer.name, room));
    const metMs = await expectNames([...here, newcomer], startMs + MEET_MS);
    scene.note(`${kind} as newcomer ${inMs(metMs - startMs)}`);
  }
});

scenario("a moved cursor appears in every other tab within 100 ms, in the median", async (scene) => {
  const tabs = await scene.company(["chromium", "chromium", "firefox"], "presence");
  for (let move = 0; move < MOVES; move += 1) {
    for (const [index, from] of tabs.entries()) {
      const others = tabs.filter((other) => other !== from);
      await moveCursor(from, others, place(move * tabs.length + index), 2_000);
    }
  }
  for (const tab of tabs) {
    const { offsetMs, roundTripMs } = await tab.clockOffsetMs();
    scene.note(`clock of ${tab.label} ${inMs(offsetMs)} off, measured over ${inMs(roundTripMs)}`);
  }
  for (const from of tabs) {
    for (const to of tabs) {
      if (from === to) continue;
      const latenciesMs = await cursorLatencies(from, to);
      assert.equal(latenciesMs.length, MOVES, `${to.label} saw other moves of ${from.label} than it made`);
      scene.note(`${from.label} to ${to.label}: median ${inMs(median(latenciesMs))}, worst ${inMs(worst(latenciesMs))}`);
      assert.ok(median(latenciesMs) <= CURSOR_MEDIAN_MS, `${from.label} to ${to.label}: ${latenciesMs.map(inMs).join(" ")}`);
    }
  }
});

/**
 * For each move, the time from the moment that one page heard its pointer to that at which the other showed the cursor there.
 * @param {import("./harness/suite.mjs").Visitor} from
 * @param {import("./harness/suite.mjs").Visitor} to
 */
async function cursorLatencies(from, to) {
  const { moves } = await from.recording();
  const shown = (await to.recording()).cursors.filter((cursor) => cursor.from === from.id);
  return moves.map(({ atMs, x, y }) => {
    const seen = shown.find((cursor) => cursor.atMs > atMs - CLOCK_MS && isAt(cursor, { x, y }));
    assert.ok(seen, `${to.label} never showed ${from.label} at ${x}, ${y}`);
    return seen.atMs - atMs;
  });
}

scenario("a stroke of many moves ends where the pointer ends, in every other tab", async (scene) => {
  const tabs = await scene.company(["chromium", "firefox"], "presence");
  for (const [from, to] of [tabs, [...tabs].reverse()]) {
    assert.ok(from && to);
    for (let step = 0; step < 40; step += 1) await from.hover("stage", place(step));
    await moveCursor(from, [to], { x: 0.42, y: 0.58 }, 1_000);
  }
});

scenario("a new name is shown by the others", async (scene) => {
  const tabs = await scene.company(["chromium", "firefox"], "presence");
  for (const [index, tab] of tabs.entries()) {
    tab.name = index === 0 ? "Ada" : "Grace";
    await tab.evaluate(() => /** @type {HTMLInputElement} */ (document.querySelector('[data-testid="name-input"]')).select());
    await tab.page.keyboard.type(tab.name);
    await tab.press("Enter");
    await expectEverybody(tabs, 2_000);
  }
});

scenario("two rooms do not see each other", async (scene) => {
  const [here, there] = await Promise.all([
    scene.company(["chromium", "firefox"], "presence"),
    scene.company(["chromium", "firefox"], "presence", { room: `${scene.room}, next door` }),
  ]);
  // Each room is then shown something, and at the time of that nobody of the other has ever been in it.
  for (const tabs of [here, there]) {
    const [from, to] = tabs;
    assert.ok(from && to);
    await moveCursor(from, [to], place(1), 2_000);
    for (const tab of tabs) {
      const { joined, cursors } = await tab.recording();
      const strangers = [...joined.map(({ member }) => member), ...cursors.map((cursor) => cursor.from)];
      assert.deepEqual(strangers.filter((id) => !tabs.some((other) => other.id === id)), [], `${tab.label} saw somebody of the other room`);
    }
  }
});
