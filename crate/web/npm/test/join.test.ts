import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Room } from "../src/api.js";
import { createIdentity } from "../src/identity.js";
import { joinWith } from "../src/join.js";
import { FakeHost, lastHost, stubPage } from "./fake-host.js";

const join = joinWith(() => Promise.resolve(FakeHost));
let dispatch: (type: string, fields?: object) => void;
let rooms: Room[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  dispatch = stubPage();
});
afterEach(async () => {
  await Promise.all(rooms.map((room) => room.leave()));
  rooms = [];
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Joins, and is told by the host that the room is complete. */
async function joined(...args: Parameters<typeof join>): Promise<Room> {
  const made = FakeHost.made.length;
  const joining = join(...args);
  await vi.waitFor(() => expect(FakeHost.made.length).toBeGreaterThan(made));
  lastHost().sink.ready();
  const room = await joining;
  rooms.push(room);
  return room;
}

test("joining hands everything to the host, and resolves when the room is complete", async () => {
  const room = await joined("lobby", { presence: { name: "a" }, zone: "eu", relayOnly: true, config: { linksWanted: 3 }, signaling: ["ws://one", "wss://two/x#part"] });
  const host = lastHost();
  expect([host.room, host.urls, host.zone]).toEqual(["lobby", ["ws://one/", "wss://two/x"], "eu"]);
  expect(host.config[0]).toBe(3);
  expect(host.config.slice(1).every(Number.isNaN)).toBe(true);
  expect(host.calls.map(([name]) => name)).toEqual(["setPresence", "setHidden", "start"]);
  expect(room.name).toBe("lobby");
});

test("without any server the room is complete at once, and nobody is missed", async () => {
  const room = await join("lobby", { signaling: [] });
  rooms.push(room);
  expect([lastHost().urls, lastHost().asked("start")]).toEqual([[], [["start", true]]]);
  const states: string[] = [];
  room.on("signaling", (state) => states.push(state));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(states).toEqual(["detached"]);
});

test("the default server is where the page comes from", async () => {
  await joined("lobby");
  expect(lastHost().urls).toEqual(["wss://chat.example/signal"]);
});

test("a second join of a room gives the same, unless it brings another identity", async () => {
  const [mine, yours] = [createIdentity(), createIdentity()];
  const room = await joined("lobby", { identity: mine });
  expect(await join("lobby")).toBe(room);
  expect(await join("lobby", { identity: mine })).toBe(room);
  const other = await joined("lobby", { identity: yours });
  expect(other).not.toBe(room);
  expect(await joined("elsewhere", { identity: mine })).not.toBe(room);
  expect(FakeHost.made).toHaveLength(3);
});

test("a room that was left is joined anew", async () => {
  const room = await joined("lobby");
  await room.leave();
  expect(await joined("lobby")).not.toBe(room);
});

test("without identities, all rooms of a page have the same one", async () => {
  await joined("one");
  await joined("two");
  expect(FakeHost.made[0]?.secret).toEqual(FakeHost.made[1]?.secret);
  expect(FakeHost.made[0]?.secret).toHaveLength(32);
});

test("joining fails after 10 s without any server, and can be tried again", async () => {
  const failed = expect(join("lobby")).rejects.toMatchObject({ code: "signaling-unreachable", message: expect.stringContaining("wss://chat.example/signal") as string });
  await vi.advanceTimersByTimeAsync(10_000);
  await failed;
  expect(lastHost().asked("leave")).toHaveLength(1);
  expect(lastHost().freed).toBe(1);
  await joined("lobby");
});

test("joining fails after 20 s if no link came about, and says what was in the way", async () => {
  const failed = expect(join("lobby")).rejects.toMatchObject({ code: "join-timeout", message: expect.stringContaining("too many of them") as string });
  await vi.advanceTimersByTimeAsync(0);
  lastHost().sink.signaling("attached");
  lastHost().sink.trouble("protocol", "too many of them");
  await vi.advanceTimersByTimeAsync(20_000);
  await failed;
});

test("an aborted join rejects with the reason, and leaves", async () => {
  const abort = new AbortController();
  const failed = expect(join("lobby", { signal: abort.signal })).rejects.toThrow("changed my mind");
  await vi.advanceTimersByTimeAsync(0);
  abort.abort(new Error("changed my mind"));
  await failed;
  await vi.advanceTimersByTimeAsync(0);
  expect(lastHost().asked("leave")).toHaveLength(1);
  await expect(join("lobby", { signal: abort.signal })).rejects.toThrow("changed my mind");
});

test("who gives up does not end it for another who waits for the same room", async () => {
  const abort = new AbortController();
  const failed = expect(join("lobby", { signal: abort.signal })).rejects.toThrow("this one");
  const other = join("lobby");
  await vi.advanceTimersByTimeAsync(0);
  abort.abort(new Error("this one"));
  await failed;
  lastHost().sink.ready();
  rooms.push(await other);
  expect(lastHost().asked("leave")).toHaveLength(0);
});

test("a page that goes away says goodbye at once, and is a member again, who has been away, if it comes back", async () => {
  const room = await joined("lobby", { presence: "here" });
  const gone: string[] = [];
  room.on("leave", ({ id }, reason) => gone.push(`${id.slice(0, 2)} ${reason}`));
  const before = lastHost();
  for (const id of ["11".repeat(16), "22".repeat(16)]) before.tell("joined", id);
  room.setPresence("there");
  dispatch("pagehide", { persisted: true });
  dispatch("offline");
  expect([before.asked("leave").length, before.asked("wake").length]).toEqual([1, 0]);
  expect(before.freed).toBe(0);
  dispatch("freeze");
  dispatch("visibilitychange", { hidden: false });
  expect([before.freed, before.asked("setHidden").length]).toEqual([1, 1]);
  expect(() => room.setPresence("nowhere")).toThrow(expect.objectContaining({ code: "left" }) as Error);
  dispatch("pageshow", { persisted: false });
  expect(lastHost()).toBe(before);
  dispatch("pageshow", { persisted: true });
  dispatch("pageshow", { persisted: true });
  await vi.advanceTimersByTimeAsync(0);
  const after = lastHost();
  expect([before.freed, FakeHost.made.length]).toEqual([1, 2]);
  expect(after.secret).toEqual(before.secret);
  expect(after.calls.map(([name]) => name).slice(0, 3)).toEqual(["setPresence", "setHidden", "start"]);
  expect(after.asked("setPresence")).toEqual([["setPresence", "there"]]);
  after.tell("joined", "22".repeat(16));
  after.sink.ready();
  expect(gone).toEqual(["11 failed"]);
  expect(room.members).toHaveLength(2);
  expect(await join("lobby")).toBe(room);
  dispatch("pagehide", { persisted: true });
  dispatch("pageshow", { persisted: true });
  expect([FakeHost.made.length, after.freed]).toEqual([3, 1]);
});

test("a room that is left while its page is away, or after it came back, is not entered again", async () => {
  const [one, two] = [await joined("one"), await joined("two")];
  const hosts = [...FakeHost.made];
  dispatch("pagehide", { persisted: true });
  await one.leave();
  dispatch("freeze");
  dispatch("pageshow", { persisted: true });
  expect(FakeHost.made.slice(2).map(({ room }) => room)).toEqual(["two"]);
  expect(hosts.map((host) => [host.asked("leave").length, host.freed])).toEqual([[1, 1], [1, 1]]);
  await two.leave();
  dispatch("pagehide", { persisted: true });
  dispatch("pageshow", { persisted: true });
  expect(FakeHost.made).toHaveLength(3);
});

test("a page that is hidden because it is closed does not tell that it is hidden", async () => {
  const room = await joined("lobby");
  const before = lastHost().asked("setHidden").length;
  dispatch("visibilitychange", { hidden: true });
  dispatch("pagehide", { persisted: false });
  await vi.advanceTimersByTimeAsync(100);
  expect(lastHost().asked("setHidden")).toHaveLength(before);
  await room.leave();
});

test("the host hears when the page is hidden or shown, loses or gets a network, or was frozen, until the room is left", async () => {
  const room = await joined("lobby");
  dispatch("visibilitychange", { hidden: true });
  dispatch("offline");
  dispatch("online");
  dispatch("resume");
  await vi.advanceTimersByTimeAsync(0);
  expect(lastHost().asked("setHidden").at(-1)).toEqual(["setHidden", true]);
  expect(lastHost().asked("wake")).toHaveLength(3);
  await room.leave();
  dispatch("online");
  dispatch("pagehide");
  expect(lastHost().asked("wake")).toHaveLength(3);
  expect(lastHost().asked("leave")).toHaveLength(1);
});

test.each([
  ["an empty name", "", {}, "1 to 256 bytes"],
  ["a long name", "ü".repeat(129), {}, "1 to 256 bytes"],
  ["a secret", "lobby", { secret: "s3" }, "no room secrets yet"],
  ["an unknown option", "lobby", { singaling: "ws://x" }, "options.singaling is unknown"],
  ["a URL of another kind", "lobby", { signaling: "https://x" }, "no ws:// or wss:// URL"],
  ["an invite that is none", "lobby", { invite: 5, onAnswer: () => {} }, "options.invite must be"],
  ["an invite whose answer nobody wants", "lobby", { invite: "x" }, "options.onAnswer"],
  ["an unknown knob", "lobby", { config: { linkswanted: 1 } }, "linkswanted is unknown"],
  ["a knob of the prototype", "lobby", { config: { toString: 1 } }, "toString is unknown"],
  ["a knob out of range", "lobby", { config: { hopsMax: 256 } }, "integer from 1 to 255"],
  ["a fraction", "lobby", { config: { linksMax: 1.5 } }, "is 1.5"],
  ["a forged identity", "lobby", { identity: { secret: new Uint8Array(32) } }, "createIdentity"],
  ["ICE servers that are none", "lobby", { iceServers: "stun:x" }, "array of RTCIceServer"],
  ["an empty zone", "lobby", { zone: "" }, "options.zone"],
  ["a presence that cannot be sent", "lobby", { presence: [() => 1] }, "at [0] is a function"],
])("%s is refused", async (_, room, options, message) => {
  await expect(join(room, options as object)).rejects.toMatchObject({ code: "bad-argument", message: expect.stringContaining(message) as string });
  expect(FakeHost.made).toHaveLength(0);
});

test("where there is no WebRTC, joining says so", async () => {
  vi.stubGlobal("RTCPeerConnection", undefined);
  await expect(join("lobby")).rejects.toMatchObject({ code: "webrtc-unavailable" });
});

test("what the WebAssembly cannot load rejects, and is tried again by the next join", async () => {
  let works = false;
  const fragile = joinWith(() => (works ? Promise.resolve(FakeHost) : Promise.reject(new Error("no WebAssembly here"))));
  await expect(fragile("lobby")).rejects.toThrow("no WebAssembly here");
  works = true;
  const joining = fragile("lobby");
  await vi.advanceTimersByTimeAsync(0);
  lastHost().sink.ready();
  rooms.push(await joining);
});
