/** Who has just gone, and whether they left or failed; each fades after a while. */

import type { Room } from "chinwag";
import { html } from "../shared/dom.js";
import { face } from "../shared/face.js";
import type { Frame } from "../shared/demo.js";

const SHOWN_MS = 30_000;
const FADE_MS = 1_200;
const SHOWN_MAX = 6;

/** How a departure reads. */
export function departureWords(reason: "left" | "failed"): string {
  return reason === "left" ? "left" : "lost the connection";
}

export function departures({ room, people }: Pick<Frame, "room" | "people">): HTMLElement {
  const list = html("ul", { class: "departures", "data-testid": "departures", "aria-label": "Just gone" });
  follow(room, list, people);
  return list;
}

function follow(room: Room, list: HTMLElement, people: Frame["people"]): void {
  room.on("leave", (member, reason) => {
    const person = people.see(member);
    const item = html(
      "li",
      { class: "departure", "data-testid": "departure", "data-member-id": member.id, "data-reason": reason },
      html("span", { class: "face-holder" }, face(person.id, person.color, reason === "left" ? "away" : "lost")),
      html("span", { class: "member-text" }, html("bdi", { class: "name" }, person.name), html("span", { class: "note-beside" }, departureWords(reason))),
    );
    list.prepend(item);
    while (list.children.length > SHOWN_MAX) list.lastElementChild?.remove();
    setTimeout(() => item.classList.add("fading"), SHOWN_MS - FADE_MS);
    setTimeout(() => item.remove(), SHOWN_MS);
  });
}
