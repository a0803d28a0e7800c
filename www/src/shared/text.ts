/**
 * Text that came from somebody else, made fit to show.
 *
 * Text is only ever shown through `textContent`, so none of this is about markup. It is about the other ways in
 * which text can spoil a page: control characters, bidirectional overrides that turn a neighbour's words around,
 * towers of combining marks, and sheer length.
 */

/** Invisible characters which steer how their neighbours are shown: overrides, isolates, joiners of nothing. */
const STEERING = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
/** Control characters, save tab and line feed. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;
/** More combining marks upon one letter than any script stacks. */
const TOWER = /(\p{M}{4})\p{M}+/gu;

function withoutTricks(text: string): string {
  return text.replace(STEERING, "").replace(CONTROL, "").replace(TOWER, "$1");
}

/** At most `count_max` UTF-16 units of `text`, never half a surrogate pair. */
export function clip(text: string, count_max: number): string {
  if (text.length <= count_max) return text;
  const last = text.charCodeAt(count_max - 1);
  const splits = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splits ? count_max - 1 : count_max);
}

/** One line: every run of white space becomes one space. Undefined if nothing is left, or it was no string. */
export function cleanLine(value: unknown, count_max: number): string | undefined {
  if (typeof value !== "string") return undefined;
  // Cut twice: before, so that a huge string costs little, and after, so that what was dropped makes room.
  const line = withoutTricks(clip(value, count_max * 8).replace(/\s+/gu, " ")).trim();
  return clip(line, count_max).trim() || undefined;
}

/** Several lines, trimmed at both ends. Undefined if nothing is left, it was no string, or it is too long. */
export function cleanText(value: unknown, count_max: number): string | undefined {
  if (typeof value !== "string" || value.length > count_max) return undefined;
  const text = withoutTricks(value.replace(/\r\n?/gu, "\n")).replace(/\n{4,}/gu, "\n\n\n");
  return text.trim() || undefined;
}

/** Several lines as somebody is writing them: cut to their length, with the spaces that are yet to be followed by something. */
export function cleanDraft(value: unknown, count_max: number): string {
  return typeof value === "string" ? clip(withoutTricks(clip(value, count_max * 8).replace(/\r\n?/gu, "\n")), count_max) : "";
}

/** "a", "a and b", "a, b and c": the way people list things. */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? "";
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(", ")} and ${last}`;
}

/** "1 link", "2 links". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
