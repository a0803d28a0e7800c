/**
 * The notes of a board, in a shared map.
 *
 * A note has two keys, one for where it is and one for what is on it: whoever moves a note does not undo what another is writing on it. It exists while
 * it has a place.
 */

import type { Json, Member, SharedMap } from "chinwag";
import { NOTE_CHARS_MAX, readNote, readPlace, type Place, type Point } from "../shared/wire.js";
import { clip } from "../shared/text.js";

export { NOTE_CHARS_MAX };

/** More are not shown: a board of somebody's flood is still a page. */
export const NOTES_MAX = 200;

const PLACE = "place ";
const TEXT = "text ";

/** A note as it is now. */
export interface Note {
  readonly id: string;
  readonly place: Place;
  readonly text: string;
}

/** Reads and writes the notes. */
export class NoteMap {
  readonly #map: SharedMap<Json>;

  constructor(map: SharedMap<Json>) {
    this.#map = map;
  }

  /** The note, unless there is none. */
  note(id: string): Note | undefined {
    const place = readPlace(this.#map.get(PLACE + id));
    return place && { id, place, text: readNote(this.#map.get(TEXT + id)) };
  }

  /** All notes, in the same order at everybody. */
  all(): readonly Note[] {
    const ids = [...this.#map.entries()].flatMap(([key]) => (key.startsWith(PLACE) ? [key.slice(PLACE.length)] : []));
    return ids.flatMap((id) => this.note(id) ?? []).slice(0, NOTES_MAX);
  }

  place(id: string, { x, y, color }: Place): void {
    this.#map.set(PLACE + id, { x, y, color });
  }

  write(id: string, text: string): void {
    this.#map.set(TEXT + id, clip(text, NOTE_CHARS_MAX));
  }

  remove(id: string): void {
    this.#map.delete(PLACE + id);
    this.#map.delete(TEXT + id);
  }

  /** Calls `listener` with the id of each note about which something has changed, and who changed it. */
  onChange(listener: (id: string, by: Member | undefined) => void): void {
    this.#map.on("change", (key, _, by) => {
      const prefix = [PLACE, TEXT].find((known) => key.startsWith(known));
      if (prefix !== undefined) listener(key.slice(prefix.length), by);
    });
  }
}

/** So many rows of notes are begun before new ones lie on others. */
const ROWS = 3;

/** Where a new note goes: the first place of a grid of so many columns at which there is none; when it is full, a bit further each time. */
export function freePlace(taken: readonly Point[], columns: number): Point {
  const grid = Array.from({ length: columns * ROWS }, (_, at) => ({
    x: columns === 1 ? 0.5 : 0.03 + (0.94 * (at % columns)) / (columns - 1),
    y: 0.03 + 0.37 * Math.floor(at / columns),
  }));
  const isFree = (spot: Point): boolean => taken.every(({ x, y }) => Math.hypot(x - spot.x, y - spot.y) > 0.12);
  return grid.find(isFree) ?? { x: 0.04 + (taken.length % 9) * 0.1, y: 0.06 + (taken.length % 7) * 0.12 };
}

/** A place after a step of so much, kept on the board. */
export function moved(place: Place, dx: number, dy: number): Place {
  const within = (value: number): number => Math.min(1, Math.max(0, value));
  return { ...place, x: within(place.x + dx), y: within(place.y + dy) };
}

/** Something that is called at once, and then at most once in so many milliseconds, with the newest argument. */
export interface Paced<A> {
  (argument: A): void;
  /** Calls with what waits. */
  flush(): void;
  /** Whether something waits. */
  waits(): boolean;
}

export function paced<A>(pause_ms: number, call: (argument: A) => void): Paced<A> {
  let waiting: { readonly argument: A } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const send = (): void => {
    timer = undefined;
    if (waiting === undefined) return;
    const { argument } = waiting;
    waiting = undefined;
    timer = setTimeout(send, pause_ms);
    call(argument);
  };
  const paced = (argument: A): void => {
    waiting = { argument };
    if (timer === undefined) send();
  };
  return Object.assign(paced, {
    flush: (): void => {
      clearTimeout(timer);
      send();
    },
    waits: (): boolean => waiting !== undefined,
  });
}
