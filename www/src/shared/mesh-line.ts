/** The discreet line that tells the state of the mesh, and the details behind it. */

import type { Room } from "chinwag";
import { linkGlyph } from "./brand.js";
import { html, setAttribute, setText } from "./dom.js";
import { OUTSIDE_LINE, meshLine, meshMeaning, statRows, type MeshState, type Signaling } from "./mesh.js";
import { linkCount } from "./people.js";

const REFRESH_MS = 1000;

export class MeshLine {
  readonly element: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #parts = [html("span"), html("span"), html("span")] as const;
  readonly #meaning = html("p");
  readonly #rows = html("dl", { class: "stats" });
  readonly #panel: HTMLElement;
  #signaling: Signaling = "connecting";
  #outside: keyof typeof OUTSIDE_LINE = "joining";
  #room: Room | undefined;
  #refresh: ReturnType<typeof setInterval> | undefined;

  constructor() {
    this.#panel = html(
      "div",
      { id: "mesh-details", popover: "auto", class: "card mesh-details", role: "region", tabindex: 0, "aria-label": "The mesh, in figures" },
      html("h2", {}, "The mesh, as this tab sees it"),
      this.#meaning,
      this.#rows,
    );
    this.#button = html(
      "button",
      { type: "button", class: "mesh-line", popovertarget: "mesh-details", "data-testid": "mesh-state" },
      linkGlyph(),
      ...this.#parts,
    );
    this.element = html("footer", { class: "mesh" }, this.#button, this.#panel);
    this.#panel.addEventListener("toggle", () => this.#watch(this.#panel.matches(":popover-open")));
    this.refresh();
  }

  /** From now on the line tells of this room, which may have no server. */
  follow(room: Room, serverless = false): void {
    this.#room = room;
    if (serverless) this.#signaling = "none";
    else {
      room.on("signaling", (state) => {
        this.#signaling = state;
        this.refresh();
      });
    }
    room.on("members", () => this.refresh());
    room.on("link", () => this.refresh());
    this.refresh();
  }

  /** The tab tries to get into the room, or has failed to. */
  stayOutside(why: keyof typeof OUTSIDE_LINE, signaling: Signaling): void {
    this.#outside = why;
    this.#signaling = signaling;
    this.refresh();
  }

  refresh(): void {
    const room = this.#room;
    const state: MeshState = {
      member_count: room?.members.length ?? 0,
      link_count: room === undefined ? 0 : linkCount(room),
      signaling: this.#signaling,
    };
    setAttribute(this.#button, "data-members", String(state.member_count));
    setAttribute(this.#button, "data-links", String(state.link_count));
    setAttribute(this.#button, "data-signaling", state.signaling);
    const texts = room === undefined ? [OUTSIDE_LINE[this.#outside]] : meshLine(state);
    this.#parts.forEach((part, at) => {
      const text = texts[at];
      part.hidden = text === undefined;
      setText(part, text ?? "");
    });
    const meaning = meshMeaning(state);
    this.#button.title = meaning;
    setText(this.#meaning, meaning);
  }

  /** The figures are fetched only while somebody looks at them. */
  #watch(open: boolean): void {
    clearInterval(this.#refresh);
    if (!open) return;
    const show = (): void => {
      const rows = this.#room === undefined ? [] : statRows(this.#room.stats());
      this.#rows.replaceChildren(...rows.map(([label, value]) => html("div", {}, html("dt", {}, label), html("dd", {}, value))));
    };
    show();
    this.#refresh = setInterval(show, REFRESH_MS);
  }
}
