import { expect, test } from "vitest";
import { pack } from "../pack.mjs";
import { unpack } from "../src/unpack.js";

const everyByte = Uint8Array.from({ length: 256 }, (_, at) => at);
/** Bytes without any order, always the same ones. */
const noise = Uint8Array.from({ length: 20_000 }, (_, at) => Math.imul(at + 1, 0x9e37_79b1) >>> 24 ^ Math.imul(at + 7, 0x85eb_ca6b) >>> 21);
/** A module whose one function branches by a table, compares floats, fills memory, and ends within another section. */
const module = Uint8Array.from([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1],
  ...[10, 44, 1, 42, 1, 2, 0x7f, 0x02, 0x40, 0x02, 0x40, 0x41, 0x80, 0x01, 0x0e, 1, 0, 1, 0x0b, 0x0b, 0x44, 0, 0, 0, 0, 0, 0, 0, 0],
  ...[0x1a, 0x43, 0, 0, 0, 0, 0x1a, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0, 0x0b],
  ...[0, 2, 1, 65],
]);

/** A module of functions without parameters and results, each of these bytes after its length. */
const functions = (...bodies: number[][]) => {
  const length = (count: number) => (count < 128 ? [count] : [(count & 127) | 128, count >> 7]);
  const code = [...length(bodies.length), ...bodies.flatMap((body) => [...length(body.length), ...body])];
  return Uint8Array.from([
    ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, bodies.length + 1, bodies.length, ...bodies.map(() => 0)],
    ...[10, ...length(code.length), ...code],
  ]);
};
const empty = [0, 0x0b];
/** 127 and 128 bytes with what is around them: the longest whose length is one byte, and the shortest whose length is two. */
const long = (count: number) => [0, ...Array<number>(count - 2).fill(0x01), 0x0b];
/** Chooses between two null functions, which names the type of what is chosen. */
const choice = [0, 0xd0, 0x70, 0xd0, 0x70, 0x41, 1, 0x1c, 1, 0x70, 0x1a, 0x0b];
/** One function, whose length is written in a byte more than it needs. */
const padded = Uint8Array.from([...functions().slice(0, 14), 3, 2, 1, 0, 10, 5, 1, 0x82, 0, ...empty]);

test.each([
  ["nothing", new Uint8Array()],
  ["every byte", everyByte],
  ["one byte many times", new Uint8Array(10_000).fill(255)],
  ["noise", noise],
  ["the beginning of a module", module.slice(0, 8)],
  ["a module", module],
  ["half a module", module.slice(0, 40)],
  ["a module with functions of all lengths", functions(empty, long(127), empty, long(128), choice, long(5000))],
  ["a module whose lengths are longer than need be", padded],
  ["a module that says nothing true of itself", Uint8Array.from([...module.slice(0, 26), 3, ...module.slice(27)])],
  ["a module and noise", Uint8Array.from([...module, ...noise])],
])("%s comes out as it went in", (_, bytes) => {
  expect(unpack(pack(bytes))).toEqual(bytes);
});

test("code is found, and compressed well below its size", () => {
  expect(WebAssembly.validate(module)).toBe(true);
  // Without the byte that says how long its function is.
  expect(pack(module)).toMatchObject({ length: module.length - 1, codeStart: 26, codeEnd: 68 });
  expect(pack(functions(empty, choice, empty))).toMatchObject({ codeStart: 23, codeEnd: 39 });
  expect(pack(new Uint8Array(10_000)).text.length).toBeLessThan(200);
});

test("the text needs no escape in any quotes, and cannot end a script", () => {
  expect(pack(noise).text).toMatch(/^[=-~]+$/);
  expect(pack(noise).text).not.toMatch(/[\\`]/);
});

test("what is expanded is the same in every engine: only exact arithmetic", async () => {
  const { readFile } = await import("node:fs/promises");
  const source = await readFile(new URL("../src/model.ts", import.meta.url), "utf8");
  const used = new Set(source.match(/\bMath\.\w+(?=\()/g));
  expect([...used].sort()).toEqual(["Math.imul", "Math.max", "Math.min"]);
});
