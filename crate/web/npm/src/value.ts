import { badArgument } from "./errors.js";

/** What can be sent: JSON and, anywhere inside, `Uint8Array`. Properties that are `undefined` are left out, as in JSON. */
export type Json = null | boolean | number | string | Uint8Array | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Arrays and objects inside each other at most; the receiving side holds the same bound. */
const DEPTH_MAX = 64;

/** Half of a surrogate pair: no text, and UTF-8 has no bytes for it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A copy of a value that holds only what can be sent. Bytes are not copied.
 *
 * @throws ChinwagError `bad-argument`, naming the path of what cannot be sent.
 */
export function cleanValue(value: unknown): Json {
  return clean(value, []);
}

type Path = (string | number)[];

function clean(value: unknown, path: Path): Json {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      if (LONE_SURROGATE.test(value)) throw refuse(path, "is a string with half of a surrogate pair");
      return value;
    case "number":
      if (!Number.isFinite(value)) throw refuse(path, `is ${value}, which JSON does not have`);
      return value;
    case "object":
      return value === null ? null : (bytesOf(value) ?? cleanContainer(value, path));
    case "undefined":
      throw refuse(path, "is undefined");
    default:
      throw refuse(path, `is a ${typeof value}`);
  }
}

function cleanContainer(value: object, path: Path): Json {
  if (path.length >= DEPTH_MAX) throw refuse(path.slice(0, 4), `contains itself, or more than ${DEPTH_MAX} levels`);
  return Array.isArray(value) ? cleanArray(value, path) : cleanObject(value, path);
}

function cleanArray(array: readonly unknown[], path: Path): Json {
  // Not `map`, which skips holes.
  return Array.from(array, (item, index) => cleanAt(item, path, index));
}

function cleanObject(object: object, path: Path): Json {
  const prototype: unknown = Object.getPrototypeOf(object);
  // A plain object's prototype is nothing, or the end of the chain: that of this page or of another frame.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw refuse(path, `is a ${nameOf(object)}, which is no plain object${hintFor(object)}`);
  }
  const cleaned: Record<string, Json> = {};
  for (const [key, item] of Object.entries(object)) {
    if (key === "__proto__") throw refuse([...path, key], "would change a prototype where it is read");
    if (LONE_SURROGATE.test(key)) throw refuse([...path, key], "has a key with half of a surrogate pair");
    if (item !== undefined) cleaned[key] = cleanAt(item, path, key);
  }
  return cleaned;
}

function cleanAt(item: unknown, path: Path, step: string | number): Json {
  path.push(step);
  const cleaned = clean(item, path);
  path.pop();
  return cleaned;
}

function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  // Of another frame: the same bytes under another constructor.
  if (ArrayBuffer.isView(value) && tagOf(value) === "Uint8Array") {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return undefined;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function nameOf(value: object): string {
  const tag = tagOf(value);
  return tag === "Object" ? String((value.constructor as { name?: unknown } | undefined)?.name ?? tag) : tag;
}

function hintFor(value: object): string {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return "; wrap its bytes in a Uint8Array";
  if (value instanceof Date) return "; send its getTime() or toISOString()";
  if (value instanceof Map || value instanceof Set) return "; send it as an object or an array";
  return "";
}

function refuse(path: readonly (string | number)[], problem: string): Error {
  const at = path.length > 0 ? ` at ${path.map(stepText).join("")}` : "";
  return badArgument(`The value${at} ${problem}. Values are JSON and, anywhere inside, Uint8Array.`);
}

function stepText(step: string | number): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[\p{L}_$][\p{L}\d_$]*$/u.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
