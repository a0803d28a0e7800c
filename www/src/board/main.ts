import "../shared/shell.css";
import "./board.css";
import type { Json } from "chinwag";
import { waitingPicture } from "../shared/brand.js";
import { besidePeople, openDemo, wearFreeColor, whileAlone, type Frame } from "../shared/demo.js";
import { html, svg } from "../shared/dom.js";
import { secondTabLink } from "../shared/invite.js";
import { freePlace, NOTES_MAX, NoteMap } from "./notes.js";
import { Sheet } from "./sheet.js";

/** The least width of a note, with some air. */
const NOTE_WIDTH_MIN_PX = 144;

void openDemo({ title: "Board", first: {}, build });

function build(frame: Frame): HTMLElement {
  wearFreeColor(frame);
  return besidePeople(frame, boardOf(frame));
}

/** The board: the notes as they are in the map, and the button that adds one. */
function boardOf(frame: Frame): HTMLElement {
  const { room, people, notes: told } = frame;
  const notes = new NoteMap(room.map<Json>("board"));
  const sheets = new Map<string, Sheet>();
  const list = html("ul", { class: "sheets", "data-testid": "board", "aria-label": "Notes" });
  const empty = emptyHint(frame);
  let top = 0;

  /** Does something to the map, and tells if the room has no room for it. */
  const attempt = (change: () => void): boolean => {
    try {
      change();
      return true;
    } catch (error) {
      told.show(error instanceof Error ? error.message : String(error), "problem");
      return false;
    }
  };
  const hands = {
    place: (id: string, place: Parameters<NoteMap["place"]>[1]) => {
      // A note that somebody has peeled off from under my hand stays off.
      if (sheets.has(id)) attempt(() => notes.place(id, place));
    },
    write: (id: string, text: string) => {
      if (sheets.has(id)) attempt(() => notes.write(id, text));
    },
    remove: (id: string) => {
      attempt(() => notes.remove(id));
      add.focus();
    },
    raise: (sheet: Sheet) => {
      top += 1;
      sheet.element.style.zIndex = String(top);
    },
  };
  const show = (id: string, by?: Parameters<Sheet["show"]>[1]): void => {
    const note = notes.note(id);
    const sheet = sheets.get(id);
    if (note === undefined) {
      sheet?.element.remove();
      sheets.delete(id);
    } else if (sheet !== undefined) sheet.show(note, by);
    else if (sheets.size < NOTES_MAX) {
      const fresh = new Sheet(note, hands);
      sheets.set(id, fresh);
      list.append(fresh.element);
      hands.raise(fresh);
    }
    empty.hidden = sheets.size > 0;
  };

  const add = html(
    "button",
    { type: "button", class: "button add-note", "data-testid": "add-note" },
    svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: "M12 5v14M5 12h14", class: "outline" })),
    "Add a note",
  );
  const create = (at: { readonly x: number; readonly y: number }): void => {
    const id = crypto.randomUUID();
    if (attempt(() => notes.place(id, { ...at, color: people.see(room.self).color }))) sheets.get(id)?.focus();
  };
  add.addEventListener("click", () => create(freePlace(notes.all().map(({ place }) => place), columnsIn(list))));

  notes.onChange((id, by) => show(id, by === undefined || by.id === room.self.id ? undefined : people.see(by)));
  notes.all().forEach(({ id }) => show(id));
  return html("div", { class: "board" }, empty, list, add);
}

/** How many notes lie side by side, at the least width that the style sheet gives them. */
function columnsIn(list: HTMLElement): number {
  return Math.min(4, Math.max(1, Math.floor(list.clientWidth / NOTE_WIDTH_MIN_PX)));
}

function emptyHint(frame: Frame): HTMLElement {
  const { room, people } = frame;
  const { id, color } = people.see(room.self);
  const picture = waitingPicture(id, color);
  const second = secondTabLink("Open a second tab");
  whileAlone(frame, picture, second);
  return html(
    "div",
    { class: "board-empty" },
    picture,
    html("p", { class: "alone-title" }, "An empty board"),
    html("p", {}, "Add a note: everyone in the room sees it, and may move it, write on it, or peel it off. The notes stay while any tab is here."),
    second,
  );
}
