/**
 * The other members' cursors on the stage.
 *
 * `data-x` and `data-y` say what was last heard and change at once; the drawn place follows smoothly. A cursor that
 * has left the stage is hidden, not removed: its owner is still here.
 */

import { html, reducedMotion, setAttribute, setText, svg } from "../shared/dom.js";
import type { Person } from "../shared/people.js";
import type { Point } from "../shared/wire.js";
import { Motion } from "./motion.js";

interface Cursor {
  readonly element: HTMLElement;
  readonly label: HTMLElement;
  motion: Motion | undefined;
  heard: Point | null;
}

/** An arrow with a name tag. */
export function cursorShape(name: string): { readonly element: HTMLElement; readonly label: HTMLElement } {
  const label = html("bdi", { class: "tag" }, name);
  const arrow = svg("svg", { viewBox: "0 0 24 24", class: "arrow" }, svg("path", { d: "M3.5 2.5L20 10.2 12.6 12.9 9.5 20.5Z" }));
  return { element: html("div", { class: "cursor", "aria-hidden": "true" }, arrow, label), label };
}

export class Cursors {
  readonly #stage: HTMLElement;
  readonly #cursors = new Map<string, Cursor>();
  readonly #onFrame: (drawn: ReadonlyMap<string, Point>) => void;
  #drawing = false;

  /** `onFrame` is told where the cursors are drawn, whenever that changes. */
  constructor(stage: HTMLElement, onFrame: (drawn: ReadonlyMap<string, Point>) => void) {
    this.#stage = stage;
    this.#onFrame = onFrame;
  }

  /** Shows what a member said last. */
  hear(person: Person, at: Point | null, status: string): void {
    const cursor = this.#cursors.get(person.id) ?? this.#add(person.id);
    const { element } = cursor;
    element.style.setProperty("--color", person.color);
    setText(cursor.label, person.name);
    setAttribute(element, "data-status", status);
    // Said again, with some other news: the glide that is under way goes on.
    if (cursor.motion !== undefined && at?.x === cursor.heard?.x && at?.y === cursor.heard?.y) return;
    cursor.heard = at;
    setAttribute(element, "data-x", at === null ? undefined : String(at.x));
    setAttribute(element, "data-y", at === null ? undefined : String(at.y));
    element.classList.toggle("off", at === null);
    if (at === null) {
      cursor.motion = undefined;
      this.wake();
      return;
    }
    const now_ms = performance.now();
    if (cursor.motion === undefined || reducedMotion()) cursor.motion = new Motion(at, now_ms);
    else cursor.motion.aim(at, now_ms);
    place(element, cursor.motion.at(now_ms));
    this.wake();
  }

  forget(id: string): void {
    this.#cursors.get(id)?.element.remove();
    this.#cursors.delete(id);
    this.wake();
  }

  #add(id: string): Cursor {
    const shape = cursorShape("");
    setAttribute(shape.element, "data-testid", "cursor");
    setAttribute(shape.element, "data-member-id", id);
    const cursor: Cursor = { ...shape, motion: undefined, heard: null };
    this.#cursors.set(id, cursor);
    this.#stage.append(shape.element);
    return cursor;
  }

  /** Draws in the next frame, and in the ones after it until everything has arrived. */
  wake(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    const frame = (now_ms: number): void => {
      this.#drawing = this.#drawAt(now_ms);
      if (this.#drawing) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Draws all; true while something is still on its way. */
  #drawAt(now_ms: number): boolean {
    const drawn = new Map<string, Point>();
    let moving = false;
    for (const [id, { element, motion }] of this.#cursors) {
      if (motion === undefined) continue;
      const at = motion.at(now_ms);
      place(element, at);
      drawn.set(id, at);
      moving ||= !motion.settled(now_ms);
    }
    this.#onFrame(drawn);
    return moving;
  }
}

/** Fractions of the stage, through container units: a resized stage needs no redrawing. */
export function place(element: HTMLElement, at: Point): void {
  element.style.transform = `translate(${(at.x * 100).toFixed(3)}cqw, ${(at.y * 100).toFixed(3)}cqh)`;
  // Near an edge the name tag goes to the arrow's other side, so that it can be read.
  element.classList.toggle("right", at.x > 0.55);
  element.classList.toggle("far-right", at.x > 0.75);
  element.classList.toggle("low", at.y > 0.92);
}
