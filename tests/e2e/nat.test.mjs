// @ts-check
// Members behind routers with NAT, in a small internet of the test's own: which ways they find to each other, what leaves a page on the way, and
// what it is told where there is no way. The browsers show what they show to users: names in place of addresses, as long as nobody has allowed a page more.
import assert from "node:assert/strict";
import { Browser } from "./harness/browsers.mjs";
import { inMs } from "./harness/clock.mjs";
import { NatLab, whyNoLab } from "./harness/nat-lab.mjs";
import { Server } from "./harness/server.mjs";
import { buildSite } from "./harness/site.mjs";
import { suite } from "./harness/suite.mjs";
import { watchWire, waysOf } from "./harness/wire.mjs";

/** @typedef {import("./harness/nat-lab.mjs").Client} Client */
/** @typedef {import("./harness/suite.mjs").Scene} Scene */
/** @typedef {import("./harness/suite.mjs").Visitor} Visitor */

const LOAD_MS = 10_000;
const LINK_MS = 15_000;
/** An attempt at a link has 10 s from its answer on. */
const GIVE_UP_MS = 25_000;

/** @type {NatLab} */
let lab;
/** @type {Map<Client, Promise<Browser>>} */
const browsers = new Map();

const scenario = suite({
  skip: whyNoLab(),
  async open() {
    lab = await NatLab.start();
    return lab.street;
  },
  async close() {
    await Promise.all([...browsers.values()].map(async (browser) => (await browser).kill()));
    await lab.stop();
  },
});

/**
 * The browser on a machine of the lab, started when it is first wanted. In the café people have let the page use their microphones, and so it may show their
 * addresses.
 * @param {Scene} scene
 * @param {Client} client
 */
function browserOn(scene, client) {
  const args = client === "cafe" ? ["--use-fake-ui-for-media-stream", `--unsafely-treat-insecure-origin-as-secure=${scene.server.url}`] : [];
  const running = browsers.get(client) ?? Browser.launch("chromium", { host: lab.clients[client], args });
  browsers.set(client, running);
  return running;
}

/**
 * A page of somebody who is not in a room yet.
 * @param {Scene} scene
 * @param {Client} client
 */
async function pageOf(scene, client, server = scene.server) {
  const tab = await scene.tab("chromium", { within: await browserOn(scene, client) });
  tab.label = tab.name = `${client}, ${tab.label}`;
  await watchWire(tab);
  await tab.goto(`${server.url}/bare/`);
  await tab.until("the package is loaded", LOAD_MS, () => window.library !== undefined);
  return tab;
}

/**
 * Somebody who is in the room.
 * @param {Scene} scene
 * @param {Client} client
 * @param {{ iceServers?: RTCIceServer[], relayOnly?: boolean, room?: string, server?: Server }} options
 */
async function enter(scene, client, { room = scene.room, server = scene.server, ...options } = {}) {
  const tab = await pageOf(scene, client, server);
  const { id, tookMs } = await tab.evaluate(
    async (name, how) => {
      const startMs = performance.now();
      const joined = await window.library.join(name, how);
      window.chinwag = { room: joined };
      window.errors = [];
      joined.on("error", ({ code, message }) => void window.errors.push({ code, message }));
      return { id: joined.self.id, tookMs: performance.now() - startMs };
    },
    room,
    options,
  );
  scene.note(`${tab.label} joined in ${inMs(tookMs)}`);
  tab.id = id;
  return tab;
}

/**
 * Asserts that tabs come to have links to each other.
 * @param {readonly Visitor[]} tabs
 */
async function expectLinks(tabs) {
  await Promise.all(
    tabs.map((tab) =>
      tab.until(
        "a link to each of the others",
        LINK_MS,
        (ids) => ids.every((id) => window.chinwag?.room?.members.some((member) => member.id === id && member.linked)),
        tabs.filter((other) => other !== tab).map(({ id }) => id),
      ),
    ),
  );
}

/**
 * Somebody in each of two homes, with a link; and the ways that it takes, seen from the one and from the other.
 * @param {Scene} scene
 * @param {{ iceServers?: RTCIceServer[], server?: Server }} options
 */
