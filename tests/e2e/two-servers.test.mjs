// @ts-check
// Several signaling servers: whoever of a room has found another server than we is in the same room all the same.
import { inMs, nowMs } from "./harness/clock.mjs";
import { census, enter, expectAllSeeAll, expectConnected, openPage } from "./harness/crowd.mjs";
import { Server } from "./harness/server.mjs";
import { buildSite } from "./harness/site.mjs";
import { suite } from "./harness/suite.mjs";

const scenario = suite();

const MEET_MS = 10_000;
const HALF = 5;

/** Where a server takes sockets. @param {Server} server */
const signalOf = ({ url }) => `${url.replace("http", "ws")}/signal`;

/**
 * Plays a scene in which there is a second server.
 * @param {(other: Server) => Promise<void>} play
 */
async function withOther(play) {
  const other = new Server(buildSite());
  await other.start();
  try {
    await play(other);
  } finally {
    await other.kill();
  }
}

scenario("two halves of a room, joined through two servers, become one when one tab knows both", (scene) =>
  withOther(async (other) => {
    const urls = [signalOf(scene.server), signalOf(other)];
    const [here, there, both] = await Promise.all([openPage(scene, "chromium"), openPage(scene, "firefox"), openPage(scene, "chromium")]);
    const halves = [{ tab: here, ids: await enter(here, scene.room, HALF, urls.slice(0, 1)) }, { tab: there, ids: await enter(there, scene.room, HALF, urls.slice(1)) }];
    for (const { tab, ids } of halves) await expectAllSeeAll([tab], ids, MEET_MS);
    const startMs = nowMs();
    const all = [...halves.flatMap(({ ids }) => ids), ...(await enter(both, scene.room, 1, urls))];
    const metMs = await expectAllSeeAll([here, there, both], all, MEET_MS);
    scene.note(`all ${all.length} see all ${inMs(metMs - startMs)} after the one who knows both came`);
    expectConnected((await census([here, there, both])).people);
  }),
);

scenario("who knows two servers and is alone at the one is found by those who come to the other", (scene) =>
  withOther(async (other) => {
    const urls = [signalOf(scene.server), signalOf(other)];
    const [both, there] = await Promise.all([openPage(scene, "chromium"), openPage(scene, "chromium")]);
    const first = await enter(both, scene.room, 1, urls);
    await expectAllSeeAll([both], first, MEET_MS);
    const startMs = nowMs();
    const all = [...first, ...(await enter(there, scene.room, 2, urls.slice(1)))];
    const metMs = await expectAllSeeAll([both, there], all, MEET_MS);
    scene.note(`all ${all.length} see all after ${inMs(metMs - startMs)}`);
  }),
);
