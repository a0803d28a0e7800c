// @ts-check
// What a user's page downloads for `import { join } from "chinwag"`: bundled, minified, compressed by brotli as a server does
// it once and for all. Fails above the budget. `cargo xtask check size` runs it.
//
// What counts is what the page loads to join: the entry, and what that imports. What is only imported when it is asked for, the code for invites, is a file
// of its own, as bundlers make it, and is told beside.
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { root } from "./support/packed.mjs";

const BUDGET_BYTES = 80_000;
/** A string this long is no string that anybody wrote: it is the WebAssembly. */
const INLINE_CHARACTERS_MIN = 10_000;

/** @param {string | Uint8Array} data */
const compressedBytes = (data) =>
  brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } }).length;

const { outputFiles, metafile } = await build({
  stdin: { contents: 'import { join } from "chinwag"; globalThis.join = join;', resolveDir: join(root, "tests") },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  splitting: true,
  metafile: true,
  outdir: "out",
  write: false,
});

/** @type {Set<string>} The outputs that a page loads at once. */
const atOnce = new Set();
/** @param {string} path */
function load(path) {
  if (atOnce.has(path)) return;
  atOnce.add(path);
  for (const { kind, path: imported } of metafile.outputs[path]?.imports ?? []) if (kind === "import-statement") load(imported);
}
for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) if (entryPoint === "<stdin>") load(path);

/** @param {boolean} early Of what is loaded at once, or of the rest. */
const filesOf = (early) => outputFiles.filter(({ path }) => atOnce.has(relative(process.cwd(), path).replaceAll("\\", "/")) === early);
/** @param {import("esbuild").OutputFile[]} files */
const sizeOf = (files) => files.reduce((sum, { contents }) => sum + compressedBytes(contents), 0);
const total = sizeOf(filesOf(true));
if (total < INLINE_CHARACTERS_MIN) throw new Error(`the entry was not found among ${Object.keys(metafile.outputs).join(", ")}`);
const text = filesOf(true).map((file) => file.text).join("\n");
const script = text.replace(new RegExp(`(["'\`])[^"'\`]{${INLINE_CHARACTERS_MIN},}\\1`, "g"), '""');
const dist = join(root, "crate/web/npm/dist");
const files = (await readdir(dist, { recursive: true })).filter((path) => path.endsWith(".wasm"));
for (const path of files) {
  const wasm = await readFile(join(dist, path));
  console.log(`${path} as a file of its own: ${wasm.length} bytes, ${compressedBytes(wasm)} compressed`);
}
console.log(`${text.length} bytes bundled; compressed: ${compressedBytes(script)} JavaScript, ${total - compressedBytes(script)} inline WebAssembly`);
console.log(`${sizeOf(filesOf(false))} bytes more when the page first invites, or is invited`);
console.log(`${total} of ${BUDGET_BYTES} bytes (brotli)`);
if (total > BUDGET_BYTES) process.exitCode = 1;
