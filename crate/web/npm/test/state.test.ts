import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ChinwagError } from "../src/errors.js";
import { HostedRoom } from "../src/room.js";
import { FakeHost, lastHost, placed, stubPage } from "./fake-host.js";

const BOB = "0b".repeat(16);
const GONE = "0d".repeat(16);

let room: HostedRoom;
let host: FakeHost;

beforeEach(() => {
  stubPage();
  room = new HostedRoom({ name: "room", logEntriesMax: 5, makeHost: (sink) => new FakeHost(sink), iceServers: () => undefined, relayOnly: false, serverless: false, onLeave() {} });
  room.start(undefined, false, { ready() {}, attached() {}, trouble() {} });
  host = lastHost();
  host.tell("joined", BOB, { name: "bob" });
});
afterEach(() => void vi.unstubAllGlobals());

const datas = (log: { readonly entries: readonly { readonly data: unknown }[] }) => log.entries.map(({ data }) => data);

test("a second call with the same name gives the same object, of each kind its own", () => {
  expect(room.log("x")).toBe(room.log("x"));
  expect(room.map("x")).toBe(room.map("x"));
  expect(room.counter("x")).toBe(room.counter("x"));
  expect(host.asked("open")).toEqual([["open", "log", "x"], ["open", "map", "x"], ["open", "counter", "x"]]);
});

test("what was there before it was asked for is there at once", () => {
  host.held.set("map board", [["a", BOB, 1], ["b", GONE, 2]]);
  host.held.set("log chat", [[placed(1), GONE, "old"]]);
  host.held.set("counter votes", [["", "", 7]]);
  expect([...room.map("board").entries()]).toEqual([["a", 1], ["b", 2]]);
  expect(datas(room.log("chat"))).toEqual(["old"]);
  expect(room.counter("votes").value).toBe(7);
});

test("news of what nobody has asked for is for nobody", () => {
  host.news("map", "board", "a", BOB, 1);
  host.entry("chat", "hi", BOB);
  host.news("counter", "votes", "", "", 3);
  expect([room.map("board").size, room.log("chat").entries.length, room.counter("votes").value]).toEqual([0, 0, 0]);
});

test("a map is what was written last, also by oneself, and lists its keys in order", () => {
  const map = room.map<number>("board");
  map.set("b", 1);
  host.news("map", "board", "a", BOB, 2);
  host.news("map", "board", "b", BOB, 3);
  expect([map.get("b"), map.size]).toEqual([3, 2]);
  expect([...map.entries()]).toEqual([["a", 2], ["b", 3]]);
  map.delete("b");
  expect([map.get("b"), map.size]).toEqual([undefined, 1]);
  expect(host.asked("write")).toEqual([["write", "map", "board", "b", 1], ["write", "map", "board", "b", undefined]]);
});

test("a key that has no value needs no deleting", () => {
  room.map("board").delete("a");
  expect(host.asked("write")).toEqual([]);
});

test("a change is told with who made it, if that is still somebody", () => {
  const changes = vi.fn();
  const map = room.map<unknown>("board");
  const end = map.on("change", changes);
  map.set("a", { x: 1 });
  host.news("map", "board", "a", BOB, undefined);
  host.news("map", "board", "b", GONE, 2);
  end();
  host.news("map", "board", "b", BOB, 3);
  const bob = room.members.find(({ id }) => id === BOB);
  expect(changes.mock.calls).toEqual([["a", { x: 1 }, room.self], ["a", undefined, bob], ["b", 2, undefined]]);
});

test("what is written within a listener is there at once, and told when all have heard what came before", () => {
  const map = room.map<number>("board");
  const counter = room.counter("votes");
  const told: unknown[] = [];
  map.on("change", (key, value) => {
    if (key !== "a") return;
    map.set("b", 2);
    counter.add(2);
    told.push(["within", map.get("b"), counter.value, value]);
  });
  map.on("change", (key, value) => told.push([key, value]));
  counter.on("change", (value) => told.push(value));
  map.set("a", 1);
  expect(told).toEqual([["within", 2, 2, 1], ["a", 1], ["b", 2], 2]);
  expect([map.get("a"), map.get("b"), counter.value]).toEqual([1, 2, 2]);
});

