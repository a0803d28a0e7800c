/** The conversation as data: what follows what, and what belongs together. */

import type { Person } from "../shared/people.js";

/** A break longer than this starts a new group, with its own name and time. */
const GROUP_MS_MAX = 5 * 60_000;

export interface Message {
  readonly kind: "message";
  readonly id: string;
  readonly author: Person;
  readonly own: boolean;
  readonly text: string;
  readonly at_ms: number;
}

/** A quiet line: somebody came or went. */
export interface Happening {
  readonly kind: "happening";
  readonly text: string;
  readonly at_ms: number;
}

export type Entry = Message | Happening;

/** Whether `next` stands under the same name and time as `last`. */
export function continues(last: Entry | undefined, next: Entry): boolean {
  if (last?.kind !== "message" || next.kind !== "message") return false;
  return (
    last.author.id === next.author.id &&
    last.author.name === next.author.name &&
    next.at_ms - last.at_ms <= GROUP_MS_MAX &&
    next.at_ms >= last.at_ms
  );
}

/**
 * The rows with fresh messages between them. `messages` is the whole log, in which the order of its messages is fixed; anything else on the page
 * (somebody came, something was refused) has no place but its time.
 */
export function woven<Row extends { readonly entry: Entry }>(
  rows: readonly Row[],
  messages: readonly Message[],
  fresh: readonly Message[],
  rowOf: (message: Message) => Row,
): Row[] {
  const places = new Map(messages.map(({ id }, at) => [id, at]));
  const placeOf = (entry: Entry): number | undefined => (entry.kind === "message" ? places.get(entry.id) : undefined);
  const result: Row[] = [];
  const waiting = [...fresh];
  for (const row of rows) {
    const place = placeOf(row.entry);
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const isBefore = place === undefined ? next.at_ms < row.entry.at_ms : (placeOf(next) ?? 0) < place;
      if (!isBefore) break;
      result.push(rowOf(next));
      waiting.shift();
    }
    result.push(row);
  }
  return [...result, ...waiting.map(rowOf)];
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "numeric", minute: "2-digit" };
const ownClock = new Intl.DateTimeFormat(undefined, CLOCK);

/** "14:05", as the reader's language has it, or another. */
export function clock(at_ms: number, locale?: string): string {
  return (locale === undefined ? ownClock : new Intl.DateTimeFormat(locale, CLOCK)).format(at_ms);
}

/** The pill over the messages: "3 new messages". */
export function newCount(count: number): string {
  return count === 1 ? "1 new message" : `${count > 99 ? "99+" : count} new messages`;
}
