/** Who is here: me first, everyone with a face, those that went quiet shown gently. */

import type { Member, Room } from "chinwag";
import { linkGlyph } from "./brand.js";
import { html, setAttribute, setText } from "./dom.js";
import { showFace } from "./face.js";
import { inOrder, type People } from "./people.js";
import { readFace } from "./wire.js";

interface Row {
  readonly item: HTMLLIElement;
  readonly face: HTMLElement;
  readonly name: HTMLElement;
  readonly note: HTMLElement;
}

/** What is said beside a name. */
export function memberNote(member: Pick<Member, "status" | "linked" | "rttMs">, self: boolean): string {
  if (self) return "you";
  if (member.status === "suspect") return "gone quiet…";
  if (!member.linked) return "through others";
  const rtt = member.rttMs;
  if (rtt === undefined || !Number.isFinite(rtt)) return "linked";
  return rtt < 1 ? "linked, under 1 ms" : `linked, ${Math.round(rtt)} ms`;
}

export class MemberList {
  readonly element = html("ul", { class: "members", "data-testid": "members", "aria-label": "In the room" });
  readonly #rows = new Map<string, Row>();
  readonly #room: Room;
  readonly #people: People;

  constructor(room: Room, people: People) {
    this.#room = room;
    this.#people = people;
    room.on("members", () => this.refresh());
    room.on("presence", (member) => this.#show(member));
    room.on("suspect", (member) => this.#show(member));
    room.on("link", () => this.refresh());
    this.refresh();
  }

  refresh(): void {
    const members = inOrder(this.#room.members, this.#room.self.id);
    const here = new Set(members.map((member) => member.id));
    for (const [id, row] of this.#rows) {
      if (here.has(id)) continue;
      row.item.remove();
      this.#rows.delete(id);
    }
    members.forEach((member, at) => {
      const { item } = this.#show(member);
      const there = this.element.children[at];
      if (there !== item) this.element.insertBefore(item, there ?? null);
    });
  }

  #show(member: Member): Row {
    const row = this.#rows.get(member.id) ?? this.#add(member.id);
    const self = member.id === this.#room.self.id;
    const person = this.#people.see(member);
    setAttribute(row.item, "data-status", member.status);
    setAttribute(row.item, "data-linked", member.linked && !self ? "true" : undefined);
    setAttribute(row.item, "data-typing", readFace(member.presence).typing ? "true" : undefined);
    showFace(row.face, person.id, person.color, member.status === "suspect" ? "dozing" : "awake");
    setText(row.name, person.name);
    setText(row.note, memberNote(member, self));
    return row;
  }

  #add(id: string): Row {
    const face = html("span", { class: "face-holder" });
    const name = html("bdi", { class: "name" });
    const note = html("span", { class: "note-beside" });
    const self = id === this.#room.self.id;
    const item = html(
      "li",
      { class: "member", "data-testid": "member", "data-member-id": id, "data-self": self ? "true" : undefined },
      face,
      html("span", { class: "member-text" }, name, note),
      linkGlyph(),
    );
    const row = { item, face, name, note };
    this.#rows.set(id, row);
    return row;
  }
}
