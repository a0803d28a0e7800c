/**
 * My own cursor: mouse, pen, finger, or arrow keys.
 *
 * The hand reports far more often than anybody can see, so a place is told at most once a frame.
 */

import type { Point } from "../shared/wire.js";

const STEP = 0.02;
const LEAP = 0.1;
/** A finger that was lifted is shown for a moment: a tap would only flicker otherwise. */
const LINGER_MS = 1200;

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export type Hand = "mouse" | "touch" | "keys";

/** The place after an arrow key, kept on the stage; undefined for any other key. */
export function stepped(at: Point, key: string, leap: boolean): Point | undefined {
  const way = ARROWS[key];
  if (way === undefined) return undefined;
  const by = leap ? LEAP : STEP;
  const keep = (value: number): number => Math.min(1, Math.max(0, Math.round(value * 1e4) / 1e4));
  return { x: keep(at.x + way.x * by), y: keep(at.y + way.y * by) };
}

/** A place on the stage as fractions, to a ten-thousandth: a fifth of a pixel on a large screen. */
export function fractionIn(box: { left: number; top: number; width: number; height: number }, x: number, y: number): Point {
  const part = (value: number, length: number): number =>
    length > 0 ? Math.round(Math.min(1, Math.max(0, value / length)) * 1e4) / 1e4 : 0;
  return { x: part(x - box.left, box.width), y: part(y - box.top, box.height) };
}

/** Calls `onMove` with my cursor whenever it changes, at most once a frame; null when it has left the stage. */
export function followHand(stage: HTMLElement, onMove: (at: Point | null, hand: Hand) => void): void {
  let at: Point | null = null;
  let hand: Hand = "mouse";
  let due = false;
  let lingering: ReturnType<typeof setTimeout> | undefined;
  const tell = (): void => {
    due = false;
    onMove(at, hand);
  };
  const move = (next: Point | null, by: Hand): void => {
    clearTimeout(lingering);
    [at, hand] = [next, by];
    // A hidden page has no frames.
    if (document.hidden) tell();
    else if (!due) {
      due = true;
      requestAnimationFrame(tell);
    }
  };
  const byPointer = (event: PointerEvent): void => {
    move(fractionIn(stage.getBoundingClientRect(), event.clientX, event.clientY), event.pointerType === "mouse" ? "mouse" : "touch");
  };
  const gone = (event: PointerEvent): void => {
    if (event.pointerType === "mouse") move(null, "mouse");
    else lingering = setTimeout(() => move(null, "touch"), LINGER_MS);
  };
  stage.addEventListener("pointerdown", byPointer);
  stage.addEventListener("pointermove", byPointer);
  stage.addEventListener("pointerleave", gone);
  stage.addEventListener("pointercancel", gone);
  stage.addEventListener("keydown", (event) => {
    const next = event.key === "Escape" ? null : stepped(at ?? { x: 0.5, y: 0.5 }, event.key, event.shiftKey);
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move(next, "keys");
  });
  stage.addEventListener("blur", () => {
    if (hand === "keys") move(null, "keys");
  });
}
