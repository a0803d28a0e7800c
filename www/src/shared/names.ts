/**
 * Names: a friendly random one to begin with, and where a name is kept.
 *
 * A name that the user chose is for all tabs. A name drawn by lot is for one tab only, because the demos are often
 * tried by opening a second tab, and two members of one name would look like a mistake. The first tab holds a lock
 * on the kept name; others draw afresh. Each tab keeps its own name over reloads.
 */

import { cleanLine } from "./text.js";
import { NAME_CHARS_MAX } from "./wire.js";

const MOODS = [
  "Merry", "Brisk", "Sunny", "Quiet", "Witty", "Bold", "Mellow", "Nimble", "Plucky", "Dapper", "Jolly", "Breezy", "Zesty",
  "Gentle", "Clever", "Perky", "Curious", "Lively",
] as const;
const KINDS = [
  "Heron", "Otter", "Magpie", "Badger", "Finch", "Hare", "Robin", "Newt", "Puffin", "Wren", "Starling", "Marten", "Toad",
  "Jackdaw", "Vole", "Plover", "Lark", "Hedgehog",
] as const;

const KEY = "chinwag:name";
const CHOSEN_KEY = "chinwag:name-chosen";

/** The part of Storage that is used; in tests, a Map stands in for it. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Where a name may come from, in this order of rank; `claim` tells whether the kept random name is still free. */
export interface NameSources {
  readonly url: string | null;
  readonly tab: Shelf;
  readonly kept: Shelf;
  claim(): Promise<boolean>;
  random(): number;
}

export function cleanName(value: unknown): string | undefined {
  return cleanLine(value, NAME_CHARS_MAX);
}

/** A mood and an animal; `random` as Math.random. */
export function randomName(random: () => number): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? words[0] ?? "";
  return `${pick(MOODS)} ${pick(KINDS)}`;
}

/** The name to begin with. It is kept for the next visit, unless it came from the address. */
export async function firstName(from: NameSources): Promise<string> {
  const given = cleanName(from.url) ?? cleanName(from.tab.getItem(KEY));
  if (given !== undefined) return given;
  const kept = cleanName(from.kept.getItem(KEY));
  const mine = kept !== undefined && (from.kept.getItem(CHOSEN_KEY) === "yes" || (await from.claim()));
  const name = mine ? kept : randomName(from.random);
  if (kept === undefined) {
    from.kept.setItem(KEY, name);
    await from.claim();
  }
  from.tab.setItem(KEY, name);
  return name;
}

/** Keeps a name that the user chose, for this tab and for the next visit. */
export function keepName(name: string, tab: Shelf, kept: Shelf): void {
  tab.setItem(KEY, name);
  kept.setItem(KEY, name);
  kept.setItem(CHOSEN_KEY, "yes");
}

/** What a nameless member is called. */
export function namelessName(id: string): string {
  return `Guest ${id.slice(0, 4)}`;
}
