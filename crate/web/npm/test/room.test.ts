import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ChinwagError } from "../src/errors.js";
import { HostedRoom } from "../src/room.js";
import { FakeHost, lastHost, stubPage } from "./fake-host.js";

const BOB = "0b".repeat(16);
const EVE = "0e".repeat(16);

let room: HostedRoom;
let host: FakeHost;
const onLeave = vi.fn();

beforeEach(() => {
  stubPage();
  onLeave.mockReset();
  room = new HostedRoom({ name: "room", logEntriesMax: 512, makeHost: (sink) => new FakeHost(sink), iceServers: () => undefined, relayOnly: false, serverless: false, onLeave });
  room.start(undefined, false, { ready() {}, attached() {}, trouble() {} });
  host = lastHost();
});
afterEach(() => void vi.unstubAllGlobals());

/** Everything of one kind that the room tells from now on. */
function heard(event: Parameters<HostedRoom["on"]>[0]): unknown[][] {
  const all: unknown[][] = [];
  room.on(event, (...args: unknown[]) => void all.push(args));
  return all;
}

test("members is the same array until something changes, and frozen with all in it", () => {
  const before = room.members;
  expect(room.members).toBe(before);
  host.tell("joined", BOB, { name: "bob" });
  host.sink.settled();
  const after = room.members;
  expect(after).not.toBe(before);
  expect(after.map((member) => member.id)).toEqual([room.self.id, BOB]);
  expect(Object.isFrozen(after) && after.every((member) => Object.isFrozen(member))).toBe(true);
  expect(() => (after as unknown[]).push(1)).toThrow(TypeError);
});

test("members and subscribers hear once of everything that happens in one moment", () => {
  const subscriber = vi.fn();
  const { subscribe } = room;
  const end = subscribe(subscriber);
  const changes = heard("members");
  host.tell("joined", BOB);
  host.tell("joined", EVE);
  void room.members;
  host.sink.settled();
  host.sink.settled();
  expect(subscriber).toHaveBeenCalledTimes(1);
  expect(changes).toEqual([[room.members]]);
  end();
  host.tell("left", BOB);
  host.sink.settled();
  expect(subscriber).toHaveBeenCalledTimes(1);
});

test("members who came before anybody listened are told to the first listener", async () => {
  host.tell("joined", BOB, "hello");
  const joins = heard("join");
  await Promise.resolve();
  expect(joins).toEqual([[expect.objectContaining({ id: BOB, presence: "hello" })]]);
  expect(heard("join")).toEqual([]);
});

test("a presence is told with the one before it, and other changes keep the same object", () => {
  const value = { name: "bob" };
  host.tell("joined", BOB, value);
  const presences = heard("presence");
  host.tell("changed", BOB);
  expect(room.members.find(({ id }) => id === BOB)?.presence).toBe(value);
  host.tell("presence", BOB, "new");
  expect(presences).toEqual([[expect.objectContaining({ presence: "new" }), value]]);
});

test("my own presence is mine at once, and told like others'", () => {
  const presences = heard("presence");
  const mine = { cursor: [1, 2] };
  room.setPresence(mine);
  expect(host.asked("setPresence")).toEqual([["setPresence", mine]]);
  expect(room.self.presence).toEqual(mine);
  expect(presences).toEqual([[room.self, undefined]]);
  expect(heard("join")).toEqual([]);
});

test("a suspect is one until it answers; then it is alive, or gone with a reason", () => {
  const [suspects, leaves] = [heard("suspect"), heard("leave")];
  host.tell("joined", BOB, 7);
  host.tell("suspected", BOB, undefined, 2, true, `,${EVE}`);
  expect(room.members[1]?.status).toBe("suspect");
  host.tell("changed", BOB);
  expect(room.members[1]?.status).toBe("alive");
  host.tell("failed", BOB, undefined, 2, true, `silence,${EVE},${room.self.id}`);
  expect(suspects).toEqual([[expect.objectContaining({ id: BOB, status: "suspect" }), { seen: undefined, accusers: [EVE] }]]);
  expect(leaves).toEqual([[expect.objectContaining({ id: BOB, presence: 7 }), "failed", { seen: "silence", accusers: [EVE, room.self.id] }]]);
  expect(room.members).toHaveLength(1);
  host.tell("joined", EVE);
  host.tell("left", EVE);
  expect(leaves[1]?.slice(1)).toEqual(["left", undefined]);
});

