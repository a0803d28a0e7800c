/** Where one writes: Enter sends, Shift and Enter break the line. */

import { html, setText, svg } from "../shared/dom.js";
import { MESSAGE_CHARS_MAX } from "../shared/wire.js";
import type { TypingSignal } from "./typing.js";

/** The count of characters left appears when so many are left. */
const COUNT_FROM = 400;

/** What stands under the field: nothing, what is left, or by how much it is too long. */
export function lengthNote(length: number): string {
  const left = MESSAGE_CHARS_MAX - length;
  if (left < 0) return `${-left} too many: a message holds ${MESSAGE_CHARS_MAX.toLocaleString("en")} characters`;
  return left <= COUNT_FROM ? `${left} left` : "";
}

export interface Composer {
  readonly element: HTMLFormElement;
  focus(): void;
}

export function composer(room: string, typing: TypingSignal, onSend: (text: string) => void): Composer {
  const field = html("textarea", {
    rows: 1,
    "data-testid": "composer",
    "aria-label": `Message to ${room}`,
    "aria-describedby": "composer-note",
    placeholder: "Say something…",
    enterkeyhint: "send",
    autocomplete: "off",
  });
  const note = html("p", { id: "composer-note", class: "composer-note", "aria-live": "polite" });
  const send = html(
    "button",
    { type: "submit", class: "send", "data-testid": "send", "aria-label": "Send", title: "Send (Enter)" },
    svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: "M4 12.5L20 4l-5 16-3.5-6.5L4 12.5Z", class: "filled" })),
  );
  const refresh = (): void => {
    // The field grows with its text, up to what the style sheet allows.
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
    const length = field.value.trim().length;
    setText(note, lengthNote(length));
    note.classList.toggle("problem", length > MESSAGE_CHARS_MAX);
    // Not `disabled`: a disabled button loses the focus, and cannot say what it is for.
    send.setAttribute("aria-disabled", String(length === 0 || length > MESSAGE_CHARS_MAX));
  };
  const submit = (): void => {
    const text = field.value.trim();
    if (text === "" || text.length > MESSAGE_CHARS_MAX) return;
    field.value = "";
    typing.stop();
    refresh();
    onSend(text);
  };
  field.addEventListener("input", () => {
    typing.key(field.value.trim() === "");
    refresh();
  });
  field.addEventListener("keydown", (event) => {
    // While an input method composes, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  const form = html("form", { class: "composer" }, html("div", { class: "composer-box" }, field, send), note);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
    field.focus();
  });
  send.setAttribute("aria-disabled", "true");
  return { element: form, focus: () => field.focus() };
}
