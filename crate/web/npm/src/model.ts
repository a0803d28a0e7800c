// What the bytes of a WebAssembly module look like: a model that foretells each bit from those before it.
//
// Whoever compresses and whoever expands runs the same model, so a bit costs as much as it surprises. It mixes the guesses
// of a few contexts (context mixing: Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005).
// Because it reads the code along as instructions, it knows an opcode from an operand, which brotli does not, and ends up three tenths below it.
//
// Everything in it must give the same number in every engine: no function of `Math` that is not exact.

/** A module, or any other bytes, as `expand` is told of them. */
export interface Shape {
  /** How many bytes there are, without the lengths of functions. */
  readonly length: number;
  /** Where the first function begins, and where the last one ends; -1 if nothing is to be read as code. */
  readonly codeStart: number;
  readonly codeEnd: number;
}

/** Contexts whose guesses are mixed, beside the longest match. */
const CONTEXTS = 8;
const INPUTS = CONTEXTS + 1;

/** Counters: half a byte finds its own in a group of 16, that of one cache line, which it shares with others. */
const COUNTERS_LOG2 = 22;
/** A counter holds a probability in 16 bits, in 8 the check of whose it is, and in 8 its history: the last 7 bits that came, after a one. */
const CERTAIN = 0xffff;
const CHECK = 0xff00;
const NEW = 0x8000_0001 | 0;
/** A counter learns as if it had been asked that often once its history is full. */
const ASKED_MAX = 25;
/** How fast it is learned what a history foretells. */
const HISTORY_RATE = 0.01;

/** Logits are from -12 to 12, in steps. */
const STEPS = 4096;
const STEPS_PER_UNIT = STEPS / 24;
/** e to the power of 12, and of minus one step. */
const ODDS_FIRST = 162_754.791_419_003_92;
const ODDS_RATIO = 0.994_157_768_334_973_5;

/** How fast the mixer learns, and what it trusts at first. */
const LEARNING_RATE = 0.0006;
const WEIGHT_FIRST = 0.03;
/** It learns nothing from what it was as good as certain of: that is most bits, and time. */
const SURPRISE_MIN = 0.01;
/** No bit is more certain than e to the power of -10 and a half. */
const STEP_MIN = 256;

const MATCH_BYTES_MIN = 6;
const MATCH_BYTES_MAX = 31;

const OUTSIDE = 1;
const RAW = 2;
/** A function begins: the number of its groups of locals, the groups. */
const GROUPS = 3, GROUP = 4;
const OPERAND = 256;

/**
 * Where the weights are that the mixer chooses: first by the kind of byte, then by its bits so far, by how many contexts have
 * seen the like, and by the opcode before. One of each is added.
 */
const BY_BITS = 8 * 520, BY_KNOWLEDGE = BY_BITS + 3 * 256, BY_OPCODE = BY_KNOWLEDGE + 2 * INPUTS, SETS = BY_OPCODE + 512;

/**
 * The bytes of which `bit` says one after the other whether each is a one, given how probable that is.
 *
 * It is the same for both directions: one that compresses knows the bits and notes down what they cost. The bytes that it reads
 * lack the length before each function, which its end tells; those that it answers with have them.
 */
