/** My face and my name, edited where it stands. */

import { html } from "./dom.js";
import { cleanName, keepName } from "./names.js";
import { keptShelf, tabShelf } from "./storage.js";
import { NAME_CHARS_MAX } from "./wire.js";

/** So long after the last key the others see the new name; at once on Enter and on leaving the field. */
const SETTLE_MS = 250;

/** Keeps the name, and takes an older one out of the address, which would win after a reload. */
function remember(name: string): void {
  keepName(name, tabShelf, keptShelf);
  const here = new URL(location.href);
  if (!here.searchParams.has("name")) return;
  here.searchParams.set("name", name);
  history.replaceState(history.state, "", here);
}

/** The bare field; `onName` gets every new name, cleaned. */
export function nameInput(name: string, onName: (name: string) => void): HTMLInputElement {
  const input = html("input", {
    type: "text",
    value: name,
    maxlength: NAME_CHARS_MAX,
    autocomplete: "nickname",
    spellcheck: "false",
    enterkeyhint: "done",
    "data-testid": "name-input",
  });
  let current = name;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const commit = (): void => {
    clearTimeout(timer);
    const next = cleanName(input.value);
    if (next === undefined || next === current) return;
    current = next;
    remember(next);
    onName(next);
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(commit, SETTLE_MS);
  });
  input.addEventListener("change", () => {
    commit();
    input.value = current;
  });
  input.addEventListener("blur", () => {
    input.value = current;
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    if (event.key === "Escape") input.value = current;
    else commit();
    input.blur();
  });
  return input;
}
