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