async function linkHomes(scene, options) {
  const ada = await enter(scene, "ada", options);
  const bob = await enter(scene, "bob", options);
  await expectLinks([ada, bob]);
  const ways = await Promise.all([ada, bob].map(waysOf));
  scene.note(JSON.stringify(ways));
  for (const of of ways) assert.equal(of.length, 1, "one connection");
  return ways.flat();
}

scenario("two behind NATs link by STUN, without a relay, if the signaling server names one", async (scene) => {
  lab.setNat({ symmetric: false, udp: true });
  const server = new Server(buildSite(), lab.street, ["--ice", lab.stun.urls]);
  await server.start();
  try {
    for (const { local, remote } of await linkHomes(scene, { server })) {
      for (const type of [local, remote]) assert.match(type, /^(srflx|prflx)$/);
    }
  } finally {
    await server.kill();
  }
});

scenario("two behind symmetric NATs link by TURN", async (scene) => {
  lab.setNat({ symmetric: true, udp: true });
  const ways = await linkHomes(scene, { iceServers: [lab.stun, lab.turn("udp")] });
  for (const { local, remote } of ways) assert.ok([local, remote].includes("relay"), `${local} to ${remote}`);
  assert.ok(ways.some(({ relayProtocol }) => relayProtocol === "udp"));
});

scenario("where no UDP goes out, two link by TURN over TCP", async (scene) => {
  lab.setNat({ symmetric: false, udp: false });
  for (const way of await linkHomes(scene, { iceServers: [lab.stun, lab.turn("tcp")] })) {
    assert.deepEqual(way, { local: "relay", remote: "relay", relayProtocol: "tcp" });
  }
});

scenario("two who find no way to each other are told so, and what to do; a third whom both reach brings them together", async (scene) => {
  lab.setNat({ symmetric: true, udp: true });
  await Promise.all([
    withoutWay(scene, { room: `${scene.room}, no servers` }, "Give a TURN server"),
    withoutWay(scene, { room: `${scene.room}, STUN alone`, iceServers: [lab.stun] }, "Give a TURN server"),
    withoutWay(scene, { room: `${scene.room}, TURN with credentials of yesterday`, iceServers: [lab.stun, lab.turn("udp", -86_400)] }, "TURN server did not help"),
  ]);
});

/**
 * Somebody in each of two homes without a way between them, and then somebody in the café.
 * @param {Scene} scene
 * @param {{ room: string, iceServers?: RTCIceServer[] }} options
 * @param {string} advice what they are told
 */
async function withoutWay(scene, options, advice) {
  const homes = [await enter(scene, "ada", options), await enter(scene, "bob", options)];
  await Promise.all(
    homes.map(async (tab, index) => {
      await tab.until("an error", GIVE_UP_MS, () => window.errors.length > 0);
      const { errors, others } = await tab.evaluate(() => ({ errors: window.errors, others: (window.chinwag?.room?.members.length ?? 0) - 1 }));
      const [{ code, message } = { code: "", message: "" }] = errors;
      assert.deepEqual([errors.length, code, others], [1, "join-timeout", 0]);
      assert.match(message, new RegExp(`^The member ${homes[1 - index]?.id} answered.* NAT .*${advice}`));
    }),
  );
  const cafe = await enter(scene, "cafe", options);
  const all = [...homes, cafe];
  await Promise.all(all.map((tab) => tab.until("all three are members", LINK_MS, () => window.chinwag?.room?.members.length === 3)));
  const [ada, bob] = homes;
  assert.ok(ada && bob);
  await bob.evaluate(() => {
    window.heard = [];
    window.chinwag?.room?.channel("greetings").on("message", (data, { from, hops, direct }) => {
      window.heard.push({ from: `${from.id} after ${hops}`, direct, description: Promise.resolve(String(data)) });
    });
  });
  await ada.evaluate((to) => window.chinwag?.room?.channel("greetings").send("hello", { to }), bob.id);
  const { value } = await bob.until("a greeting", LINK_MS, () => window.heard[0]?.from);
  assert.equal(value, `${ada.id} after 2`);
  for (const tab of all) {
    const { linked, errors } = await tab.evaluate(() => ({
      linked: window.chinwag?.room?.members.filter((member) => member.linked).map(({ id }) => id),
      errors: window.errors.length,
    }));
    assert.deepEqual({ linked, errors }, tab === cafe ? { linked: [ada.id, bob.id], errors: 0 } : { linked: [cafe.id], errors: 1 }, tab.label);
  }
}

