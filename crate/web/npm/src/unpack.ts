import { expand, type Shape } from "./model.js";

/** What `pack` in `pack.mjs` has made: the shape of the bytes, and what the model could not foretell, 6 bits in a character. */
export interface Packed extends Shape {
  readonly text: string;
}

const WORD = 0x3fff_ffff;

/** The bytes of what `pack` has made. */
export function unpack(packed: Packed): Uint8Array<ArrayBuffer> {
  let at = 0;
  // An arithmetic decoder (Witten, Neal, Cleary, "Arithmetic Coding for Data Compression", 1987): `word` lies in the range
  // of what is possible, and each bit leaves a part of that, as wide as the bit was probable. In 30 bits, so that all of it
  // is what engines take for small integers.
  let low = 0;
  let high = 0;
  let word = 0;
  const shift = () => {
    // From = to ~, without backslash and backtick. After the end there are zeros.
    const code = at < packed.text.length ? packed.text.charCodeAt(at++) : 61;
    low = (low << 6) & WORD;
    high = ((high << 6) & WORD) | 63;
    word = ((word << 6) & WORD) | (code - 61 - +(code > 92) - +(code > 96));
  };
  for (let digit = 0; digit < 5; digit += 1) shift();
  low = 0;
  return expand(packed, (chance) => {
    const middle = low + (((high - low) * chance) | 0);
    const one = word <= middle;
    if (one) high = middle;
    else low = middle + 1;
    while ((low ^ high) >> 24 === 0) shift();
    return +one;
  });
}
