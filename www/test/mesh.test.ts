import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PALETTE } from "../src/shared/color.js";
import { spoken } from "../src/shared/live.js";
import { memberNote } from "../src/shared/member-list.js";
import { meshLine, meshMeaning, statRows } from "../src/shared/mesh.js";
import { People, inOrder, linkCount, onArrival, personOf } from "../src/shared/people.js";

function member(id: string, more: object = {}) {
  return { id, presence: undefined, status: "alive" as const, zone: undefined, linked: true, rttMs: undefined, joinedAt: 0, ...more };
}

describe("the mesh line", () => {
  test("members, links and the server, in words", () => {
    expect(meshLine({ member_count: 4, link_count: 1, signaling: "detached" })).toEqual(["4 here", "1 link", "server stepped out"]);
  });

  test("an unreachable server is no reason to worry", () => {
    const state = { member_count: 2, link_count: 1, signaling: "unreachable" } as const;
    expect(meshLine(state)[2]).toContain("the room goes on");
    expect(meshMeaning(state)).toContain("The room goes on without it");
  });

  test("links are counted without me, and without those reached through others", () => {
    const self = member("me");
    expect(linkCount({ self, members: [self, member("a"), member("b", { linked: false })] })).toBe(1);
  });
});

describe("the figures", () => {
  test("names are spelt out, in either style", () => {
    expect(statRows({ bytesSent: 12_345, frames_received: 2 })).toEqual([["bytes sent", "12,345"], ["frames received", "2"]]);
  });

  test("one level inside is shown, anything that is no number is not", () => {
    expect(statRows({ byKind: { ping: 3, deep: { no: 1 } }, label: "x", none: null })).toEqual([["by kind, ping", "3"]]);
  });

  test("there is an end to them", () => {
    expect(statRows(Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`n${at}`, at])))).toHaveLength(80);
  });
});

describe("people", () => {
  test("a member without a presence has a name and a colour all the same", () => {
    expect(personOf(member("3fa94c"))).toMatchObject({ id: "3fa94c", name: "Guest 3fa9" });
  });

  test("one who has gone, and its presence with it, is still called by name", () => {
    const people = new People();
    people.see(member("a", { presence: { name: "Ann" } }));
    expect(people.see(member("a")).name).toBe("Ann");
  });

  test("a new name replaces the old one", () => {
    const people = new People();
    people.see(member("a", { presence: { name: "Ann" } }));
    expect(people.see(member("a", { presence: { name: "Anna" } })).name).toBe("Anna");
  });

  test("those who say no colour all look different, as long as the palette suffices, and keep what they got", () => {
    const people = new People();
    const ids = PALETTE.map((_, at) => `member-${at}`);
    const colors = ids.map((id) => people.see(member(id)).color);
    expect(new Set(colors).size).toBe(PALETTE.length);
    expect(ids.map((id) => people.see(member(id)).color)).toEqual(colors);
  });

  test("a colour that is said is worn, whoever else wears it", () => {
    const people = new People();
    const [color] = PALETTE;
    for (const id of ["a", "b"]) expect(people.see(member(id, { presence: { name: id, color } })).color).toBe(color);
  });

  test("only so many are remembered", () => {
    const people = new People();
    people.see(member("a", { presence: { name: "Ann" } }));
    for (let at = 0; at < 500; at += 1) people.see(member(`b${at}`));
    expect(people.see(member("a")).name).toBe("Guest a");
  });

  test("me first, then in the order in which they came, whatever joinedAt claims", () => {
    const members = [member("c", { joinedAt: 3 }), member("me", { joinedAt: 9 }), member("b", { joinedAt: 3 }), member("n", { joinedAt: Number.NaN })];
    expect(inOrder(members, "me").map(({ id }) => id)).toEqual(["me", "n", "b", "c"]);
  });

  test.each([
    [{}, true, "you"],
    [{ status: "suspect" as const }, false, "gone quiet…"],
    [{ linked: false }, false, "through others"],
    [{}, false, "linked"],
    [{ rttMs: 0.4 }, false, "linked, under 1 ms"],
    [{ rttMs: 23.6 }, false, "linked, 24 ms"],
    [{ rttMs: Number.NaN }, false, "linked"],
  ])("%o (me: %s) is noted as %j", (more, self, words) => {
    expect(memberNote(member("a", more), self)).toBe(words);
  });
});

test("a storm of comings and goings is announced in one bounded sentence", () => {
  expect(spoken(["Ann joined"])).toBe("Ann joined.");
  expect(spoken(["a", "b", "c", "d", "e", "f"])).toBe("a. b. c. d. And 2 more.");
});

describe("newcomers", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function roomOf(...ids: string[]) {
    const listeners = new Map<string, (...args: unknown[]) => void>();
    const told: string[] = [];
    const on = (event: string, listener: (...args: unknown[]) => void) => listeners.set(event, listener);
    onArrival({ members: ids.map((id) => member(id)), on } as unknown as Parameters<typeof onArrival>[0], ({ id }) => told.push(id));
    return { told, happen: (event: "join" | "presence" | "leave", id: string, presence?: object) => listeners.get(event)?.(member(id, { presence })) };
  }
  const bo = { name: "Bo" };

  test("those who were here before me are not told of", () => {
    const { told, happen } = roomOf("me", "ann");
    happen("join", "ann", bo);
    happen("join", "bo", bo);
    expect(told).toEqual(["bo"]);
  });

  test("one who goes and comes again is", () => {
    const { told, happen } = roomOf("me", "ann");
    happen("leave", "ann");
    happen("join", "ann", bo);
    expect(told).toEqual(["ann"]);
  });

  test("one without a name is told of when the name has come, once", () => {
    const { told, happen } = roomOf("me");
    happen("join", "bo");
    happen("presence", "bo", {});
    expect(told).toEqual([]);
    happen("presence", "bo", bo);
    happen("presence", "bo", bo);
    vi.runAllTimers();
    expect(told).toEqual(["bo"]);
  });

  test("one that never says a name is told of all the same, unless it has gone", () => {
    const { told, happen } = roomOf("me");
    happen("join", "bo");
    happen("join", "cleo");
    happen("leave", "cleo");
    vi.runAllTimers();
    expect(told).toEqual(["bo"]);
  });
});