scenario("with relayOnly nothing that leaves a page names its own address or its router's", async (scene) => {
  lab.setNat({ symmetric: false, udp: true });
  const iceServers = [lab.stun, lab.turn("udp")];
  const hidden = await enter(scene, "ada", { iceServers, relayOnly: true });
  const open = await enter(scene, "bob", { iceServers });
  await expectLinks([hidden, open]);
  for (const { local } of await waysOf(hidden)) assert.equal(local, "relay");
  const [of, ofOpen] = await Promise.all([hidden, open].map((tab) => tab.evaluate(() => ({ said: [...window.wire.candidates, ...window.wire.frames, ...window.wire.connections.map(({ localDescription }) => localDescription?.sdp ?? "")].join("\n"), frames: window.wire.frames.join("\n") }))));
  assert.ok(of && ofOpen);
  const types = (/** @type {string} */ text) => new Set([...text.matchAll(/ typ (\w+)/g)].map(([, type]) => type));
  const addresses = (/** @type {string} */ text) => new Set([...text.matchAll(/\d+\.\d+\.\d+\.\d+|[\w-]+\.local\b/g)].map(([address]) => address));
  assert.deepEqual(types(of.said), new Set(["relay"]));
  // A description begins with an address of no meaning, and a relayed candidate ends with where it comes from, which is none.
  addresses(of.said).forEach((address) => assert.ok(["127.0.0.1", "0.0.0.0", lab.street.address].includes(address), `${address} in ${of.said}`));
  // The same for who does not hide, so that one knows that this test would see it.
  assert.ok(types(ofOpen.frames).has("host") && types(ofOpen.frames).has("srflx"));
  assert.ok(addresses(ofOpen.frames).has("203.0.113.3"));
});

scenario("a function for iceServers is asked again before its credentials expire: links by TURN come about after that as before", async (scene) => {
  lab.setNat({ symmetric: true, udp: true });
  const lifeS = 6;
  let expiresMs = 0;
  let asked = 0;
  const ada = await pageOf(scene, "ada");
  await ada.page.exposeFunction("freshServers", () => {
    asked += 1;
    expiresMs = Date.now() + lifeS * 1_000;
    return [lab.turn("udp", lifeS)];
  });
  ada.id = await ada.evaluate(async (name) => {
    const room = await window.library.join(name, { iceServers: () => window.freshServers(), relayOnly: true });
    window.chinwag = { room };
    return room.self.id;
  }, scene.room);
  const first = await enter(scene, "bob", { iceServers: [lab.turn("udp")] });
  await expectLinks([ada, first]);
  const before = asked;
  await ada.until("the credentials have expired", lifeS * 2_000, (atMs) => Date.now() > atMs, expiresMs);
  const second = await enter(scene, "bob", { iceServers: [lab.turn("udp")] });
  await expectLinks([ada, first, second]);
  assert.ok(asked > before, "asked again");
});

scenario("two in one home link by the names that their browsers give in place of addresses, without any server for it", async (scene) => {
  const [ada, amy] = [await enter(scene, "ada"), await enter(scene, "amy")];
  await expectLinks([ada, amy]);
  for (const tab of [ada, amy]) {
    const candidates = await tab.evaluate(() => window.wire.candidates);
    assert.ok(candidates.length > 0);
    for (const candidate of candidates) assert.match(candidate, / [\w-]+\.local \d+ typ host/);
    assert.deepEqual(await waysOf(tab).then((ways) => ways.map(({ remote }) => remote)), ["host"]);
  }
});
