import { expect, test } from "vitest";
import { cleanValue } from "../src/value.js";

const bytes = new Uint8Array([1, 2]);

test.each([
  null, true, 0, -1.5, "", "\u{1f408}", [], [[null]], {}, { a: [{ b: 1 }] }, bytes, { deep: [bytes] }, Object.create(null),
])("%j can be sent, as a copy", (value) => {
  const cleaned = cleanValue(value);
  expect(cleaned).toEqual(value);
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) expect(cleaned).not.toBe(value);
});

test("bytes are not copied: there may be many", () => {
  expect((cleanValue({ bytes }) as { bytes: unknown }).bytes).toBe(bytes);
});

test("properties that are undefined are left out, as in JSON", () => {
  expect(Object.keys(cleanValue({ a: undefined, b: 1 }) as object)).toEqual(["b"]);
});

class Cat {}

test.each([
  [undefined, "The value is undefined"],
  [() => 1, "The value is a function"],
  [{ a: [1, 2, 3, () => 1] }, "at .a[3] is a function"],
  [[undefined], "at [0] is undefined"],
  // eslint-disable-next-line no-sparse-arrays
  [[1, , 3], "at [1] is undefined"],
  [{ "a key": Symbol() }, 'at ["a key"] is a symbol'],
  [10n, "is a bigint"],
  [{ n: NaN }, "at .n is NaN, which JSON does not have"],
  [-Infinity, "is -Infinity"],
  [{ at: new Date(0) }, "at .at is a Date, which is no plain object; send its getTime()"],
  [new Map(), "is a Map, which is no plain object; send it as an object"],
  [new ArrayBuffer(1), "is a ArrayBuffer, which is no plain object; wrap its bytes"],
  [new Float32Array(1), "wrap its bytes in a Uint8Array"],
  [new Cat(), "is a Cat, which is no plain object"],
  ["\ud800", "half of a surrogate pair"],
  [{ "\udc00": 1 }, "half of a surrogate pair"],
  [JSON.parse('{"a": {"__proto__": {"admin": true}}}'), "at .a.__proto__ would change a prototype"],
])("%o is refused, and the message says where and why", (value, message) => {
  expect(() => cleanValue(value)).toThrow(expect.objectContaining({ code: "bad-argument", message: expect.stringContaining(message) as string }) as Error);
});

test("what contains itself is refused, and so is what is deeper than 64 levels", () => {
  const cyclic: unknown[] = [];
  cyclic.push({ cyclic });
  expect(() => cleanValue(cyclic)).toThrow("contains itself, or more than 64 levels");
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  expect(() => cleanValue(nested(64))).not.toThrow();
  expect(() => cleanValue(nested(65))).toThrow("64 levels");
});

test("a getter that answers differently each time is asked once", () => {
  let asked = 0;
  const value = { get now() { return (asked += 1); } };
  expect(cleanValue(value)).toEqual({ now: 1 });
  expect(asked).toBe(1);
});
