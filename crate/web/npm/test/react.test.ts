// @vitest-environment happy-dom
import { act, createElement, StrictMode, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { JoinOptions, Room } from "../src/api.js";
import { useCounter, useLog, useMap, useMembers, usePresence, useRoom } from "../src/react.js";
import { HostedRoom } from "../src/room.js";
import { FakeHost, lastHost } from "./fake-host.js";

const BOB = "0b".repeat(16);

const join = vi.hoisted(() => vi.fn<(name: string, options: JoinOptions) => Promise<Room>>());
vi.mock("../src/index.js", () => ({ join }));

let root: Root;
let shown: HTMLElement;

/** Joins at once. */
function enter(name: string): HostedRoom {
  const room = new HostedRoom({ name, logEntriesMax: 9, makeHost: (sink) => new FakeHost(sink), iceServers: () => undefined, relayOnly: false, serverless: false, onLeave() {} });
  room.start({ name: "ada" }, false, { ready() {}, attached() {}, trouble() {} });
  return room;
}

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  FakeHost.made = [];
  join.mockReset();
  join.mockImplementation((name) => Promise.resolve(enter(name)));
  shown = document.createElement("div");
  root = createRoot(shown);
});
afterEach(async () => {
  await act(() => root.unmount());
  await settled();
  vi.unstubAllGlobals();
});

/** All timers that are due have run. */
const settled = () => act(() => new Promise<void>((resolve) => setTimeout(resolve)));
const render = (...nodes: ReactNode[]) => act(async () => root.render(createElement(StrictMode, null, ...nodes)));

function Everything(): ReactNode {
  const { room, error } = useRoom("lobby", { presence: { name: "ada" } });
  const members = useMembers(room);
  const [presence, setPresence] = usePresence<{ name: string }>(room);
  const [entries, send] = useLog<string>(room, "chat", { retain: 2 });
  const [notes, board] = useMap<number>(room, "board");
  const [votes, add] = useCounter(room, "votes");
  const act = () => {
    setPresence({ name: "eve" });
    void send("hi");
    board?.set("b", notes.size);
    add(3);
  };
  return createElement("button", { onClick: act }, JSON.stringify([error, members.length, presence, entries.map(({ data }) => data), [...notes], votes]));
}

const state = () => JSON.parse(shown.querySelector("button")?.textContent ?? "null") as unknown;

test("a component shows what is in the room, and again whenever that changes", async () => {
  let enterNow = () => {};
  join.mockImplementation((name) => new Promise((resolve) => (enterNow = () => resolve(enter(name)))));
  await render(createElement(Everything));
  expect(state()).toEqual([null, 0, null, [], [], 0]);
  await act(async () => enterNow());
  expect(state()).toEqual([null, 1, null, [], [], 0]);
  const host = lastHost();
  await act(async () => {
    host.tell("joined", BOB);
    host.entry("chat", "one", BOB);
    host.entry("chat", "two", BOB);
    host.news("map", "board", "a", BOB, 1);
    host.news("counter", "votes", "", "", 4);
  });
  expect(state()).toEqual([null, 2, null, ["one", "two"], [["a", 1]], 4]);
  await act(async () => shown.querySelector("button")?.click());
  expect(state()).toEqual([null, 2, { name: "eve" }, ["two", "hi"], [["a", 1], ["b", 1]], 3]);
});

test("components share a room, strict mode joins it once, and it is left with the last of them", async () => {
  await render(createElement(Everything), createElement(Everything));
  await settled();
  expect(join).toHaveBeenCalledTimes(1);
  await render(createElement(Everything));
  await settled();
  expect(lastHost().asked("leave")).toHaveLength(0);
  await render();
  await settled();
  expect(lastHost().asked("leave")).toHaveLength(1);
  await render(createElement(Everything));
  expect(join).toHaveBeenCalledTimes(2);
  expect(state()).toEqual([null, 1, null, [], [], 0]);
});

test("who goes before the room is joined gives up joining it", async () => {
  join.mockImplementation(() => new Promise(() => {}));
  await render(createElement(Everything));
  await render();
  await settled();
  expect(join.mock.calls[0]?.[1].signal?.aborted).toBe(true);
});

test("what keeps it from joining is shown", async () => {
  join.mockImplementation(() => Promise.reject(new Error("no way")));
  await render(createElement(() => createElement("button", null, JSON.stringify(String(useRoom("lobby").error)))));
  expect(state()).toBe("Error: no way");
});

test("on a server nothing is joined, and everything is empty", () => {
  expect(renderToString(createElement(Everything))).toBe("<button>[null,0,null,[],[],0]</button>");
  expect(join).not.toHaveBeenCalled();
});
