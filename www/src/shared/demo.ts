/**
 * The frame that every demo stands in: header, mesh line, notes, joining, and what to show when joining fails.
 *
 * A demo is one call of `openDemo` with a `build` that fills the main part once the room is there. It says what it
 * wants others to know of it through `tell`, and gets the rest (name, announcements, notes, people) from its `Stage`.
 */

import { join, type Json, type Room } from "chinwag";
import { linkTo, readAddress, type Asked } from "./address.js";
import { brandLink } from "./brand.js";
import { chooseColor, colorOf } from "./color.js";
import { html, whispered } from "./dom.js";
import { face, showFace } from "./face.js";
import { inviteButton } from "./invite.js";
import { Announcer, Notes } from "./live.js";
import { MemberList } from "./member-list.js";
import { MeshLine } from "./mesh-line.js";
import { nameInput } from "./name-field.js";
import { People, personOf } from "./people.js";
import { nameHere } from "./storage.js";
import { themeButton } from "./theme.js";

declare global {
  interface Window {
    /** The test hook: the page's room, or why there is none. */
    chinwag?: { room: Room } | { error: unknown };
  }
}

type Fields = Readonly<Record<string, Json>>;

/** What a demo gets to work with. */
export interface Frame {
  readonly room: Room;
  readonly people: People;
  readonly notes: Notes;
  readonly announcer: Announcer;
  /** The list of members, to be placed by the demo. */
  readonly memberList: MemberList;
  /** Changes some fields of my presence; the others, and the name, stay. */
  tell(fields: Fields): void;
  /** My present name. */
  name(): string;
}

export interface Demo {
  /** What the page is called: "Presence". */
  readonly title: string;
  /** The first fields of my presence, beside the name. */
  readonly first: Fields;
  /** Makes the main part. */
  build(frame: Frame): HTMLElement;
  /** Gets the page into its room without a server; may show in `main` what has to be done for that. */
  enter?(asked: Asked, presence: Fields, main: HTMLElement): Promise<Room>;
}

/** Opens the page: shows the frame at once, joins, and then lets the demo fill it. */
export async function openDemo(demo: Demo): Promise<void> {
  const asked = readAddress(location.href);
  const page = new Page(demo, asked, await nameHere(asked.name));
  await page.join();
}

class Page {
  readonly #demo: Demo;
  readonly #asked: Asked;
  readonly #announcer = new Announcer();
  readonly #notes = new Notes();
  readonly #meshLine = new MeshLine();
  readonly #main = html("main", { class: "main", id: "main" });
  readonly #myFace = html("span", { class: "face-holder" });
  #room: Room | undefined;
  #presence: Record<string, Json>;

  constructor(demo: Demo, asked: Asked, name: string) {
    this.#demo = demo;
    this.#asked = asked;
    this.#presence = { name, ...demo.first };
    document.title = `${asked.room} · ${demo.title} · Chinwag`;
    document.body.classList.add("app");
    document.body.replaceChildren(
      this.#header(name),
      this.#main,
      this.#meshLine.element,
      this.#announcer.element,
      this.#notes.element,
    );
  }