test("a listener that puts right what was just written has the last word", () => {
  const map = room.map<string>("board");
  map.on("change", (key, value) => {
    if (value === "RAW") map.set(key, "raw");
  });
  map.set("a", "RAW");
  expect(map.get("a")).toBe("raw");
});

test("a counter adds one, or another integer, and nothing else", () => {
  const counter = room.counter("votes");
  const values = vi.fn();
  counter.on("change", values);
  counter.add();
  counter.add(-3);
  host.news("counter", "votes", "", "", 40);
  expect(values.mock.calls).toEqual([[1], [-2], [40]]);
  expect(counter.value).toBe(40);
  for (const n of [0.5, NaN, Infinity, 2 ** 53, "1" as never]) {
    expect(() => counter.add(n), String(n)).toThrow(expect.objectContaining({ code: "bad-argument" }) as Error);
  }
  expect(counter.value).toBe(40);
});

test("a log is in the order of its places, whatever comes first, and holds nothing twice", () => {
  const log = room.log<string>("chat");
  host.entry("chat", "third", BOB, 3);
  host.entry("chat", "first", GONE, 1);
  host.entry("chat", "second", BOB, 2);
  host.entry("chat", "first", GONE, 1);
  expect(datas(log)).toEqual(["first", "second", "third"]);
  expect(log.entries[1]).toEqual({ data: "second", from: room.members.find(({ id }) => id === BOB), id: `${placed(2)}-${BOB}`, sentAt: 7, hops: 0, direct: false });
  expect(log.entries[0]?.from.id).toBe(GONE);
});

test("two messages with one place stand in the order of their authors", () => {
  const log = room.log<string>("chat");
  host.entry("chat", "gone's", GONE, 1);
  host.entry("chat", "bob's", BOB, 1);
  expect(datas(log)).toEqual(["bob's", "gone's"]);
});

test("entries is the same array until something changes, and frozen; subscribers hear once a moment", async () => {
  const log = room.log<number>("chat");
  const subscriber = vi.fn();
  const { subscribe } = log;
  const end = subscribe(subscriber);
  const before = log.entries;
  expect(log.entries).toBe(before);
  host.sink.state("log", "chat", placed(1), BOB, 1);
  host.sink.state("log", "chat", placed(2), BOB, 2);
  host.sink.settled();
  host.sink.settled();
  expect(subscriber).toHaveBeenCalledTimes(1);
  expect(log.entries).not.toBe(before);
  expect(Object.isFrozen(log.entries)).toBe(true);
  end();
  await log.send(3);
  expect(subscriber).toHaveBeenCalledTimes(1);
});

test("a log shows the newest that were asked for; the greatest of two calls counts", () => {
  const log = room.log<number>("chat", { retain: 2 });
  for (let number = 1; number <= 4; number += 1) host.entry("chat", number, BOB);
  expect(datas(log)).toEqual([3, 4]);
  expect(room.log("chat", { retain: 1 })).toBe(log);
  expect(datas(log)).toEqual([3, 4]);
  room.log("chat", { retain: 3 });
  expect(datas(log)).toEqual([2, 3, 4]);
});

test("a full log forgets its oldest, as the room does", () => {
  const log = room.log<number>("chat");
  for (let number = 1; number <= 7; number += 1) host.entry("chat", number, BOB);
  expect(datas(log)).toEqual([3, 4, 5, 6, 7]);
});

test.each([0, 6, 1.5, NaN, "3" as never])("a log cannot retain %s messages of 5", (retain) => {
  expect(() => room.log("chat", { retain })).toThrow(expect.objectContaining({ code: "bad-argument" }) as Error);
});

test("what one appends is in the log, and is no news to oneself", async () => {
  const log = room.log<unknown>("chat");
  const heard = vi.fn();
  log.on("message", heard);
  await log.send({ text: "hi", gone: undefined });
  expect(host.asked("write")).toEqual([["write", "log", "chat", "", { text: "hi" }]]);
  expect(log.entries).toEqual([expect.objectContaining({ data: { text: "hi" }, from: room.self })]);
  expect(heard).not.toHaveBeenCalled();
});

