// What the bytes of a WebAssembly module look like: a model that foretells each bit from those before it.
//
// Whoever compresses and whoever expands runs the same model, so a bit costs as much as it surprises. It mixes the guesses
// of a few contexts (context mixing: Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005).
// Because it reads the code along as instructions, it knows an opcode from an operand, which brotli does not, and ends up a fifth below it.
//
// Everything in it must give the same number in every engine: no function of `Math` that is not exact.

/** A module, or any other bytes, as `expand` is told of them. */
export interface Shape {
  /** How many bytes there are. */
  readonly length: number;
  /** Where the first function begins, and where the last one ends. If that is wrong, it only compresses worse. */
  readonly codeStart: number;
  readonly codeEnd: number;
}

/** Contexts whose guesses are mixed, beside the longest match. */
const CONTEXTS = 6;
const INPUTS = CONTEXTS + 1;

/** Counters, in rows of 16: the 15 that half a byte may need, and before them the check of whose they are. */
const COUNTERS_LOG2 = 22;
/** A counter holds a probability in 22 bits and how often it was asked in 9. */
const EVEN_CHANCE = 0x4000_0000;
const CERTAIN = 0x3f_ffff;
/** A counter that was asked this often no longer learns more slowly. */
const ASKED_MAX = 60;

/** Logits are from -12 to 12, in steps. */
const STEPS = 4096;
const STEPS_PER_UNIT = STEPS / 24;
/** e to the power of 12, and of minus one step. */
const ODDS_FIRST = 162_754.791_419_003_92;
const ODDS_RATIO = 0.994_157_768_334_973_5;

/** How fast the mixer learns, and what it trusts at first. */
const LEARNING_RATE = 0.008;
const WEIGHT_FIRST = 0.15;
/** No bit is more certain than e to the power of -10 and a half. */
const STEP_MIN = 256;

const MATCH_BYTES_MIN = 4;
const MATCH_BYTES_MAX = 31;

const OUTSIDE = 1;
const RAW = 2;
/** A function begins: its length, the number of its groups of locals, the groups. */
const LENGTH = 3, GROUPS = 4, GROUP = 5;
const OPERAND = 256;

/**
 * The bytes of which `bit` says one after the other whether each is a one, given how probable that is.
 *
 * It is the same for both directions: one that compresses knows the bits and notes down what they cost.
 */
