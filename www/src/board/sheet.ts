/** One note on the page: dragged by its bar, written on in its middle, peeled off by its cross. */

import { html, setAttribute, svg } from "../shared/dom.js";
import type { Person } from "../shared/people.js";
import { moved, NOTE_CHARS_MAX, paced, type Note, type Paced } from "./notes.js";
import type { Place } from "../shared/wire.js";

/** While a note is dragged, the others see it move this often. */
const MOVE_MS = 50;
const WRITE_MS = 80;
/** With more on it, a note is written smaller. */
const FULL_CHARS = 70;
/** How long it is told who has just touched a note. */
const TOUCHED_MS = 1600;
/** One press of an arrow key, as a fraction of the board; with Shift a leap. */
const STEP = 0.02;
const LEAP = 0.1;

const ARROWS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What a sheet asks of its board. */
export interface Hands {
  place(id: string, place: Place): void;
  write(id: string, text: string): void;
  remove(id: string): void;
  /** It was touched, and lies on top of the others now. */
  raise(sheet: Sheet): void;
}

export class Sheet {
  readonly element: HTMLElement;
  readonly #id: string;
  readonly #hands: Hands;
  readonly #grip: HTMLButtonElement;
  readonly #field: HTMLTextAreaElement;
  readonly #toucher = html("span", { class: "toucher", "aria-hidden": "true" });
  readonly #move: Paced<Place>;
  readonly #write: Paced<string>;
  #place: Place;
  #dragging = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(note: Note, hands: Hands) {
    this.#id = note.id;
    this.#hands = hands;
    this.#place = note.place;
    this.#move = paced<Place>(MOVE_MS, (place) => hands.place(note.id, place));
    this.#write = paced<string>(WRITE_MS, (text) => hands.write(note.id, text));
    this.#grip = html(
      "button",
      { type: "button", class: "grip", "data-testid": "note-grip", "aria-label": "Move this note: drag it, or use the arrow keys", title: "Drag me, or use the arrow keys" },
      svg("svg", { viewBox: "0 0 24 10", class: "grip-dots", "aria-hidden": "true" }, ...[4, 12, 20].map((cx) => svg("circle", { cx, cy: 5, r: 2 }))),
    );
    const remove = html(
      "button",
      { type: "button", class: "peel", "data-testid": "note-delete", "aria-label": "Delete this note", title: "Delete this note" },
      svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: "M7 7l10 10M17 7L7 17", class: "outline" })),
    );
    this.#field = html("textarea", { "data-testid": "note-text", "aria-label": "Note", maxlength: NOTE_CHARS_MAX, placeholder: "Write something…", spellcheck: "false" });
    this.element = html("li", { class: "sheet", "data-testid": "note", "data-note-id": note.id }, html("div", { class: "sheet-bar" }, this.#grip, remove), this.#field, this.#toucher);
    remove.addEventListener("click", () => hands.remove(note.id));
    this.#field.addEventListener("input", () => this.#write(this.#field.value));
    this.#field.addEventListener("blur", () => this.#write.flush());
    this.element.addEventListener("pointerdown", () => hands.raise(this));
    this.#grip.addEventListener("pointerdown", (event) => this.#drag(event));
    this.#grip.addEventListener("keydown", (event) => this.#step(event));
    this.show(note, undefined);
  }

  focus(): void {
    this.#field.focus();
  }

  /** Shows the note as it is now; `by` has just changed it. */
  show({ place, text }: Note, by: Person | undefined): void {
    // Under my own hand it is where my hand is, and what I have just typed is newer.
    if (!this.#dragging && !this.#move.waits()) this.#put(place);
    if (this.#field.value !== text && !this.#write.waits()) {
      const { selectionStart, selectionEnd } = this.#field;
      this.#field.value = text;
      if (document.activeElement === this.#field) this.#field.setSelectionRange(selectionStart, selectionEnd);
    }
    this.element.classList.toggle("full", text.length > FULL_CHARS);
    if (by !== undefined) this.#touchedBy(by);
  }

  #put(place: Place): void {
    this.#place = place;
    const { style } = this.element;
    style.setProperty("--x", String(place.x));
    style.setProperty("--y", String(place.y));
    style.setProperty("--color", place.color);
    setAttribute(this.element, "data-x", place.x.toFixed(4));
    setAttribute(this.element, "data-y", place.y.toFixed(4));
  }

  #go(place: Place): void {
    this.#put(place);
    this.#move(place);
  }

  #drag(down: PointerEvent): void {
    if (down.button !== 0) return;
    const board = this.element.parentElement?.getBoundingClientRect();
    if (board === undefined) return;
    const room = { width: Math.max(1, board.width - this.element.offsetWidth), height: Math.max(1, board.height - this.element.offsetHeight) };
    const from = this.#place;
    const dragging = new AbortController();
    const { signal } = dragging;
    this.#dragging = true;
    this.element.classList.add("held");
    this.#grip.setPointerCapture(down.pointerId);
    this.#grip.addEventListener(
      "pointermove",
      (event) => this.#go(moved(from, (event.clientX - down.clientX) / room.width, (event.clientY - down.clientY) / room.height)),
      { signal },
    );
    const drop = (): void => {
      dragging.abort();
      this.#dragging = false;
      this.element.classList.remove("held");
      this.#move.flush();
    };
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) this.#grip.addEventListener(end, drop, { signal });
  }

  #step(event: KeyboardEvent): void {
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      event.preventDefault();
      const length = event.shiftKey ? LEAP : STEP;
      this.#hands.raise(this);
      this.#go(moved(this.#place, arrow[0] * length, arrow[1] * length));
    } else if (event.key === "Delete" || event.key === "Backspace") this.#hands.remove(this.#id);
  }

  #touchedBy({ name, color }: Person): void {
    clearTimeout(this.#timer);
    this.#toucher.textContent = name;
    this.#toucher.style.setProperty("--color", color);
    this.element.classList.add("touched");
    this.#timer = setTimeout(() => this.element.classList.remove("touched"), TOUCHED_MS);
  }
}
