import type { Json, SharedMap } from "chinwag";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePlace, moved, NoteMap, paced } from "../src/board/notes.js";
import { PALETTE } from "../src/shared/color.js";

/** A map that tells its changes at once, as if they were another's. */
function mapOf(values: Record<string, unknown> = {}): SharedMap<Json> {
  const map = new Map(Object.entries(values) as [string, Json][]);
  const listeners: ((key: string, value: Json | undefined, by: undefined) => void)[] = [];
  const tell = (key: string): void => listeners.forEach((listener) => listener(key, map.get(key), undefined));
  return {
    get: (key) => map.get(key),
    set: (key, value) => tell((map.set(key, value), key)),
    delete: (key) => void (map.delete(key) && tell(key)),
    get size() {
      return map.size;
    },
    entries: () => map.entries(),
    on: (_, listener) => {
      listeners.push(listener);
      return () => undefined;
    },
  };
}

const PLACE = { x: 0.25, y: 0.75, color: PALETTE[2] };

test("a note has a place and a text, which are written apart and removed together", () => {
  const map = mapOf();
  const notes = new NoteMap(map);
  const changed = vi.fn();
  notes.onChange((id) => changed(id));
  notes.place("a", PLACE);
  notes.write("a", "buy milk");
  expect(notes.note("a")).toEqual({ id: "a", place: PLACE, text: "buy milk" });
  notes.remove("a");
  expect([notes.note("a"), map.size]).toEqual([undefined, 0]);
  expect(changed.mock.calls).toEqual([["a"], ["a"], ["a"], ["a"]]);
});

test("what is no note is none, and a note of any shape is whole", () => {
  const notes = new NoteMap(mapOf({ "place a": "here", "text b": "no place", "place c": { x: 7, y: -1, color: "red" }, "text c": 9, other: {} }));
  expect(notes.all()).toEqual([{ id: "c", place: { x: 1, y: 0, color: PALETTE[0] }, text: "" }]);
});

test("a text is cut to its length, with the spaces that somebody is still typing at its end", () => {
  const notes = new NoteMap(mapOf({ "place a": PLACE }));
  notes.write("a", "two words ");
  expect(notes.note("a")?.text).toBe("two words ");
  notes.write("a", "x".repeat(500));
  expect(notes.note("a")?.text).toHaveLength(240);
});

test.each([1, 2, 4])("in %i columns, new notes get places of their own until the grid is full, and then some place on the board", (columns) => {
  const places: { x: number; y: number }[] = [];
  for (let count = 0; count < 40; count += 1) places.push(freePlace(places, columns));
  const first = places.slice(0, columns * 3);
  expect(new Set(first.map(({ x, y }) => `${x} ${y}`)).size).toBe(first.length);
  for (const { x, y } of places) expect(x >= 0 && x <= 1 && y >= 0 && y <= 1).toBe(true);
});

test("a note stays on the board", () => {
  expect(moved(PLACE, -1, 1)).toEqual({ ...PLACE, x: 0, y: 1 });
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what is paced goes at once, then the newest after each pause, and the last at once when it is flushed", () => {
  const call = vi.fn();
  const send = paced<number>(50, call);
  [1, 2, 3].forEach(send);
  expect([call.mock.calls, send.waits()]).toEqual([[[1]], true]);
  vi.advanceTimersByTime(50);
  expect(call.mock.calls).toEqual([[1], [3]]);
  send(4);
  send.flush();
  send.flush();
  expect([call.mock.calls, send.waits()]).toEqual([[[1], [3], [4]], false]);
  vi.runAllTimers();
  expect(call).toHaveBeenCalledTimes(3);
});