export function expand({ length, codeStart, codeEnd }: Shape, bit: (chance: number) => number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);

  // From a logit to a probability, and back.
  const chances = new Float64Array(STEPS);
  const logits = new Float32Array(STEPS);
  for (let at = 0, odds = ODDS_FIRST; at < STEPS; at += 1, odds *= ODDS_RATIO) chances[at] = 1 / (1 + odds);
  for (let at = 0, step = 0; at < STEPS; at += 1) {
    while (step < STEPS - 1 && chances[step]! * STEPS < at + 0.5) step += 1;
    logits[at] = (step - STEPS / 2) / STEPS_PER_UNIT;
  }

  const counters = new Int32Array(1 << COUNTERS_LOG2).fill(EVEN_CHANCE);
  const paces = Float64Array.from({ length: ASKED_MAX + 1 }, (_, asked) => 1 / (asked + 1.3));
  const rows = new Int32Array(CONTEXTS);
  const contexts = new Int32Array(CONTEXTS);
  const inputs = new Float64Array(INPUTS);
  // Two sets of weights are added: one for the kind of byte, one for the bits of it that are known.
  const weights = new Float64Array((8 * 520 + 3 * 256) * INPUTS).fill(WEIGHT_FIRST);

  // Where the last four bytes stood before, by their hash; and how often a match of each length was right.
  const seen = new Int32Array(1 << 16);
  const matchChances = new Float32Array(MATCH_BYTES_MAX + 1).fill(0.8);
  let match = 0;
  let matched = 0;

  // What was read: the last bytes, the last opcodes (the latest in the lowest bits), the last first operand of each opcode.
  let last = 0;
  let beforeLast = 0;
  let opcodes = 0;
  const operands = new Int32Array(256);
  // What comes: the kind of the next byte, its opcode if it is of an operand, and what remains of something longer.
  let kind = OUTSIDE;
  let opcode = 0;
  let index = 0;
  let left = 0;
  let depth = 0;
  let value = 0;
  let shift = 0;

  const hash = (salt: number, a: number, b: number, c: number) => {
    const mixed = Math.imul(a + salt, 0x2c1b3c6d) ^ Math.imul(b + 0x1234, 0x297a2d39) ^ Math.imul(c + 0x7777, 0x1b56c4e9);
    return Math.imul(mixed ^ (mixed >>> 15), 0x7feb352d);
  };

  /** Reads a byte of a number; true with its last one, which leaves it in `value`. */
  const number = (byte: number) => {
    value |= (byte & 127) << shift;
    shift += 7;
    return byte < 128;
  };
  const begin = (next: number) => {
    kind = next;
    value = shift = index = 0;
  };

  /** Finds out what comes after a byte of code. */
  const read = (byte: number) => {
    if (kind === RAW) {
      if ((left -= 1) === 0) begin(0);
    } else if (kind >= OPERAND) {
      if (!number(byte)) return;
      if (index === 0) {
        operands[opcode] = value;
        // A table of branches; of those with a prefix, what copies has two operands more and what fills one.
        if (opcode === 0x0e) left = value + 2;
        else if (opcode === 0xfc && value > 7) left = value === 11 || value === 9 || value === 13 || value > 14 ? 2 : 3;
      }
      value = shift = 0;
      index += 1;
      if ((left -= 1) === 0) begin(0);
    } else if (kind >= LENGTH) {
      if (!number(byte)) return;
      if (kind === LENGTH) begin(GROUPS);
      else if (kind === GROUPS) {
        left = 2 * value;
        opcodes = depth = 0;
        begin(left ? GROUP : 0);
      } else {
        value = shift = 0;
        if ((left -= 1) === 0) begin(0);
      }
    } else {
      opcodes = (opcodes << 8) | byte;
      opcode = byte;
      if (byte >= 2 && byte <= 4) depth += 1;
      if (byte === 0x0b && (depth -= 1) < 0) begin(LENGTH);
      else if (byte === 0x43 || byte === 0x44) {
        left = (byte - 0x42) * 4;
        begin(RAW);
      } else {
        left = operandsOf(byte);
        begin(left && OPERAND);
      }
    }
  };

  /** The next bit, by the counters at this place of each row and by these two sets of weights, all of which learn of it. */
  const next = (half: number, first: number, second: number) => {
    let logit = 0;
    for (let i = 0; i < INPUTS; i += 1) {
      if (i < CONTEXTS) inputs[i] = logits[counters[rows[i]! + half]! >>> 19]!;
      logit += (weights[first + i]! + weights[second + i]!) * inputs[i]!;
    }
    const chance = chances[Math.max(STEP_MIN, Math.min(STEPS - STEP_MIN, (logit * STEPS_PER_UNIT + STEPS / 2) | 0))]!;
    const one = bit(chance);
    const lesson = (one - chance) * LEARNING_RATE;
    const truth = one * CERTAIN;
    for (let i = 0; i < INPUTS; i += 1) {
      const change = lesson * inputs[i]!;
      weights[first + i]! += change;
      weights[second + i]! += change;
      if (i === CONTEXTS) break;
      const counter = rows[i]! + half;
      const old = counters[counter]!;
      const asked = old & 511;
      const was = old >>> 9;
      counters[counter] = ((was + (truth - was) * paces[asked]!) << 9) | Math.min(asked + 1, ASKED_MAX);
    }
    return one;
  };

  for (let at = 0; at < length; at += 1) {
    if (at === codeStart) begin(LENGTH);
    if (at === codeEnd) begin(OUTSIDE);
    const operand = kind === OPERAND;
    const place = operand ? OPERAND + opcode + 512 * Math.min(index, 2) + 2048 * +(shift > 0) : kind;
    const begun = shift ? last : 0;
    contexts[0] = hash(1, place, opcodes & (operand ? 0xffff : 0xff), begun);
    contexts[1] = hash(2, place, opcodes, begun);
    contexts[2] = hash(3, place, last, 0);
    contexts[3] = hash(4, place, operands[opcode]! * +operand, begun);
    contexts[4] = hash(5, place, opcodes & (operand ? 0xffffff : 0xffff), last);
    contexts[5] = hash(6, place, beforeLast, kind === GROUP ? left : 0);

    const byKind = 8 * (operand ? OPERAND + opcode : kind === 0 ? opcode : 512 + kind);
    // The bits of the byte that are known, after a one.
    let known = 1;
    let foretold = matched ? bytes[match]! | 256 : 0;
    for (let place = 7; place >= 0; place -= 1) {
      if ((place & 3) === 3) {
        for (let i = 0; i < CONTEXTS; i += 1) {
          const mixed = Math.imul(contexts[i]! ^ Math.imul(known, 0x3d4d51cb), 0x9e3779b1);
          const row = (mixed >>> (36 - COUNTERS_LOG2)) << 4;
          const check = mixed & 0x3ff;
          rows[i] = row;
          if (counters[row] !== check) {
            counters[row] = check;
            for (let counter = row + 1; counter < row + 16; counter += 1) counters[counter] = EVEN_CHANCE;
          }
        }
      }
      const holds = foretold >> (place + 1) === known;
      const guess = (foretold >> place) & 1;
      const certainty = holds ? logits[(matchChances[matched]! * STEPS) | 0]! : 0;
      inputs[CONTEXTS] = guess ? certainty : 0 - certainty;
      const one = next(
        place > 3 ? known : (known & ((1 << (3 - place)) - 1)) | (1 << (3 - place)),
        (byKind + place) * INPUTS,
        (8 * 520 + 256 * (holds ? 1 + (matched >> 4) : 0) + known) * INPUTS,
      );
      if (holds) {
        matchChances[matched]! += ((guess === one ? 1 : 0) - matchChances[matched]!) * 0.02;
        if (guess !== one) foretold = matched = 0;
      }
      known = 2 * known + one;
    }

    const byte = known & 255;
    bytes[at] = byte;
    beforeLast = last;
    last = byte;
    if (kind === OUTSIDE) opcodes = (opcodes << 8) | byte;
    else read(byte);

    if (matched) {
      match += 1;
      matched = Math.min(matched + 1, MATCH_BYTES_MAX);
    }
    if (at < MATCH_BYTES_MIN) continue;
    const trace = hash(0, (bytes[at - 3]! << 8) | bytes[at - 2]!, beforeLast, last) >>> 16;
    if (!matched) {
      match = seen[trace]!;
      while (matched < MATCH_BYTES_MAX && matched < match && bytes[match - 1 - matched] === bytes[at - matched]) matched += 1;
      if (matched < MATCH_BYTES_MIN) matched = 0;
    }
    seen[trace] = at + 1;
  }
  return bytes;
}

/** How many numbers follow an opcode at once. */
function operandsOf(opcode: number): number {
  if ((opcode >= 0x28 && opcode <= 0x3e) || opcode === 0x11) return 2;
  const one =
    (opcode >= 0x02 && opcode <= 0x04) || (opcode >= 0x0c && opcode <= 0x0e) || opcode === 0x10 || opcode === 0x1c ||
    (opcode >= 0x20 && opcode <= 0x26) || (opcode >= 0x3f && opcode <= 0x42) || opcode === 0xd0 || opcode === 0xd2 || opcode === 0xfc;
  return +one;
}
