// @ts-check
// What a user's page downloads for `import { join } from "chinwag"`: bundled, minified, compressed by brotli as a server does
// it once and for all. Fails above the budget. `cargo xtask check size` runs it.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { root } from "./support/packed.mjs";

const BUDGET_BYTES = 80_000;
/** A string this long is no string that anybody wrote: it is the WebAssembly. */
const INLINE_CHARACTERS_MIN = 10_000;

/** @param {string | Uint8Array} data */
const compressedBytes = (data) =>
  brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } }).length;

const { outputFiles } = await build({
  stdin: { contents: 'import { join } from "chinwag"; globalThis.join = join;', resolveDir: join(root, "tests") },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  outdir: "out",
  write: false,
});
const total = outputFiles.reduce((sum, { contents }) => sum + compressedBytes(contents), 0);
const text = outputFiles.filter(({ path }) => path.endsWith(".js")).map((file) => file.text).join("\n");
const script = text.replace(new RegExp(`(["'\`])[^"'\`]{${INLINE_CHARACTERS_MIN},}\\1`, "g"), '""');
const dist = join(root, "crate/web/npm/dist");
const files = (await readdir(dist, { recursive: true })).filter((path) => path.endsWith(".wasm"));
for (const path of files) {
  const wasm = await readFile(join(dist, path));
  console.log(`${path} as a file of its own: ${wasm.length} bytes, ${compressedBytes(wasm)} compressed`);
}
console.log(`${text.length} bytes bundled; compressed: ${compressedBytes(script)} JavaScript, ${total - compressedBytes(script)} inline WebAssembly`);
console.log(`${total} of ${BUDGET_BYTES} bytes (brotli)`);
if (total > BUDGET_BYTES) process.exitCode = 1;
