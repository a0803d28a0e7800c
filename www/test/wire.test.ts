import { describe, expect, test } from "vitest";
import { PALETTE } from "../src/shared/color.js";
import { readFace, readSaid } from "../src/shared/wire.js";

const NOTHING = { name: undefined, color: undefined, cursor: null, typing: false };

/** Whatever JSON (and bytes) can be, and a little more. */
const SHAPES: readonly unknown[] = [
  undefined, null, true, false, 0, -1, Number.NaN, Infinity, "", "text", [], [1, [2]], {}, { a: { b: [] } }, new Uint8Array(9),
  Object.create(null), { name: { toString: null } }, { text: ["a"] }, { cursor: [0.5, 0.5] }, { length: 4 },
];

describe("a presence of any shape", () => {
  test.each(SHAPES)("%o is read without an error", (shape) => {
    expect(readFace(shape)).toEqual(NOTHING);
    for (const field of ["name", "color", "cursor", "typing"]) expect(() => readFace({ [field]: shape })).not.toThrow();
  });

  test("a whole one is read as it is", () => {
    const face = { name: "Ann", color: PALETTE[3], cursor: { x: 0.25, y: 1 }, typing: true };
    expect(readFace(face)).toEqual(face);
  });

  test("a name is cut to 40 characters", () => {
    expect(readFace({ name: "x".repeat(5000) }).name).toHaveLength(40);
  });

  test.each(["red", "#ff0000", "url(https://example.org/x)", "#FF7D6B", 7, "constructor"])("the colour %j is not of the palette", (color) => {
    expect(readFace({ color }).color).toBeUndefined();
  });

  test("a cursor is kept on the stage", () => {
    expect(readFace({ cursor: { x: -3, y: 1e300 } }).cursor).toEqual({ x: 0, y: 1 });
  });

  test.each([{ x: 0.5 }, { x: "0.5", y: 0.5 }, { x: Number.NaN, y: 0 }, { x: 0, y: -Infinity }, "0.5,0.5"])("%o is no cursor", (cursor) => {
    expect(readFace({ cursor }).cursor).toBeNull();
  });

  test("typing is true, and nothing that merely seems so", () => {
    expect([1, "true", {}, [], true].map((typing) => readFace({ typing }).typing)).toEqual([false, false, false, false, true]);
  });
});

describe("a message of any shape", () => {
  test.each(SHAPES)("%o says nothing", (shape) => {
    expect(readSaid(shape)).toBeUndefined();
    expect(() => readSaid({ text: shape, name: shape })).not.toThrow();
  });

  test("a whole one is read as it is, markup and all, because it is shown as text", () => {
    expect(readSaid({ text: "<img src=x onerror=alert(1)>", name: "Ann" })).toEqual({ text: "<img src=x onerror=alert(1)>", name: "Ann" });
  });

  test("a nameless one is still said", () => {
    expect(readSaid({ text: "hello", name: 7 })).toEqual({ text: "hello", name: undefined });
  });

  test("it holds 4,000 characters and no more", () => {
    expect(readSaid({ text: "a".repeat(4000) })?.text).toHaveLength(4000);
    expect(readSaid({ text: "a".repeat(4001) })).toBeUndefined();
  });
});
