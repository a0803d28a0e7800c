/** The characters that a text made by `pack` does not use: they would need an escape somewhere, or could end a script. */
const UNUSED = "\"'`\\$<";

/** The bytes of what `pack` in `pack.mjs` has made. */
export function unpack(order: string, text: string): Uint8Array<ArrayBuffer> {
  const characters = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).filter((character) => !UNUSED.includes(character));
  const [first, second, ...digits] = characters.map((character) => character.charCodeAt(0));
  const places = new Map(digits.map((code, at) => [code, at]));
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let offset = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === first) offset = digits.length;
    else if (code === second) offset = 2 * digits.length;
    else {
      const place = 2 * (offset + (places.get(code) ?? 0));
      bytes[length++] = parseInt(order.slice(place, place + 2), 16);
      offset = 0;
    }
  }
  return bytes.slice(0, length);
}
