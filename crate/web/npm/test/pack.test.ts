import { expect, test } from "vitest";
import { pack } from "../pack.mjs";
import { unpack } from "../src/unpack.js";

const everyByte = Uint8Array.from({ length: 256 }, (_, at) => at);

test.each([
  ["nothing", new Uint8Array()],
  ["every byte", everyByte],
  ["one byte many times", new Uint8Array(1_000).fill(255)],
  ["the beginning of a module", new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])],
])("%s comes out as it went in", (_, bytes) => {
  const { order, text } = pack(bytes);
  expect(unpack(order, text)).toEqual(bytes);
});

test("the text needs no escape in any quotes, and cannot end a script", () => {
  const { text } = pack(everyByte);
  expect(text).toMatch(/^[ -~]*$/);
  expect(text).not.toMatch(/["'`\\$<]/);
});
