// Builds the npm package: Rust to WebAssembly, glue and face to dist/.
//
//   node build.mjs          everything
//   node build.mjs --face   the TypeScript only, on the WebAssembly of an earlier build
import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import binaryen from "binaryen";
import { build } from "esbuild";
import { pack } from "./pack.mjs";
import { snipPanics } from "./snip.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const crate = dirname(here);
const workspace = dirname(dirname(crate));
const pkg = join(here, "pkg");
const dist = join(here, "dist");
const wasm = join(pkg, "chinwag_bg.wasm");
const require = createRequire(import.meta.url);

const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");

/** Where cargo installs, behind whatever the user has on PATH. */
const path = [process.env.PATH, join(cargoHome, "bin")].filter(Boolean).join(delimiter);

/** rustc flags for the WebAssembly, judged by its size after brotli. */
const RUSTFLAGS = [
  // Loops instead of 80 rounds written out: 3 KB less.
  '--cfg=sha2_backend="soft"',
  '--cfg=sha2_backend_soft="compact"',
  // Paths of this machine have no place in a package, and panics carry them.
  `--remap-path-prefix=${workspace}=chinwag`,
  `--remap-path-prefix=${join(cargoHome, "registry", "src")}=cargo`,
];

/**
 * More of them, which another compiler may not know, or no longer: then the package is 2 KB larger without, and works all the same.
 *
 * A panic traps, so nobody reads where it was or of what; and what LLVM does for loops only makes them differ from each other.
 */
const RUSTFLAGS_IF_KNOWN = ["-Zlocation-detail=none", "-Zfmt-debug=none", "-Cllvm-args=-disable-lsr", "-Cllvm-args=-disable-licm-promotion"];

/**
 * Judged by what is left after compression, not by bytes: functions that are inlined no longer look like each other, so only tiny ones are. That nothing lies
 * in the lowest KiB, which `checkLowMemory` makes sure of, lets offsets move into loads and stores.
 */
const WASM_OPT = ["-Oz", "--low-memory-unused", "--converge", "--skip-pass=local-cse", "--one-caller-inline-max-function-size=16", "--always-inline-max-function-size=4"];

/** What browsers of 2022 have, and what rustc assumes: without it the optimiser refuses or undoes some of it. */
const WASM_FEATURES = ["bulk-memory", "mutable-globals", "nontrapping-float-to-int", "sign-ext", "multivalue", "reference-types"];

if (!process.argv.includes("--face")) buildWasm();
else if (!existsSync(wasm)) fail("there is no WebAssembly yet: run without --face first.");
packWasm();
await buildFace();
reportSizes();

function buildWasm() {
  // Only these need to be there beforehand; everything else comes with npm.
  need("wasm-pack", "cargo install wasm-pack");
  need("wasm-bindgen", `cargo install wasm-bindgen-cli --version ${lockedVersion("wasm-bindgen")}`);
  rmSync(pkg, { recursive: true, force: true });
  run("wasm-pack", ["build", crate, "--mode", "no-install", "--target", "web", "--profile", "wasm", "--out-dir", "npm/pkg", "--no-pack", "--no-opt", "--features", "module"], {
    RUSTFLAGS: [process.env.RUSTFLAGS, ...RUSTFLAGS, ...RUSTFLAGS_IF_KNOWN.filter(isKnown)].filter(Boolean).join(" "),
    RUSTC_BOOTSTRAP: "1",
  });
  writeFileSync(wasm, snipPanics(readFileSync(wasm)).bytes);
  checkLowMemory();
  // npm's binaryen, never one from PATH: an old one emits what browsers refuse to start.
  const wasmOpt = join(dirname(require.resolve("binaryen/package.json")), "bin", "wasm-opt");
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  run(process.execPath, [wasmOpt, wasm, "-o", wasm, ...features, ...WASM_OPT]);
  // Imports and exports have long names with a hash in them, in the WebAssembly and once more in the glue. In a run of its own,
  // as what converges runs several times, and would rename several times.
  const minify = ["--minify-imports-and-exports-and-modules", "--strip-producers", "--strip-target-features"];
  const names = capture(process.execPath, [wasmOpt, wasm, "-o", wasm, ...features, ...minify]);
  renameInGlue(names);
  addStart();
}

/** Makes sure of what `--low-memory-unused` takes for granted: all data lies above the lowest KiB, which is then the end of a stack or nothing. */
function checkLowMemory() {
  const module = binaryen.readBinary(readFileSync(wasm));
  const starts = [...module.emitText().matchAll(/^ \(data \S+ \(i32\.const (\d+)\)/gm)].map(([, start]) => Number(start));
  module.dispose();
  if (starts.length === 0 || Math.min(...starts) < 1024) fail(`the data begins at ${Math.min(...starts)}: --low-memory-unused does not hold.`);
}

/**
 * Gives imports and exports the names in the glue that they now have in the WebAssembly.
 *
 * `names` is what wasm-opt prints: `{ imports: [[module, old, new], …], exports: [[old, new], …] }`.
 */
function renameInGlue(names) {
  const { imports, exports } = JSON.parse(names);
  const glue = join(pkg, "chinwag.js");
  const exported = new Map(exports);
  const imported = new Map(imports.map(([, old, name]) => [old, name]));
  const [{ module }] = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(wasm)));
  const missing = new Set(imported.keys());
  const text = readFileSync(glue, "utf8")
    .replaceAll(/\bwasm\.(\w+)/g, (_, old) => `wasm.${exported.get(old) ?? old}`)
    // The keys of the object of imports, which stand at the beginning of a line.
    .replaceAll(/^(\s+)(\w+): /gm, (line, indent, old) => (missing.delete(old) ? `${indent}${imported.get(old)}: ` : line))
    .replaceAll('"./chinwag_bg.js": ', `${module}: `);
  if (missing.size > 0) fail(`the glue does not name ${[...missing].join(", ")} as expected.`);
  writeFileSync(glue, text);
}