test("who finds another tab with its identity goes on as a new member, and says so", async () => {
  const first = "01".repeat(16);
  const made: boolean[] = [];
  const makeHost = (sink: FakeHost["sink"], anew: boolean) => {
    made.push(anew);
    const it = new FakeHost(sink);
    if (!anew) it.id = first;
    return it;
  };
  room = new HostedRoom({ name: "room", logEntriesMax: 512, makeHost, iceServers: () => undefined, relayOnly: false, serverless: false, onLeave });
  room.start({ name: "ada" }, false, { ready() {}, attached() {}, trouble() {} });
  host = lastHost();
  host.tell("self", first, { name: "ada" }, 1);
  host.tell("joined", BOB, "bob");
  host.tell("joined", EVE);
  const [joins, leaves, errors, changes] = [heard("join"), heard("leave"), heard("error"), heard("members")];
  await Promise.resolve();
  joins.length = 0;
  room.map("board");
  host.sink.trouble("superseded", "");
  const next = lastHost();
  expect(made).toEqual([false, true]);
  expect(room.self.id).toBe(next.id);
  expect(next.asked("setPresence")).toEqual([["setPresence", { name: "ada" }]]);
  next.tell("joined", BOB, "bob");
  next.tell("joined", first, { name: "ada" });
  next.sink.ready();
  next.sink.settled();
  expect(joins).toEqual([[expect.objectContaining({ id: first })]]);
  expect(leaves).toEqual([[expect.objectContaining({ id: EVE }), "failed", expect.anything()]]);
  expect(errors).toEqual([[expect.objectContaining({ code: "protocol", message: expect.stringContaining(first) })]]);
  expect(room.members.map((member) => member.id)).toEqual([next.id, first, BOB]);
  expect(changes.at(-1)).toEqual([room.members]);
  await vi.waitFor(() => expect(host.freed).toBe(1));
  room.map("board").set("key", 1);
  expect(next.asked("write")).toHaveLength(1);
  expect(onLeave).not.toHaveBeenCalled();
});

test("what was sent is told by kind", () => {
  const { sentByKind, lagMaxMs } = room.stats();
  expect(lagMaxMs).toBe(30);
  expect([sentByKind.hello, sentByKind.ping, sentByKind.direct]).toEqual([{ frames: 32, bytes: 33 }, { frames: 34, bytes: 35 }, { frames: 86, bytes: 87 }]);
});

test("a link changes its member, also if that has gone in the meantime", () => {
  const links = heard("link");
  host.tell("joined", BOB);
  host.sink.link(BOB, true);
  expect(room.members[1]?.linked).toBe(true);
  host.tell("left", BOB);
  host.sink.link(BOB, false);
  expect(links).toEqual([[expect.objectContaining({ id: BOB, linked: true }), true], [expect.objectContaining({ id: BOB }), false]]);
  expect(room.members).toHaveLength(1);
});

test("every new listener for signaling is told the present state, unless it has gone again", async () => {
  const states = heard("signaling");
  room.on("signaling", () => expect.unreachable())();
  await Promise.resolve();
  host.sink.signaling("unreachable");
  expect(states).toEqual([["connecting"], ["unreachable"]]);
});

