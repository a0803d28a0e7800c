// @ts-check
// One identity in two tabs at once, and one that comes back.
import assert from "node:assert/strict";
import { expectEverybody } from "./harness/demo.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const MEET_MS = 5_000;
const ADA = "chinwag identity ada";

/**
 * A page that joins with the identity that its browser keeps for Ada: this one, if there is one.
 * @param {Scene} scene
 * @param {"chromium" | "firefox"} kind
 * @param {string | undefined} secret
 */
async function asAda(scene, kind, secret) {
  const tab = await scene.tab(kind);
  await tab.goto(`${scene.server.url}/bare/`);
  await tab.until("the package is loaded", MEET_MS, () => window.library !== undefined);
  const joined = await tab.evaluate(
    async (room, key, kept, presence) => {
      if (kept !== undefined) localStorage.setItem(key, kept);
      const { join, loadIdentity } = window.library;
      const joining = await join(room, { identity: loadIdentity("ada"), presence });
      window.chinwag = { room: joining };
      const errors = /** @type {string[]} */ ([]);
      joining.on("error", ({ code, message }) => void errors.push(`${code}: ${message}`));
      Object.assign(window, { errors });
      return { id: joining.self.id, secret: localStorage.getItem(key) ?? "" };
    },
    scene.room,
    ADA,
    secret,
    { name: `Ada in ${kind}` },
  );
  return { tab, ...joined };
}

/**
 * What a page sees of its room.
 * @param {{ evaluate: Visitor["evaluate"] }} tab
 */
const seen = (tab) =>
  tab.evaluate(() => {
    const { room } = window.chinwag ?? {};
    const errors = /** @type {{ errors?: string[] }} */ (/** @type {unknown} */ (window)).errors ?? [];
    return { self: room?.self.id, ids: room?.members.map(({ id }) => id).sort().join(), presence: room?.self.presence, errors };
  });

scenario("of two tabs with one identity the later goes on as a new member and says so; alone, and among others", async (scene) => {
  const first = await asAda(scene, "chromium", undefined);
  const second = await asAda(scene, "firefox", first.secret);
  const others = [await scene.join("chromium", "presence"), await scene.join("firefox", "presence")];
  const third = await asAda(scene, "chromium", first.secret);
  const Adas = [first, second, third];
  for (const { tab } of Adas) await tab.until("five members", MEET_MS, () => window.chinwag?.room?.members.length === 5);
  const [a, b, c] = await Promise.all(Adas.map(({ tab }) => seen(tab)));
  assert.ok(a && b && c);
  assert.equal(a.self, first.id);
  assert.equal(new Set([a.self, b.self, c.self]).size, 3, "three members");
  assert.deepEqual([b.ids, c.ids], [a.ids, a.ids]);
  assert.deepEqual(a.errors, [], "the first one is not concerned");
  for (const { self, errors } of [b, c]) {
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", new RegExp(`^protocol: .*${first.id}.*${self}`));
  }
  assert.deepEqual([b.presence, c.presence], [{ name: "Ada in firefox" }, { name: "Ada in chromium" }]);
  for (const other of others) {
    const { left } = await other.recording();
    assert.deepEqual(left, [], `${other.label} saw nobody leave`);
  }
});

scenario("a tab that is reloaded with the identity that its browser keeps is the same member again, alone among those who stayed", async (scene) => {
  const others = [await scene.join("chromium", "presence"), await scene.join("firefox", "presence")];
  for (const kind of /** @type {const} */ (["chromium", "firefox"])) {
    const before = await asAda(scene, kind, undefined);
    await before.tab.goto("about:blank");
    const after = await asAda(scene, kind, before.secret);
    assert.equal(after.id, before.id);
    for (const other of others) await other.until("three members", MEET_MS, () => window.chinwag?.room?.members.length === 3);
    assert.deepEqual((await seen(after.tab)).errors, []);
    await after.tab.evaluate(() => window.chinwag?.room?.leave());
  }
  await expectEverybody(others, MEET_MS);
});