/**
 * Adds to the glue how it starts from bytes that are there already.
 *
 * Its own way in also takes addresses, requests and responses, and streams: nobody needs that who has the bytes, and a bundler
 * leaves it out if nobody calls it. Both ways end at the same promise, as there is one instance.
 */
function addStart() {
  const glue = join(pkg, "chinwag.js");
  const text = readFileSync(glue, "utf8");
  const missing = ["let __wbg_init_promise;", "function __wbg_get_imports()", "function __wbg_finalize_init(instance, module)"].filter((line) => !text.includes(line));
  if (missing.length > 0) fail(`the glue lacks ${missing.join(", ")}.`);
  appendFileSync(glue, `
export function start(bytes) {
    return __wbg_init_promise ??= WebAssembly.instantiate(bytes, __wbg_get_imports()).then(
        ({ instance, module }) => __wbg_finalize_init(instance, module),
        (error) => { __wbg_init_promise = undefined; throw error; },
    );
}
`);
  appendFileSync(join(pkg, "chinwag.d.ts"), "\n/** Starts the module of these bytes, unless it has been started. */\nexport function start(bytes: Uint8Array<ArrayBuffer>): Promise<unknown>;\n");
}

/** Writes the module that carries the WebAssembly as text. */
function packWasm() {
  const bytes = readFileSync(wasm);
  writeFileSync(join(pkg, "packed.js"), `export default ${JSON.stringify(pack(bytes))};\n`);
  writeFileSync(join(pkg, "packed.d.ts"), 'import type { Packed } from "../src/unpack.js";\n/** The WebAssembly as `unpack` takes it. */\ndeclare const packed: Packed;\nexport default packed;\n');
}

async function buildFace() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const common = { absWorkingDir: here, outdir: "dist", bundle: true, format: "esm", target: "es2022", minify: true, sourcemap: true, legalComments: "none", logLevel: "warning" };
  // Invites are a file of their own, which a page fetches with the first.
  await build({ ...common, entryPoints: ["src/index.ts", "src/slim.ts", "src/invite.ts"], splitting: true, chunkNames: "shared" });
  // The hooks stand on the module beside them, which the page has once.
  await build({ ...common, entryPoints: ["src/react.ts"], external: ["react", "./index.js"] });
  copyFileSync(wasm, join(dist, "chinwag.wasm"));
  run(process.execPath, [join(dirname(require.resolve("typescript/package.json")), "bin", "tsc"), "-p", join(here, "tsconfig.types.json")]);
}

function reportSizes() {
  const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
  const files = ["index.js", "shared.js"].map((name) => readFileSync(join(dist, name)));
  const parts = [
    ["WebAssembly alone", readFileSync(wasm)],
    ["index.js (the WebAssembly as text)", files[0]],
    ["shared.js (glue and face)", files[1]],
    ["invite.js (fetched with the first invite)", readFileSync(join(dist, "invite.js"))],
  ];
  for (const [name, bytes] of parts) console.log(`${name}: ${bytes.length} bytes, ${brotli(bytes)} brotli`);
  console.log(`index.js and shared.js: ${brotli(Buffer.concat(files))} brotli`);
}

/** Whether the compiler takes a flag: it is asked to compile nothing with it. */
function isKnown(flag) {
  const scratch = mkdtempSync(join(tmpdir(), "chinwag-flag-"));
  const args = ["-", "--crate-type=lib", "--target=wasm32-unknown-unknown", "--emit=obj", "--out-dir", scratch, flag];
  const { status } = spawnSync("rustc", args, { input: "#![no_std]", env: { ...process.env, PATH: path, RUSTC_BOOTSTRAP: "1" } });
  rmSync(scratch, { recursive: true });
  if (status !== 0) console.warn(`chinwag: this rustc does not take ${flag}, so the package gets larger.`);
  return status === 0;
}

function need(tool, install) {
  if (spawnSync(tool, ["--version"], { env: { ...process.env, PATH: path } }).status !== 0) {
    fail(`${tool} is not there. Install it:\n  ${install}`);
  }
}

function lockedVersion(name) {
  const lock = readFileSync(join(workspace, "Cargo.lock"), "utf8");
  return new RegExp(`name = "${name}"\\nversion = "([^"]+)"`).exec(lock)?.[1] ?? "<that of Cargo.lock>";
}

function run(tool, args, env = {}) {
  const { status, error } = spawnSync(tool, args, { stdio: "inherit", cwd: workspace, env: { ...process.env, PATH: path, ...env } });
  if (status !== 0) fail(`${tool} failed${error ? `: ${error.message}` : ""}.`);
}

function capture(tool, args) {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8", cwd: workspace, maxBuffer: 1 << 24 });
  if (status !== 0) fail(`${tool} failed: ${stderr}`);
  return stdout;
}

function fail(message) {
  console.error(`chinwag: ${message}`);
  process.exit(1);
}
