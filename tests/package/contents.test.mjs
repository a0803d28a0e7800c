// @ts-check
// What is in the packed package, and what it is for those who are not a browser: linters, compilers, servers.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { before, test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { installPacked, npm } from "./support/packed.mjs";

/** @type {Awaited<ReturnType<typeof installPacked>>} */
let packed;
/** @type {Record<string, any>} */
let manifest;

before(async () => {
  packed = await installPacked();
  manifest = JSON.parse(await readFile(join(packed.installed, "package.json"), "utf8"));
});

/** Every string anywhere inside a value. @param {unknown} value @returns {string[]} */
const strings = (value) => (typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(strings));

test("it is the packed file that is installed, not a link to its sources", async () => {
  assert.equal((await lstat(packed.installed)).isSymbolicLink(), false);
  assert.equal(manifest["name"], "chinwag");
});

test("it holds what is built and the papers, and nothing else", () => {
  const stray = packed.files.filter((path) => !/^(dist\/.+\.(js|d\.ts|wasm|map)|package\.json|README\.md|LICENSE(-[A-Z]+)?)$/.test(path));
  assert.deepEqual(stray, []);
  assert.ok(packed.files.some((path) => path.startsWith("LICENSE")), "a licence comes with it");
  assert.ok(packed.files.includes("README.md"), "a manual comes with it");
});

test("every file that the manifest names is in it", () => {
  const named = strings([manifest["exports"], manifest["types"], manifest["main"]]).filter((path) => path.startsWith("./"));
  assert.ok(named.length > 0);
  for (const path of named) assert.ok(existsSync(join(packed.installed, path)), path);
});

test("every source map that is named is in it, with its sources", async () => {
  for (const path of packed.files.filter((name) => /\.(js|d\.ts)$/.test(name))) {
    const text = await readFile(join(packed.installed, path), "utf8");
    const map = /^\/\/# sourceMappingURL=(?!data:)(\S+)\s*$/m.exec(text)?.[1];
    if (map === undefined) continue;
    const mapPath = posix.join(dirname(path), map);
    assert.ok(packed.files.includes(mapPath), `${path} names ${map}`);
    const { sources, sourcesContent = [], sourceRoot = "" } = JSON.parse(await readFile(join(packed.installed, mapPath), "utf8"));
    for (const [index, source] of sources.entries()) {
      const present = packed.files.includes(posix.join(dirname(mapPath), sourceRoot, source));
      assert.ok(present || typeof sourcesContent[index] === "string", `${mapPath} is without ${source}`);
    }
  }
});

test("it brings nothing along: a tab downloads this package alone", () => {
  assert.deepEqual(manifest["dependencies"] ?? {}, {});
  assert.equal(manifest["scripts"]?.["postinstall"], undefined);
});

test("publint finds nothing to complain about", async () => {
  const { messages, pkg } = await publint({ pkgDir: packed.installed, strict: true, pack: false });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg ?? {})), []);
});

for (const resolution of ["bundler", "node"]) {
  test(`its types hold for a user whose TypeScript resolves as ${resolution}`, async () => {
    await npm(join(packed.folder, "types"), "run", resolution);
  });
}

test("importing it touches no global, so that it can be rendered on a server", async () => {
  const program = `
    const touched = [];
    // What a browser has and Node has not: looking for it is harmless, but only when someone joins.
    for (const name of ["window", "document", "RTCPeerConnection", "location", "localStorage", "self"]) {
      Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push("read " + name); return undefined; } });
    }
    const before = Reflect.ownKeys(globalThis);
    const compile = WebAssembly.Module;
    WebAssembly.compile = WebAssembly.instantiate = WebAssembly.Module = () => { touched.push("compiled"); throw new Error("compiled"); };
    const { join, ChinwagError } = await import("chinwag");
    const added = Reflect.ownKeys(globalThis).filter((key) => !before.includes(key)).map(String);
    console.log(JSON.stringify({ touched, added, join: typeof join, error: new ChinwagError("left", "gone") instanceof Error }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd: packed.folder });
  assert.deepEqual(JSON.parse(stdout), { touched: [], added: [], join: "function", error: true });
});

test("its hooks render on a server, and need React only of those who use them", async () => {
  assert.equal(manifest["peerDependenciesMeta"]?.react?.optional, true);
  const program = `
    const { createElement } = await import("react");
    const { renderToString } = await import("react-dom/server");
    const { useRoom, useMembers, useCounter } = await import("chinwag/react");
    const Lobby = () => { const { room } = useRoom("lobby"); return useMembers(room).length + " here, " + useCounter(room, "votes")[0] + " votes"; };
    console.log(renderToString(createElement(Lobby)));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd: packed.folder });
  assert.equal(stdout.trim(), "0 here, 0 votes");
});

test("its hooks stand on the same module as its join, so a page has the WebAssembly once", async () => {
  const bundled = async (/** @type {string} */ contents) => {
    const { outputFiles } = await build({ stdin: { contents, resolveDir: packed.folder }, bundle: true, minify: true, format: "esm", external: ["react"], write: false });
    return outputFiles.reduce((sum, file) => sum + file.contents.length, 0);
  };
  const join = 'export { join } from "chinwag";';
  const [alone, withHooks] = await Promise.all([bundled(join), bundled(`${join} export * from "chinwag/react";`)]);
  assert.ok(withHooks - alone < 10_000, `the hooks add ${withHooks - alone} bytes`);
});
