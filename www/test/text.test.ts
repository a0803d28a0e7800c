import { describe, expect, test } from "vitest";
import { cleanLine, cleanText, clip, counted, listed } from "../src/shared/text.js";

describe("one line from anybody", () => {
  test.each([undefined, null, 7, true, [], {}, new Uint8Array(3), () => "Ann"])("%s is no line", (value) => {
    expect(cleanLine(value, 40)).toBeUndefined();
  });

  test("white space of every kind becomes single spaces", () => {
    expect(cleanLine("  Ann \n\t of\u2028the\u00a0hill ", 40)).toBe("Ann of the hill");
  });

  test("nothing but spaces and invisible characters is nothing", () => {
    expect(cleanLine(" \u200b\u202e\ufeff\u0007 ", 40)).toBeUndefined();
  });

  test("overrides that would turn the neighbours' text around are dropped", () => {
    expect(cleanLine("Ann\u202egnp.exe\u2066", 40)).toBe("Anngnp.exe");
  });

  test("towers of combining marks are cut to a human height", () => {
    const tower = `Z${"\u0301".repeat(200)}o`;
    expect(cleanLine(tower, 40)).toBe(`Z${"\u0301".repeat(4)}o`);
  });

  test("joiners inside emoji stay", () => {
    expect(cleanLine("👩‍🚀", 40)).toBe("👩‍🚀");
  });

  test("it is cut to its length, and never inside a surrogate pair", () => {
    expect(cleanLine("a".repeat(1_000_000), 40)).toBe("a".repeat(40));
    expect(cleanLine(`${"a".repeat(39)}😀`, 40)).toBe("a".repeat(39));
    expect(clip("😀😀", 3)).toBe("😀");
  });
});

describe("several lines from anybody", () => {
  test("line breaks and tabs stay, other control characters go", () => {
    expect(cleanText("a\r\nb\tc\u0000\u001b[31m", 99)).toBe("a\nb\tc[31m");
  });

  test("a long run of empty lines is shortened", () => {
    expect(cleanText(`a${"\n".repeat(50)}b`, 99)).toBe("a\n\n\nb");
  });

  test("a text that is too long is refused, not cut", () => {
    expect(cleanText("a".repeat(100), 100)).toHaveLength(100);
    expect(cleanText("a".repeat(101), 100)).toBeUndefined();
  });

  test.each(["", " \n ", "\u200b", 5, null, { text: "a" }])("%j is no text", (value) => {
    expect(cleanText(value, 99)).toBeUndefined();
  });
});

test("things are listed as people list them", () => {
  expect(listed([])).toBe("");
  expect(listed(["Ann"])).toBe("Ann");
  expect(listed(["Ann", "Bo"])).toBe("Ann and Bo");
  expect(listed(["Ann", "Bo", "Cleo"])).toBe("Ann, Bo and Cleo");
});

test("one link, and several links", () => {
  expect([0, 1, 2].map((count) => counted(count, "link"))).toEqual(["0 links", "1 link", "2 links"]);
});
