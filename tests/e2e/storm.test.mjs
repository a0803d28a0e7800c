// @ts-check
// Everybody reloads at once, as after a deployment: the hardest moment for a mesh that nobody holds together.
import { inMs, nowMs } from "./harness/clock.mjs";
import { expectEverybody } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

const scenario = suite();

const MEET_MS = 10_000;
const STORMS = 3;
const KINDS = /** @type {const} */ (["chromium", "firefox", "chromium", "firefox", "chromium", "chromium"]);

scenario("six tabs that reload at once, three times, are six members in the end, and no ghosts", async (scene) => {
  const tabs = await scene.company(KINDS, "presence");
  for (let storm = 1; storm <= STORMS; storm += 1) {
    const startMs = nowMs();
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map((tab) => tab.arrive()));
    scene.note(`storm ${storm}: all are back after ${inMs((await expectEverybody(tabs, MEET_MS)) - startMs)}`);
  }
});

scenario("three reload storms in a row, none of which lets the one before settle, leave no ghosts either", async (scene) => {
  const tabs = await scene.company(KINDS, "presence");
  const startMs = nowMs();
  for (let storm = 1; storm <= STORMS; storm += 1) await Promise.all(tabs.map((tab) => tab.reload()));
  await Promise.all(tabs.map((tab) => tab.arrive()));
  scene.note(`all are back ${inMs((await expectEverybody(tabs, MEET_MS)) - startMs)} after the first`);
});