test("a message is told with its sender, on its channel alone", async () => {
  host.tell("joined", BOB);
  const channel = room.channel<string>("chat");
  expect(room.channel("chat")).toBe(channel);
  const listener = vi.fn();
  channel.on("message", listener);
  await Promise.resolve();
  host.message("chat", "hi", BOB);
  host.message("other", "no", BOB);
  expect(listener.mock.calls).toEqual([["hi", { from: room.members[1], id: `${BOB}-1`, sentAt: 5, hops: 1, direct: false }]]);
});

test("early messages wait for the first listener of their channel, before those that come meanwhile", async () => {
  host.message("chat", 1);
  const heardOf: unknown[] = [];
  room.channel("chat").on("message", (data) => heardOf.push(data));
  host.message("chat", 2);
  await Promise.resolve();
  host.message("chat", 3);
  expect(heardOf).toEqual([1, 2, 3]);
});

test("early messages are bounded in number and in bytes, and what gives way is counted", async () => {
  for (let number = 0; number < 300; number += 1) host.message("chat", number);
  expect(room.stats().messagesDropped).toBe(44);
  const heardOf: unknown[] = [];
  room.channel("chat").on("message", (data) => heardOf.push(data));
  await Promise.resolve();
  expect(heardOf).toHaveLength(256);
  expect(heardOf[0]).toBe(44);
  for (let number = 0; number < 5; number += 1) host.message("big", number, BOB, 4 << 20);
  expect(room.stats().messagesDropped).toBe(45);
});