export function expand({ length, codeStart, codeEnd }: Shape, bit: (chance: number) => number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);

  // From a logit to a probability, and back.
  const chances = new Float64Array(STEPS);
  const logits = new Float64Array(STEPS);
  for (let at = 0, odds = ODDS_FIRST; at < STEPS; at += 1, odds *= ODDS_RATIO) chances[at] = 1 / (1 + odds);
  for (let at = 0, step = 0; at < STEPS; at += 1) {
    while (step < STEPS - 1 && chances[step]! * STEPS < at + 0.5) step += 1;
    logits[at] = (step - STEPS / 2) / STEPS_PER_UNIT;
  }

  // What came next after a history, each context learns for all its counters.
  const counters = new Int32Array(1 << COUNTERS_LOG2).fill(NEW);
  const foretold = new Float64Array(CONTEXTS << 8).fill(0.5);
  const asked = new Float64Array(256).fill(1.3);
  for (let history = 2; history < 256; history += 1) asked[history] = history < 128 ? asked[history >> 1]! + 1 : ASKED_MAX;
  const contexts = new Int32Array(CONTEXTS);
  const groups = new Int32Array(CONTEXTS);
  const checks = new Int32Array(CONTEXTS);
  const inputs = new Float64Array(INPUTS);
  const weights = new Float64Array(SETS * INPUTS).fill(WEIGHT_FIRST);

  // Where the last six bytes stood before, by their hash; and how often a match of each length was right.
  const seen = new Int32Array(1 << 16);
  const matchChances = new Float32Array(MATCH_BYTES_MAX + 1).fill(0.8);
  let match = 0;
  let matched = 0;

  // What was read: the last bytes, the last opcodes (the latest in the lowest bits), the last first operand of each opcode,
  // the last instruction.
  let last = 0;
  let beforeLast = 0;
  let opcodes = 0;
  let olderOpcodes = 0;
  let instruction = 0;
  const operands = new Int32Array(256);
  // What comes: the kind of the next byte, its opcode if it is of an operand, and what remains of something longer.
  let kind = OUTSIDE;
  let opcode = 0;
  let index = 0;
  let left = 0;
  let depth = 0;
  let value = 0;
  let shift = 0;
  // Where functions begin, and where the last one ends.
  const starts: number[] = [];

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
  /** An instruction is complete. */
  const done = () => {
    begin(0);
    instruction = opcode | (operands[opcode]! << 8);
  };

  /** Finds out what comes after a byte of code. */
  const read = (byte: number, at: number) => {
    if (kind === RAW) {
      if ((left -= 1) === 0) done();
    } else if (kind >= OPERAND) {
      if (!number(byte)) return;
      if (index === 0) {
        operands[opcode] = value;
        // A table of branches; the types of a choice; of those with a prefix, what copies has two operands more and what fills one.
        if (opcode === 0x0e) left = value + 2;
        else if (opcode === 0x1c) left = value + 1;
        else if (opcode === 0xfc && value > 7) left = value === 11 || value === 9 || value === 13 || value > 14 ? 2 : 3;
      }
      value = shift = 0;
      index += 1;
      if ((left -= 1) === 0) done();
    } else if (kind >= GROUPS) {
      if (!number(byte)) return;
      if (kind === GROUPS) {
        left = 2 * value;
        opcodes = olderOpcodes = depth = 0;
        begin(left ? GROUP : 0);
      } else {
        value = shift = 0;
        if ((left -= 1) === 0) begin(0);
      }
    } else {
      olderOpcodes = (olderOpcodes << 8) | (opcodes >>> 24);
      opcodes = (opcodes << 8) | byte;
      opcode = byte;
      if (byte >= 2 && byte <= 4) depth += 1;
      if (byte === 0x0b && (depth -= 1) < 0) {
        starts.push(at + 1);
        begin(GROUPS);
      } else if (byte === 0x43 || byte === 0x44) {
        left = (byte - 0x42) * 4;
        begin(RAW);
      } else {
        left = operandsOf(byte);
        if (left) begin(OPERAND);
        else done();
      }
    }
  };

  /** The next bit, by the counters at this place of each group and by the sets of weights, all of which learn of it. */
  const next = (half: number, byKind: number, byBits: number, operand: number, byOpcode: number) => {
    // How many contexts have seen the like. One that has not says nothing.
    let known = 0;
    for (let i = 0; i < CONTEXTS; i += 1) {
      const place = groups[i]! ^ half;
      let counter = counters[place]!;
      if ((counter & CHECK) !== checks[i]) counter = counters[place] = NEW | checks[i]!;
      const history = counter & 255;
      inputs[i] = 0;
      if (history > 1) {
        known += 1;
        inputs[i] = logits[counter >>> 20]! + logits[(foretold[(i << 8) | history]! * STEPS) | 0]!;
      }
    }
    const byKnowledge = (BY_KNOWLEDGE + 2 * known + operand) * INPUTS;
    let logit = 0;
    for (let i = 0; i < INPUTS; i += 1) {
      logit += (weights[byKind + i]! + weights[byBits + i]! + weights[byKnowledge + i]! + weights[byOpcode + i]!) * inputs[i]!;
    }
    const chance = chances[Math.max(STEP_MIN, Math.min(STEPS - STEP_MIN, (logit * STEPS_PER_UNIT + STEPS / 2) | 0))]!;
    const one = bit(chance);
    const surprise = one - chance;
    if (Math.max(surprise, 0 - surprise) > SURPRISE_MIN) {
      for (let i = 0; i < INPUTS; i += 1) {
        const change = surprise * LEARNING_RATE * inputs[i]!;
        weights[byKind + i]! += change;
        weights[byBits + i]! += change;
        weights[byKnowledge + i]! += change;
        weights[byOpcode + i]! += change;
      }
    }
    for (let i = 0; i < CONTEXTS; i += 1) {
      const place = groups[i]! ^ half;
      const old = counters[place]!;
      const was = old >>> 16;
      const history = old & 255;
      counters[place] = ((was + (one * CERTAIN - was) / asked[history]!) << 16) | (old & CHECK) | ((history << 1) & 255) | (history & 128) | one;
      foretold[(i << 8) | history]! += (one - foretold[(i << 8) | history]!) * HISTORY_RATE;
    }
    return one;
  };

  for (let at = 0; at < length; at += 1) {
    if (at === codeStart) {
      starts.push(at);
      begin(GROUPS);
    }
    if (at === codeEnd) begin(OUTSIDE);
    const operand = +(kind === OPERAND);
    const place = operand ? OPERAND + opcode + 512 * Math.min(index, 2) + 2048 * +(shift > 0) : kind;
    const begun = shift ? last : 0;
    const expected = matched ? bytes[match]! + 1 : 0;
    let context = 0;
    const add = (a: number, b: number) => {
      contexts[context] = hash((context += 1), place, a, b);
    };
    add(opcodes, begun);
    add(operands[opcode]! * operand, begun);
    add(opcodes & (operand ? 0xffffff : 0xffff), last);
    add(starts.length, begun);
    add(opcodes, olderOpcodes ^ (begun << 16));
    add(expected, opcodes & 0xff);
    add(starts.length, Math.imul(instruction, 0x12345) ^ begun);
    add(last | (beforeLast << 8) | (bytes[at - 3]! << 16), 0);

    const byKind = 8 * (operand ? OPERAND + opcode : kind === 0 ? opcode : 512 + kind);
    const byOpcode = (BY_OPCODE + 2 * (operand ? (opcodes >>> 8) & 255 : opcodes & 255) + operand) * INPUTS;
    // The bits of the byte that are known, after a one.
    let known = 1;
    let matching = matched ? bytes[match]! | 256 : 0;
    for (let place = 7; place >= 0; place -= 1) {
      if ((place & 3) === 3) {
        for (let i = 0; i < CONTEXTS; i += 1) {
          const mixed = Math.imul(contexts[i]! ^ Math.imul(known, 0x3d4d51cb), 0x9e3779b1);
          groups[i] = mixed >>> (32 - COUNTERS_LOG2);
          checks[i] = (mixed << 8) & CHECK;
        }
      }
      const holds = matching >> (place + 1) === known;
      const guess = (matching >> place) & 1;
      const certainty = holds ? 2 * logits[(matchChances[matched]! * STEPS) | 0]! : 0;
      inputs[CONTEXTS] = guess ? certainty : 0 - certainty;
      const one = next(
        place > 3 ? known : (known & ((1 << (3 - place)) - 1)) | (1 << (3 - place)),
        (byKind + place) * INPUTS,
        (BY_BITS + 256 * (holds ? 1 + (matched >> 4) : 0) + known) * INPUTS,
        operand,
        byOpcode,
      );
      if (holds) {
        matchChances[matched]! += ((guess === one ? 1 : 0) - matchChances[matched]!) * 0.02;
        if (guess !== one) matching = matched = 0;
      }
      known = 2 * known + one;
    }

    const byte = known & 255;
    bytes[at] = byte;
    beforeLast = last;
    last = byte;
    if (kind === OUTSIDE) opcodes = (opcodes << 8) | byte;
    else read(byte, at);

    if (matched) {
      match += 1;
      matched = Math.min(matched + 1, MATCH_BYTES_MAX);
    }
    if (at < MATCH_BYTES_MIN) continue;
    const older = (bytes[at - 5]! << 24) | (bytes[at - 4]! << 16) | (bytes[at - 3]! << 8) | bytes[at - 2]!;
    const trace = hash(0, older, beforeLast, last) >>> 16;
    if (!matched) {
      match = seen[trace]!;
      while (matched < MATCH_BYTES_MAX && matched < match && bytes[match - 1 - matched] === bytes[at - matched]) matched += 1;
      if (matched < MATCH_BYTES_MIN) matched = 0;
    }
    seen[trace] = at + 1;
  }
  return withLengths(bytes, starts);
}