test("the first listener hears the others' messages from before, and then all that come", async () => {
  host.held.set("log chat", [[placed(1), GONE, "old"], [placed(2), room.self.id, "mine"]]);
  const log = room.log<string>("chat");
  host.entry("chat", "before", BOB, 3);
  const heard: unknown[][] = [];
  log.on("message", (...args) => heard.push(args));
  host.entry("chat", "after", BOB, 4);
  await Promise.resolve();
  expect(heard).toEqual([["old", log.entries[0]], ["before", log.entries[2]], ["after", log.entries[3]]]);
});

test("a log without listeners keeps no more than it shows, and loses nothing by that", async () => {
  const log = room.log<number>("chat");
  for (let number = 1; number <= 9; number += 1) host.entry("chat", number, BOB);
  expect(room.stats().messagesDropped).toBe(0);
  const heard: number[] = [];
  log.on("message", (data) => heard.push(data));
  await Promise.resolve();
  expect(heard).toEqual([5, 6, 7, 8, 9]);
});

test("a log can be iterated, and the iteration ends with the room; its entries stay", async () => {
  const log = room.log<string>("chat");
  const iterator = log[Symbol.asyncIterator]();
  host.entry("chat", "hi", BOB);
  await Promise.resolve();
  expect((await iterator.next()).value?.[0]).toBe("hi");
  const waiting = iterator.next();
  await room.leave();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(datas(log)).toEqual(["hi"]);
});

test("a log is for everybody", async () => {
  await expect(room.log("chat").send("psst", { to: BOB })).rejects.toMatchObject({ code: "bad-argument" });
  expect(host.asked("write")).toEqual([]);
});

test.each([
  [{ code: "value-too-large", bytes: 9_000, max: 8_192 }, "message-too-large", "9000 bytes"],
  [{ code: "too-many-entries", bytes: 4_096, max: 4_096 }, "message-too-large", "ownerEntriesMax"],
  [{ code: "too-many-bytes", bytes: 5, max: 5 }, "message-too-large", "ownerBytesMax"],
  [{ code: "channel-name", bytes: 300, max: 248 }, "bad-argument", "248"],
  [{ code: "clock-behind" }, "protocol", "clock"],
])("what the host refuses, %j, is an error with a code, and nothing has changed", async (thrown, code, text) => {
  const [map, counter, log] = [room.map<number>("board"), room.counter("votes"), room.log("chat")];
  map.set("a", 1);
  host.throws = thrown;
  const error = expect.objectContaining({ code, message: expect.stringContaining(text) as string }) as Error;
  expect(() => map.set("a", 2)).toThrow(error);
  expect(() => map.delete("a")).toThrow(error);
  expect(() => counter.add()).toThrow(error);
  await expect(log.send(1)).rejects.toBeInstanceOf(ChinwagError);
  expect([map.get("a"), counter.value, log.entries.length]).toEqual([1, 0, 0]);
});

test("a value, a key or an event that cannot be is refused where it is passed", () => {
  const [map, log] = [room.map<unknown>("board"), room.log<unknown>("chat")];
  for (const call of [
    () => map.set("a", () => 1),
    () => map.set("a", undefined),
    () => map.set("\ud800", 1),
    () => map.set(7 as never, 1),
    () => map.on("changed" as never, () => {}),
    () => room.counter("votes").on("add" as never, () => {}),
    () => log.on("change" as never, () => {}),
  ]) {
    expect(call).toThrow(expect.objectContaining({ code: "bad-argument" }) as Error);
  }
  expect(host.asked("write")).toEqual([]);
});

test("after leaving all can be read, and nothing written", async () => {
  const [map, counter, log] = [room.map<number>("board"), room.counter("votes"), room.log<number>("chat")];
  map.set("a", 1);
  counter.add(2);
  await log.send(3);
  await room.leave();
  expect([map.get("a"), counter.value, datas(log)]).toEqual([1, 2, [3]]);
  const left = expect.objectContaining({ code: "left" }) as Error;
  expect(() => map.set("a", 2)).toThrow(left);
  expect(() => counter.add()).toThrow(left);
  await expect(log.send(4)).rejects.toMatchObject({ code: "left" });
});