test("a channel can be iterated, and the iteration ends with the room", async () => {
  const channel = room.channel<number>("chat");
  const iterator = channel[Symbol.asyncIterator]();
  await Promise.resolve();
  host.message("chat", 1);
  host.message("chat", 2);
  expect((await iterator.next()).value?.[0]).toBe(1);
  expect((await iterator.next()).value?.[0]).toBe(2);
  const waiting = iterator.next();
  await room.leave();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await channel[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
});

test("breaking out of an iteration ends it", async () => {
  const channel = room.channel<number>("chat");
  const seen: number[] = [];
  setTimeout(() => host.message("chat", 1));
  for await (const [data] of channel) {
    seen.push(data);
    break;
  }
  host.message("chat", 2);
  expect(seen).toEqual([1]);
  // Nobody listens any more: it waits as an early one.
  const late = vi.fn();
  channel.on("message", late);
  await Promise.resolve();
  expect(late).toHaveBeenCalledTimes(1);
});

test("an iteration that is not asked keeps the newest 1,024", async () => {
  const iterator = room.channel("chat")[Symbol.asyncIterator]();
  await Promise.resolve();
  for (let number = 0; number < 1_030; number += 1) host.message("chat", number);
  expect((await iterator.next()).value?.[0]).toBe(6);
  expect(room.stats().messagesDropped).toBe(6);
});

test("a message goes to all, or to one", async () => {
  const channel = room.channel("chat");
  await channel.send({ text: "hi", gone: undefined });
  await channel.send("psst", { to: BOB });
  expect(host.asked("send")).toEqual([["send", "chat", undefined, { text: "hi" }], ["send", "chat", BOB, "psst"]]);
});

test.each([
  [{ code: "message-too-large", bytes: 9, max: 5 }, "message-too-large", "9 bytes"],
  [{ code: "unknown-member" }, "bad-argument", "Nobody in the room"],
  [{ code: "channel-name", bytes: 200, max: 128 }, "bad-argument", "128"],
  [{ code: "left" }, "left", "has left"],
  ["unforeseen", "protocol", "unforeseen"],
])("what the host throws, %j, is an error with a code", async (thrown, code, text) => {
  host.throws = thrown;
  const failed = room.channel("chat").send("x");
  await expect(failed).rejects.toBeInstanceOf(ChinwagError);
  await expect(failed).rejects.toMatchObject({ code, message: expect.stringContaining(text) as string });
});

test("a value that cannot be sent is refused where it is passed", async () => {
  await expect(room.channel<unknown>("chat").send([() => 1])).rejects.toMatchObject({ code: "bad-argument" });
  expect(() => room.setPresence(NaN)).toThrow("NaN");
  expect(host.asked("send").length + host.asked("setPresence").length).toBe(0);
});

test("after leaving everything throws but leaving again, and the host is freed once", async () => {
  const channel = room.channel("chat");
  const leaving = room.leave();
  expect(room.leave()).toBe(leaving);
  await leaving;
  expect(onLeave).toHaveBeenCalledTimes(1);
  expect(host.asked("leave")).toHaveLength(1);
  expect(host.freed).toBe(1);
  for (const call of [() => room.setPresence(1), () => room.stats(), () => room.channel("x"), () => room.log("x"), () => room.map("x"), () => room.counter("x")]) {
    expect(call).toThrow(expect.objectContaining({ code: "left" }) as Error);
  }
  await expect(channel.send(1)).rejects.toMatchObject({ code: "left" });
  room.setHidden(true);
  room.wake();
  expect(host.asked("setHidden")).toEqual([["setHidden", false]]);
  expect(host.asked("wake")).toEqual([]);
});

test("the goodbye is with the host before anything is awaited: a page that goes away has no later", () => {
  void room.leave();
  expect(host.asked("leave")).toHaveLength(1);
});

test("errors are told, violations at most once a second", async () => {
  const errors = heard("error");
  for (let count = 0; count < 50; count += 1) host.sink.trouble("violation", EVE);
  host.sink.trouble("protocol", "full");
  const connect = (name: string) => {
    vi.stubGlobal("RTCPeerConnection", class { constructor() { throw new DOMException("too many", name); } });
    expect(() => host.sink.connect(undefined)).toThrow("too many");
  };
  ["UnknownError", "SyntaxError"].forEach(connect);
  await Promise.resolve();
  expect(errors.map(([error]) => (error as ChinwagError).code)).toEqual(["protocol", "protocol", "connection-budget", "bad-argument"]);
});

test.each([
  ["no servers", undefined, "Give a TURN server"],
  ["STUN alone", [{ urls: ["stun:one"] }], "Give a TURN server"],
  ["TURN", Promise.resolve([{ urls: ["stun:one", "turn:two"] }]), "The TURN server did not help"],
])("that no connection comes about is told once until there is a link, with what to do: %s", async (_, servers, what) => {
  room = new HostedRoom({ name: "room", logEntriesMax: 512, makeHost: (sink) => new FakeHost(sink), iceServers: () => servers, relayOnly: false, serverless: false, onLeave });
  room.start(undefined, false, { ready() {}, attached() {}, trouble() {} });
  const { sink } = lastHost();
  const errors = heard("error");
  expect(await sink.iceServers(undefined)).toEqual(await servers);
  for (let count = 0; count < 3; count += 1) sink.trouble("unlinked", EVE);
  await Promise.resolve();
  expect(errors).toEqual([[expect.objectContaining({ code: "join-timeout", message: expect.stringMatching(new RegExp(`${EVE} .*${what}`)) as string })]]);
  sink.link(EVE, false);
  sink.trouble("unlinked", EVE);
  expect(errors).toHaveLength(1);
  sink.link(EVE, true);
  sink.trouble("unlinked", EVE);
  expect(errors).toHaveLength(2);
});

test("unknown events and empty names are refused", () => {
  expect(() => room.on("joined" as never, () => {})).toThrow('no event "joined"');
  expect(() => room.on("toString" as never, () => {})).toThrow("no event");
  for (const name of ["", "ü".repeat(65), "\ud800", 7 as never]) {
    for (const open of [() => room.channel(name), () => room.log(name), () => room.map(name), () => room.counter(name)]) {
      expect(open, String(name)).toThrow(expect.objectContaining({ code: "bad-argument" }) as Error);
    }
  }
  expect(() => room.channel("x").on("messages" as never, () => {})).toThrow('no event "messages"');
});
