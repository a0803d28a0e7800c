/**
 * What screen readers hear of comings and goings, and the short notes that everyone sees.
 *
 * Many things can happen at once (a reload storm), so announcements are gathered for a moment and bounded: a list of
 * fifty names helps nobody.
 */

import { html } from "./dom.js";

const GATHER_MS = 350;
const SPOKEN_MAX = 4;
const NOTE_MS = 4000;

/** Joins gathered announcements into one sentence. */
export function spoken(lines: readonly string[]): string {
  const extra = lines.length - SPOKEN_MAX;
  const said = lines.slice(0, SPOKEN_MAX).join(". ");
  return extra > 0 ? `${said}. And ${extra} more.` : `${said}.`;
}

/** A polite live region that nobody sees. */
export class Announcer {
  readonly element = html("div", { class: "whispered", role: "status", "aria-live": "polite" });
  #lines: string[] = [];

  say(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 1) return;
    setTimeout(() => {
      this.element.textContent = spoken(this.#lines);
      this.#lines = [];
    }, GATHER_MS);
  }
}

/** One note at a time, at the foot of the page, gone by itself. */
export class Notes {
  readonly element = html("div", { class: "notes", role: "status", "aria-live": "polite" });
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(text: string, kind: "plain" | "problem" = "plain"): void {
    clearTimeout(this.#timer);
    this.element.replaceChildren(html("p", { class: "note", "data-kind": kind }, text));
    this.#timer = setTimeout(() => this.element.replaceChildren(), kind === "problem" ? NOTE_MS * 2 : NOTE_MS);
  }
}
