// @ts-check
// The signaling server dies, and the rooms live on; it comes back, and newcomers find them.
import assert from "node:assert/strict";
import { everySecond, inMs, median, nowMs, worst } from "./harness/clock.mjs";
import { expectEverybody, expectMessage, expectSignaling, moveCursor, place, say } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const NOTICE_MS = 10_000;
const REUNION_MS = 30_000;
const ALIVE_S = 60;
/** A cursor or a message that takes longer than this did not go on as before. */
const PROMPT_MS = 1_000;
const KINDS = /** @type {const} */ (["chromium", "chromium", "firefox"]);

scenario("after SIGKILL of the server, presence and chat go on for a minute and nobody leaves; once it is back, newcomers join", async (scene) => {
  const demos = /** @type {const} */ (["presence", "chat"]);
  const [pointing, chatting] = await Promise.all(demos.map((demo) => scene.company(KINDS, demo, { room: `${scene.room}, ${demo}` })));
  assert.ok(pointing && chatting);
  const all = [...pointing, ...chatting];

  const killedMs = nowMs();
  await scene.server.kill();
  await Promise.all([
    expectSignaling(all, "unreachable", NOTICE_MS).then(() => scene.note(`unreachable everywhere after ${inMs(nowMs() - killedMs)}`)),
    liveOn(scene, pointing, chatting),
  ]);
  await expectSignaling(all, "unreachable", 0);
  await expectNobodyLeft(all);
  await Promise.all([expectEverybody(pointing, 0), expectEverybody(chatting, 0)]);

  const backMs = nowMs();
  await scene.server.start();
  const newcomers = await Promise.all(
    demos.map(async (demo, index) => {
      const kind = KINDS[index * 2] ?? "firefox";
      const newcomer = await scene.join(kind, demo, { room: `${scene.room}, ${demo}` });
      const metMs = await expectEverybody([...(demo === "presence" ? pointing : chatting), newcomer], REUNION_MS);
      scene.note(`a newcomer to ${demo} and the three see each other ${inMs(metMs - backMs)} after the server's return`);
      return newcomer;
    }),
  );
  const [guest, speaker] = newcomers;
  assert.ok(guest && speaker);
  await moveCursor(guest, pointing, place(7), PROMPT_MS);
  await say(speaker, "what did I miss?");
  await expectMessage([...chatting, speaker], speaker.id, "what did I miss?", PROMPT_MS);
  await expectNobodyLeft(all);
});

/**
 * Every second, somebody moves in the one room and somebody speaks in the other, and all the others see it.
 * @param {Scene} scene
 * @param {readonly Visitor[]} pointing
 * @param {readonly Visitor[]} chatting
 */
async function liveOn(scene, pointing, chatting) {
  /** @type {number[]} */
  const tookMs = [];
  await everySecond(ALIVE_S, async (second) => {
    const mover = pointing[second % pointing.length];
    const speaker = chatting[second % chatting.length];
    assert.ok(mover && speaker);
    const text = `second ${second}.`;
    const startMs = nowMs();
    await Promise.all([
      moveCursor(mover, pointing.filter((tab) => tab !== mover), place(second), PROMPT_MS),
      say(speaker, text).then(() => expectMessage(chatting, speaker.id, text, PROMPT_MS)),
    ]);
    tookMs.push(nowMs() - startMs);
  });
  scene.note(`${ALIVE_S} rounds of a move and a message, driven and seen by all: median ${inMs(median(tookMs))}, worst ${inMs(worst(tookMs))}`);
}

/** @param {readonly Visitor[]} tabs */
async function expectNobodyLeft(tabs) {
  for (const tab of tabs) {
    const { left, departures } = await tab.recording();
    assert.deepEqual({ left, departures }, { left: [], departures: [] }, `${tab.label} lost somebody`);
  }
}
