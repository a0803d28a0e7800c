import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RANGES } from "../src/config.js";
import { LOG_ENTRIES_MAX } from "../src/options.js";
import { FRAME_KINDS, HOST_STATS } from "../src/stats.js";

const rust = readFileSync(new URL("../../src/settings.rs", import.meta.url), "utf8");

const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** The names in a list of the Rust side, which stand on lines of their own. */
function listed(begin: string, end: string, line: RegExp): string[] {
  const list = rust.slice(rust.indexOf(begin), rust.indexOf(end, rust.indexOf(begin)));
  return [...list.matchAll(line)].map(([, name]) => camelCase(name ?? ""));
}

test("the knobs are in the order in which the host takes them", () => {
  expect(listed("knobs! {", "\n}", /^    (\w+),$/gm)).toEqual(Object.keys(RANGES));
});

test("the statistics are in the order in which the host gives them", () => {
  const names = listed("let numbers = [", "];", /(?:node|host|driver)\.(\w+)/g);
  expect(names.map((name) => (name === "connectionsMade" ? "peerConnectionsMade" : name))).toEqual(HOST_STATS);
});

test("the kinds of frames are those of the protocol, by their numbers", () => {
  const protocol = readFileSync(new URL("../../../../docs/PROTOCOL.md", import.meta.url), "utf8");
  const kinds = [...protocol.matchAll(/^\| 0x[0-9a-f]{2} \| (\w+) \|/gm)].map(([, name]) => name);
  expect(kinds).toEqual(FRAME_KINDS);
});

test("the default length of a log is the core's", () => {
  const core = readFileSync(new URL("../../../core/src/config.rs", import.meta.url), "utf8");
  expect(core).toContain(`log_entries_max: ${LOG_ENTRIES_MAX},`);
});
