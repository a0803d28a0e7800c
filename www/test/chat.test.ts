import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PALETTE } from "../src/shared/color.js";
import { lengthNote } from "../src/chat/composer.js";
import { pieces } from "../src/chat/links.js";
import { clock, continues, newCount, woven, type Entry, type Message } from "../src/chat/thread.js";
import { TypingSignal, typingWords } from "../src/chat/typing.js";

function message(author: string, at_ms: number, name = author): Message {
  return { kind: "message", id: `${author}-${at_ms}`, author: { id: author, name, color: PALETTE[0] }, own: false, text: "hello", at_ms };
}

describe("what stands under one name", () => {
  const first = message("ann", 1_000_000);
  const quiet: Entry = { kind: "happening", text: "Bo joined", at_ms: 1_000_500 };

  test.each<[string, Entry | undefined, Entry, boolean]>([
    ["the same author soon after", first, message("ann", 1_060_000), true],
    ["the very first message", undefined, first, false],
    ["another author", first, message("bo", 1_001_000), false],
    ["another author of the same name", first, message("bo", 1_001_000, "ann"), false],
    ["the same author under a new name", first, message("ann", 1_001_000, "Anna"), false],
    ["the same author after a long pause", first, message("ann", 1_300_001), false],
    ["the same author after the clock was put back", first, message("ann", 999_999), false],
    ["a message after a happening", quiet, message("ann", 1_001_000), false],
    ["a happening", first, quiet, false],
  ])("%s: %#", (_, last, next, expected) => {
    expect(continues(last, next)).toBe(expected);
  });
});

describe("what a page learns late", () => {
  const [first, second, third] = [message("ann", 1_000), message("bo", 500), message("ann", 3_000)];
  const log = [first, second, third];
  const happening = (at_ms: number): Entry => ({ kind: "happening", text: "Bo joined", at_ms });
  const rows = (...entries: Entry[]) => entries.map((entry) => ({ entry }));
  const weave = (there: readonly Entry[], fresh: readonly Message[]) => woven(rows(...there), log, fresh, (entry) => ({ entry })).map(({ entry }) => entry);

  test("stands between messages in the order of the log, whatever the clocks say", () => {
    expect(weave([first, third], [second])).toEqual(log);
    expect(weave([second], [first, third])).toEqual(log);
  });

  test("stands among all else by its time", () => {
    const [joined, refused] = [happening(2_000), { ...message("me", 2_500), id: "refused" }];
    expect(weave([joined, refused], log)).toEqual([first, second, joined, refused, third]);
  });
});

test("time is told by the clock", () => {
  expect(clock(new Date(2026, 0, 2, 14, 5).getTime(), "en-GB")).toMatch(/^14:05$/u);
});

test("the pill counts, and stops counting at a hundred", () => {
  expect([1, 3, 99, 100].map(newCount)).toEqual(["1 new message", "3 new messages", "99 new messages", "99+ new messages"]);
});

describe("who is typing", () => {
  test.each([
    [[], ""],
    [["Ann"], "Ann is typing"],
    [["Ann", "Bo"], "Ann and Bo are typing"],
    [["Ann", "Bo", "Cleo"], "Ann, Bo and Cleo are typing"],
    [["Ann", "Bo", "Cleo", "Dee"], "Ann, Bo and 2 others are typing"],
  ])("%j", (names, words) => {
    expect(typingWords(names)).toBe(words);
  });
});

describe("that I am typing", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function signal() {
    const told: boolean[] = [];
    return { told, typing: new TypingSignal((now) => told.push(now)) };
  }

  test("is told once, however many keys", () => {
    const { told, typing } = signal();
    for (let key = 0; key < 20; key += 1) typing.key(false);
    expect(told).toEqual([true]);
  });

  test("ends four seconds after the last key", () => {
    const { told, typing } = signal();
    typing.key(false);
    vi.advanceTimersByTime(3000);
    typing.key(false);
    vi.advanceTimersByTime(3999);
    expect(told).toEqual([true]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([true, false]);
  });

  test("ends when the field is empty again, and when the message is sent", () => {
    const { told, typing } = signal();
    typing.key(false);
    typing.key(true);
    typing.key(false);
    typing.stop();
    vi.runAllTimers();
    expect(told).toEqual([true, false, true, false]);
  });
});

describe("links in a text", () => {
  const links = (text: string): string[] => pieces(text).flatMap((piece) => (piece.kind === "link" ? [piece.href] : []));

  test.each([
    ["see https://example.org/a?b=c#d now", "https://example.org/a?b=c#d"],
    ["(http://example.org/x)", "http://example.org/x"],
    ["https://example.org/gossip_(protocol).", "https://example.org/gossip_(protocol)"],
    ["[https://example.org]!", "https://example.org/"],
  ])("%s", (text, href) => {
    expect(links(text)).toEqual([href]);
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://",
    "https://bank.example@evil.example/",
    `https://example.org/${"a".repeat(2048)}`,
    "xhttps://example.org",
  ])("%s is no link", (text) => {
    expect(links(text)).toEqual([]);
  });

  test.each(["", "plain", "a https://example.org, b http://example.org.", "https://a.example https://b.example", `(${"https://x.y/)".repeat(200)}`])(
    "the pieces of %j make up the text",
    (text) => {
      expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
    },
  );

  test("a tail of brackets and full stops is no part of the address", () => {
    expect(links(`https://example.org/a(b)${".)".repeat(1000)}!`)).toEqual(["https://example.org/a(b)"]);
  });
});

test("the length is spoken of only when it matters", () => {
  expect(lengthNote(0)).toBe("");
  expect(lengthNote(3599)).toBe("");
  expect(lengthNote(3600)).toBe("400 left");
  expect(lengthNote(4000)).toBe("0 left");
  expect(lengthNote(4002)).toBe("2 too many: a message holds 4,000 characters");
});
