/** The parts of which both sides of an invite are made: a text to hand over, and a clock. */

import { html, setText } from "../shared/dom.js";
import { qrCode } from "./qr.js";
import { remaining } from "./words.js";

interface Handed {
  readonly text: string;
  readonly label: string;
  /** What the button says: "Copy link". */
  readonly copy: string;
  readonly testid: string;
}

/** A text to be handed to somebody: as a code for a camera, in a field, and by a button into the clipboard. */
export function handout({ text, label, copy, testid }: Handed): HTMLElement {
  const field = html("input", { type: "text", readonly: true, value: text, class: "field", "aria-label": label, "data-testid": testid });
  field.addEventListener("focus", () => field.select());
  const said = html("span", { class: "said-copied", role: "status" });
  const button = html("button", { type: "button", class: "button", "data-testid": `${testid}-copy` }, copy);
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(text).then(
      () => setText(said, "Copied."),
      // No clipboard: an insecure origin, or the permission is denied.
      () => {
        field.focus();
        setText(said, "It is selected: copy it from there.");
      },
    );
  });
  return html(
    "div",
    { class: "handout" },
    html("div", { class: "handout-text" }, field, html("div", { class: "handout-foot" }, button, said)),
    html("figure", { class: "handout-code" }, qrCode(text, `${label}, as a QR code`)),
  );
}

/** Counts down to a moment, in a line; `stop` ends it, and so does the moment, which calls `onEnd`. */
export function countdown(until_ms: number, say: (left: string) => string, onEnd: () => void): { element: HTMLElement; stop: () => void } {
  const element = html("p", { class: "countdown", "data-testid": "countdown" });
  const show = (): void => {
    const left_ms = until_ms - Date.now();
    setText(element, say(remaining(left_ms)));
    if (left_ms > 0) return;
    stop();
    onEnd();
  };
  const timer = setInterval(show, 1_000);
  const stop = (): void => clearInterval(timer);
  show();
  return { element, stop };
}