/** The module, with the length of each function before it. */
function withLengths(bytes: Uint8Array, starts: readonly number[]): Uint8Array<ArrayBuffer> {
  // A function has two bytes at least, and its length takes fewer than it.
  const whole = new Uint8Array(2 * bytes.length);
  let from = 0;
  let to = 0;
  const copy = (end: number) => {
    whole.set(bytes.subarray(from, end), to);
    to += end - from;
    from = end;
  };
  for (const start of starts) {
    if (from) {
      let rest = start - from;
      for (; rest > 127; rest >>= 7) whole[to++] = rest | 128;
      whole[to++] = rest;
    }
    copy(start);
  }
  copy(bytes.length);
  return whole.slice(0, to);
}

/** How many numbers follow an opcode at once. */
function operandsOf(opcode: number): number {
  if ((opcode >= 0x28 && opcode <= 0x3e) || opcode === 0x11) return 2;
  const one =
    (opcode >= 0x02 && opcode <= 0x04) || (opcode >= 0x0c && opcode <= 0x0e) || opcode === 0x10 || opcode === 0x1c ||
    (opcode >= 0x20 && opcode <= 0x26) || (opcode >= 0x3f && opcode <= 0x42) || opcode === 0xd0 || opcode === 0xd2 || opcode === 0xfc;
  return +one;
}
