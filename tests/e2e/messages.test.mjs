// @ts-check
// The messages of the package itself, between pages of both browsers: what has no button in a demo.
import assert from "node:assert/strict";
import { inMs, nowMs } from "./harness/clock.mjs";
import { suite } from "./harness/suite.mjs";

/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const scenario = suite();

const MEGABYTE = 1 << 20;
const BULK_MS = 15_000;

/**
 * Two tabs of each browser, who see each other and listen on the channel "test".
 * @param {Scene} scene
 */
async function listeners(scene) {
  const tabs = await scene.company(["chromium", "firefox", "chromium", "firefox"], "chat");
  await Promise.all(tabs.map((tab) => tab.evaluate(listen)));
  return tabs;
}

/** Runs in the page: keeps what comes on the channel "test", each value as it came and described as text. */
const listen = () => {
  /** @type {(bytes: Uint8Array) => Promise<string>} */
  const digest = async (bytes) => {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
    return `${bytes.length} bytes ${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  };
  /** @type {(value: unknown) => Promise<unknown>} */
  const plain = async (value) => {
    if (value instanceof Uint8Array) return digest(value);
    if (Array.isArray(value)) return Promise.all(value.map(plain));
    if (typeof value !== "object" || value === null) return value;
    const keys = Object.keys(value).sort();
    const inner = await Promise.all(keys.map((key) => plain(/** @type {Record<string, unknown>} */ (value)[key])));
    return Object.fromEntries(keys.map((key, index) => [key, inner[index]]));
  };
  window.describe = async (value) => JSON.stringify(await plain(value));
  window.heard = [];
  const room = window.chinwag?.room;
  if (room === undefined) throw new Error("there is no room to listen in");
  room.channel("test").on("message", (data, { from, direct }) => {
    window.heard.push({ from: from.id, direct, description: window.describe(data) });
  });
};

/**
 * Asserts that tabs have heard so many values, and gives what each of them heard last.
 * @param {readonly Visitor[]} tabs
 * @param {number} count
 * @param {number} withinMs
 */
async function lastHeard(tabs, count, withinMs) {
  await Promise.all(tabs.map((tab) => tab.until(`${count} messages`, withinMs, (wanted) => window.heard.length >= wanted, count)));
  return Promise.all(
    tabs.map((tab) =>
      tab.evaluate(async () => {
        const last = window.heard.at(-1);
        return { count: window.heard.length, from: last?.from, description: await last?.description };
      }),
    ),
  );
}

scenario("1 MB of random bytes arrives whole and equal in every tab, from either browser", async (scene) => {
  const tabs = await listeners(scene);
  const senders = tabs.slice(0, 2);
  /** @type {Map<Visitor, number>} */
  const heard = new Map(tabs.map((tab) => [tab, 0]));
  for (const from of senders) {
    const others = tabs.filter((tab) => tab !== from);
    const startMs = nowMs();
    const sent = await from.evaluate(async (length) => {
      const bytes = new Uint8Array(length);
      for (let start = 0; start < length; start += 65_536) crypto.getRandomValues(bytes.subarray(start, start + 65_536));
      const description = window.describe(bytes);
      await window.chinwag?.room?.channel("test").send(bytes);
      return description;
    }, MEGABYTE);
    for (const other of others) {
      const count = (heard.get(other) ?? 0) + 1;
      heard.set(other, count);
      const [last] = await lastHeard([other], count, BULK_MS);
      assert.deepEqual(last, { count, from: from.id, description: sent }, `what ${other.label} got from ${from.label}`);
    }
    scene.note(`from ${from.label} to the three others in ${inMs(nowMs() - startMs)}`);
  }
});

scenario("a value of every kind, with bytes anywhere inside, comes out as it went in", async (scene) => {
  const tabs = await listeners(scene);
  const [from, ...others] = tabs;
  assert.ok(from);
  const sent = await from.evaluate(async () => {
    const value = {
      none: null,
      yes: true,
      no: false,
      zero: 0,
      negative: -1,
      fraction: 0.1,
      huge: 1.7976931348623157e308,
      tiny: 5e-324,
      safe: Number.MAX_SAFE_INTEGER,
      unsafe: 2 ** 53 + 2,
      empty: "",
      words: "Grüße, 世界, 👋🏽, \u0000",
      list: [[], {}, [new Uint8Array([1, 2, 3]), "x"]],
      bytes: { all: Uint8Array.from({ length: 256 }, (_, index) => index), none: new Uint8Array() },
      "": { __proto__field: 1, constructor: "a word like any other" },
    };
    await window.chinwag?.room?.channel("test").send(value);
    return window.describe(value);
  });
  for (const [index, last] of (await lastHeard(others, 1, BULK_MS)).entries()) {
    assert.deepEqual(last, { count: 1, from: from.id, description: sent }, `what ${others[index]?.label} got`);
  }
});

scenario("a message above the cap is refused before anything of it is sent", async (scene) => {
  const tabs = await listeners(scene);
  for (const from of tabs.slice(0, 2)) {
    const refused = await from.evaluate(async () => {
      const room = window.chinwag?.room;
      if (room === undefined) throw new Error("there is no room");
      const before = room.stats();
      const outcome = await room.channel("test").send(new Uint8Array((4 << 20) + 1)).then(
        () => "sent",
        (/** @type {{ name: string, code: string, message: string }} */ { name, code, message }) => ({ name, code, message }),
      );
      const after = room.stats();
      return { outcome, bytes: after.bytesOut - before.bytesOut, messages: after.messagesOut - before.messagesOut };
    });
    assert.ok(typeof refused.outcome === "object", `${from.label} sent it`);
    assert.equal(refused.outcome.name, "ChinwagError");
    assert.equal(refused.outcome.code, "message-too-large");
    assert.match(refused.outcome.message, /\d/, "the message tells the cap");
    assert.equal(refused.messages, 0);
    assert.ok(refused.bytes < 1_024, `${refused.bytes} bytes went out meanwhile: more than a few probes`);
  }
  // The refused one is not on its way: what is sent next is the first that comes.
  const [from, ...others] = tabs;
  assert.ok(from);
  await from.evaluate(() => window.chinwag?.room?.channel("test").send("small"));
  for (const last of await lastHeard(others, 1, BULK_MS)) {
    assert.deepEqual(last, { count: 1, from: from.id, description: '"small"' });
  }
});

scenario("a message to one is heard by that one only", async (scene) => {
  const tabs = await listeners(scene);
  const [from, to, ...others] = tabs;
  assert.ok(from && to);
  await from.evaluate(async (id) => {
    const channel = window.chinwag?.room?.channel("test");
    await channel?.send("for your ears only", { to: id });
    await channel?.send("for all");
  }, to.id);
  // They take different ways, and either may come first.
  await lastHeard([to], 2, BULK_MS);
  assert.deepEqual(await heardBy(to), ['"for all", to all', '"for your ears only", to one']);
  // Whatever the others were told before this, they have heard when they hear it.
  await to.evaluate(() => window.chinwag?.room?.channel("test").send("both are here"));
  await lastHeard(others, 2, BULK_MS);
  for (const other of others) assert.deepEqual(await heardBy(other), ['"both are here", to all', '"for all", to all'], other.label);
});

/**
 * What a tab has heard, and to whom it was said; sorted.
 * @param {Visitor} tab
 */
async function heardBy(tab) {
  const heard = await tab.evaluate(() => Promise.all(window.heard.map(async ({ description, direct }) => `${await description}, to ${direct ? "one" : "all"}`)));
  return heard.sort();
}
