// Bytes as text that is much shorter after brotli than brotli makes it by itself.
//
// The package carries its WebAssembly as text. A server's brotli knows nothing of WebAssembly; the model in `src/model.ts`
// does, and what it leaves over is three tenths less. That is written in 64 characters, where brotli finds nothing, and which cost it nothing: as
// they are equally frequent, each is 6 bits. All are printable ASCII, and none needs an escape in whatever quotes a bundler puts
// them, nor can they end a script.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const { expand } = await model();

const WORD = 0x3fff_ffff;

/** From = to ~, without those two. */
const DIGITS = [...Array(66).keys()].map((at) => String.fromCharCode(61 + at)).filter((character) => !"\\`".includes(character));

/** @type {(bytes: Uint8Array) => import("./src/unpack.js").Packed} */
export function pack(bytes) {
  // What cannot be read as a module is packed as it is.
  return packAs(bytes, withoutLengths(bytes)) ?? packAs(bytes, { bare: bytes, codeStart: -1, codeEnd: -1 });
}

/**
 * The bytes packed as these bare ones, unless they would not come out of them.
 *
 * @param {Uint8Array} bytes
 * @param {{ bare: Uint8Array, codeStart: number, codeEnd: number } | undefined} code
 */
function packAs(bytes, code) {
  if (!code) return undefined;
  const { bare, codeStart, codeEnd } = code;
  const shape = { length: bare.length, codeStart, codeEnd };
  let text = "";
  let low = 0;
  let high = WORD;
  let at = 0;
  // The counterpart of the decoder in `src/unpack.ts`.
  const expanded = expand(shape, (/** @type {number} */ chance) => {
    const one = (bare[at >> 3] >> (7 - (at & 7))) & 1;
    at += 1;
    const middle = low + (((high - low) * chance) | 0);
    if (one) high = middle;
    else low = middle + 1;
    while ((low ^ high) >> 24 === 0) {
      text += DIGITS[low >> 24];
      low = (low << 6) & WORD;
      high = ((high << 6) & WORD) | 63;
    }
    return one;
  });
  if (Buffer.compare(expanded, bytes) !== 0) return undefined;
  // Any word of the range will do, and what is missing is read as zeros.
  if (low > 0) text += DIGITS[(low >> 24) + 1];
  return { ...shape, text };
}

/**
 * A module without the lengths of its functions, and where these begin and end; undefined if it has none, or is none.
 *
 * @param {Uint8Array} bytes
 */
function withoutLengths(bytes) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0, byte = 128; byte >= 128 && at < bytes.length; shift += 7) {
      byte = bytes[at++];
      value |= (byte & 127) << shift;
    }
    return value;
  };
  while (at < bytes.length) {
    const section = bytes[at++];
    const sectionEnd = number() + at;
    if (section === 10) {
      const count = number();
      const codeStart = at;
      const parts = [bytes.subarray(0, at)];
      for (let i = 0; i < count && at < bytes.length; i += 1) {
        const functionEnd = number() + at;
        parts.push(bytes.subarray(at, functionEnd));
        at = functionEnd;
      }
      const codeEnd = parts.reduce((sum, part) => sum + part.length, 0);
      return { bare: Buffer.concat([...parts, bytes.subarray(at)]), codeStart, codeEnd };
    }
    at = sectionEnd;
  }
}

/** The model, which is TypeScript. */
async function model() {
  const entry = join(dirname(fileURLToPath(import.meta.url)), "src", "model.ts");
  const { outputFiles } = await build({ entryPoints: [entry], write: false, format: "esm", target: "es2022" });
  const [file] = outputFiles;
  return await import(`data:text/javascript;base64,${Buffer.from(file.contents).toString("base64")}`);
}