  async join(): Promise<void> {
    this.#main.replaceChildren(waiting(this.#asked.room));
    this.#meshLine.stayOutside("joining", "connecting");
    try {
      const room = await (this.#demo.enter?.(this.#asked, this.#presence, this.#main) ?? this.#joinByServer());
      this.#enter(room);
      window.chinwag = { room };
    } catch (error) {
      window.chinwag = { error };
      this.#fail(error);
    }
  }

  #joinByServer(): Promise<Room> {
    const { signaling, secret } = this.#asked;
    return join(this.#asked.room, {
      presence: this.#presence,
      ...(signaling === undefined ? {} : { signaling }),
      ...(secret === undefined ? {} : { secret }),
    });
  }

  #enter(room: Room): void {
    this.#room = room;
    const people = new People();
    people.see(room.self);
    room.on("error", (error) => {
      // Back from the browser's cache of left pages: a fresh start is the shortest way in.
      if (error.code === "left") location.reload();
      else this.#notes.show(error.message, "problem");
    });
    this.#meshLine.follow(room, this.#demo.enter !== undefined);
    const frame: Frame = {
      room,
      people,
      notes: this.#notes,
      announcer: this.#announcer,
      memberList: new MemberList(room, people),
      tell: (fields) => this.#tell(fields),
      name: () => String(this.#presence["name"]),
    };
    const dress = (): void => {
      const { id, color } = people.see(room.self);
      showFace(this.#myFace, id, color, "awake");
    };
    room.on("members", dress);
    room.on("presence", (member) => {
      if (member.id === room.self.id) dress();
    });
    dress();
    this.#main.replaceChildren(this.#demo.build(frame));
  }

  #tell(fields: Fields): void {
    this.#presence = { ...this.#presence, ...fields };
    this.#room?.setPresence(this.#presence);
  }

  #header(name: string): HTMLElement {
    const { room } = this.#asked;
    const field = nameInput(name, (next) => this.#tell({ name: next }));
    field.setAttribute("aria-label", "Your name");
    field.title = "Your name: click to change it";
    return html(
      "header",
      { class: "bar" },
      brandLink(linkTo(location.href, "/", room)),
      html(
        "h1",
        { class: "where" },
        html("span", { class: "page" }, this.#demo.title, whispered(" in room")),
        html("bdi", { class: "room", "data-testid": "room-name" }, room),
      ),
      html("div", { class: "me" }, this.#myFace, field),
      // Without a server, a link to the room alone leads nowhere.
      ...(this.#demo.enter === undefined ? [inviteButton(this.#notes)] : []),
      themeButton(),
    );
  }

  #fail(error: unknown): void {
    const retry = html("button", { type: "button", class: "button strong" }, "Try again");
    retry.addEventListener("click", () => void this.join());
    const message = error instanceof Error && error.message !== "" ? error.message : "Something went wrong that has no message.";
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
    this.#meshLine.stayOutside("failed", code === "signaling-unreachable" ? "unreachable" : "connecting");
    this.#main.replaceChildren(
      html(
        "section",
        { class: "card panel", role: "alert", "data-testid": "join-failed" },
        face("lost", colorOf("lost"), "lost"),
        html("h2", {}, "Could not join ", html("bdi", {}, this.#asked.room)),
        html("p", {}, message),
        ...(code === undefined ? [] : [html("p", { class: "code" }, code)]),
        retry,
      ),
    );
    retry.focus();
  }
}

function waiting(room: string): HTMLElement {
  return html(
    "section",
    { class: "panel waiting", role: "status" },
    html("span", { class: "knock", "aria-hidden": "true" }, html("i"), html("i"), html("i")),
    html("p", {}, "Knocking at ", html("bdi", {}, room), "…"),
  );
}

/** The main part of a demo, and beside it who is in the room. */
export function besidePeople({ memberList }: Frame, main: HTMLElement): HTMLElement {
  return html(
    "div",
    { class: "beside-people" },
    main,
    html("aside", { class: "side compact", "aria-label": "People" }, html("h2", {}, "In the room"), memberList.element),
  );
}

/** Shows some elements only while nobody else is in the room: they say how others come in. */
export function whileAlone({ room }: Frame, ...elements: Element[]): void {
  const refresh = (): void => {
    const accompanied = room.members.length > 1;
    for (const element of elements) element.toggleAttribute("hidden", accompanied);
  };
  room.on("members", refresh);
  refresh();
}

/** Of two in one colour, one changes it, so that a small room is told apart at a glance. */
export function wearFreeColor({ room, tell }: Frame): void {
  let mine = colorOf(room.self.id);
  const choose = (): void => {
    const others = room.members.filter((member) => member.id !== room.self.id);
    const next = chooseColor(room.self.id, mine, new Map(others.map((member) => [member.id, personOf(member).color])));
    if (next === mine) return;
    mine = next;
    tell({ color: mine });
  };
  room.on("members", choose);
  tell({ color: mine });
  choose();
}
