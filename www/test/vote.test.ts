import { describe, expect, test } from "vitest";
import { readChoice } from "../src/shared/wire.js";
import { ballots, share, verdict, type ChoiceId } from "../src/vote/ballot.js";

test.each<[ChoiceId | undefined, ChoiceId, ReturnType<typeof ballots>]>([
  [undefined, "tea", [["tea", 1]]],
  ["tea", "tea", [["tea", -1]]],
  ["tea", "coffee", [["tea", -1], ["coffee", 1]]],
])("having chosen %s, choosing %s is %j", (mine, next, expected) => {
  expect(ballots(mine, next)).toEqual(expected);
});

test.each([[0, 0, 0], [1, 4, 25], [3, 3, 100], [-2, 5, 0], [9, 3, 100]])("%i of %i votes are %i hundredths", (votes, total, expected) => {
  expect(share(votes, total)).toBe(expected);
});

describe("how it stands", () => {
  test.each<[Record<string, number>, string]>([
    [{ tea: 0, coffee: 0 }, "Nobody has voted yet."],
    [{ tea: -1, coffee: 0 }, "Nobody has voted yet."],
    [{ tea: 1, coffee: 0 }, "Tea is ahead, with 1 vote in all."],
    [{ tea: 2, coffee: 2, cocoa: 1 }, "Tea and Coffee are level, with 5 votes in all."],
    [{ tea: 2, coffee: 2, cocoa: 2 }, "Tea, Coffee and Cocoa are level, with 6 votes in all."],
  ])("%j: %s", (votes, expected) => {
    expect(verdict(new Map(Object.entries(votes)) as Map<ChoiceId, number>)).toBe(expected);
  });
});

test("a choice is one of those that there are", () => {
  expect(readChoice({ choice: "tea" }, ["tea", "coffee"])).toBe("tea");
  for (const presence of [null, "tea", { choice: "rum" }, { choice: ["tea"] }, {}]) expect(readChoice(presence, ["tea"])).toBeUndefined();
});
