/**
 * What the members of a demo tell one another, and the guards that make of anybody's JSON such a thing.
 *
 * Another member's page may be of another version, or malicious: any shape can arrive. A guard returns a whole,
 * bounded value, whatever it was given, and never throws.
 */

import { PALETTE, type Color } from "./color.js";
import { cleanDraft, cleanLine, cleanText } from "./text.js";

export const NAME_CHARS_MAX = 40;
export const MESSAGE_CHARS_MAX = 4000;
export const NOTE_CHARS_MAX = 240;

/** A point of the stage, as fractions of its width and height: the same place on a phone and on a desktop. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What a presence tells, whichever demo it is from: what a demo does not say is absent. */
export interface Face {
  readonly name: string | undefined;
  readonly color: Color | undefined;
  readonly cursor: Point | null;
  readonly typing: boolean;
}

/** A chat message's JSON. */
export interface Said {
  readonly text: string;
  readonly name: string | undefined;
}

/** Where a note is, as fractions of the room that it has to move in, and its colour. */
export interface Place extends Point {
  readonly color: Color;
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function fraction(value: unknown): number | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Math.min(1, Math.max(0, value));
}

function point(value: unknown): Point | null {
  const { x, y } = fields(value);
  const [left, top] = [fraction(x), fraction(y)];
  return left === undefined || top === undefined ? null : { x: left, y: top };
}

/** Reads anybody's presence. */
export function readFace(presence: unknown): Face {
  const { name, color, cursor, typing } = fields(presence);
  return {
    name: cleanLine(name, NAME_CHARS_MAX),
    color: PALETTE.find((known) => known === color),
    cursor: point(cursor),
    typing: typing === true,
  };
}

/** Reads anybody's chat message; undefined when there is nothing in it that could be shown. */
export function readSaid(data: unknown): Said | undefined {
  const said = fields(data);
  const text = cleanText(said["text"], MESSAGE_CHARS_MAX);
  return text === undefined ? undefined : { text, name: cleanLine(said["name"], NAME_CHARS_MAX) };
}

/** Reads where anybody says that a note is; undefined if it is nowhere. */
export function readPlace(value: unknown): Place | undefined {
  const at = point(value);
  const { color } = fields(value);
  return at === null ? undefined : { ...at, color: PALETTE.find((known) => known === color) ?? PALETTE[0] };
}

/** Reads what anybody says is on a note: cut, if need be, but never trimmed, since somebody may be typing it. */
export function readNote(value: unknown): string {
  return cleanDraft(value, NOTE_CHARS_MAX);
}

/** Reads which choice anybody's presence tells, if it is one of these. */
export function readChoice<C extends string>(presence: unknown, choices: readonly C[]): C | undefined {
  const { choice } = fields(presence);
  return choices.find((known) => known === choice);
}
