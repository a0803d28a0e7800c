import "../shared/shell.css";
import "./presence.css";
import type { Member } from "chinwag";
import { waitingPicture } from "../shared/brand.js";
import { openDemo, wearFreeColor, whileAlone, type Frame } from "../shared/demo.js";
import { html } from "../shared/dom.js";
import { secondTabLink } from "../shared/invite.js";
import { onArrival } from "../shared/people.js";
import { readFace, type Point } from "../shared/wire.js";
import { Cursors, cursorShape, place } from "./cursors.js";
import { departures, departureWords } from "./departures.js";
import { followHand } from "./pointer.js";
import { Strings } from "./strings.js";

void openDemo({ title: "Presence", first: { cursor: null }, build });

function build(frame: Frame): HTMLElement {
  announce(frame);
  wearFreeColor(frame);
  const departed = departures(frame);
  return html(
    "div",
    { class: "beside-people presence" },
    stageOf(frame),
    html(
      "aside",
      { class: "side", "aria-label": "People" },
      html("h2", {}, "In the room"),
      frame.memberList.element,
      html("h2", { class: "just-gone" }, "Just gone"),
      departed,
    ),
  );
}

/** The stage: everybody's cursor, the strings to my peers, and an invitation while I am alone. */
function stageOf(frame: Frame): HTMLElement {
  const { room, people } = frame;
  const stage = html("div", {
    class: "stage",
    "data-testid": "stage",
    role: "application",
    tabindex: 0,
    "aria-label": "Shared stage. The arrow keys move your cursor, with Shift in leaps; Escape takes it away.",
  });
  const strings = new Strings();
  const mine = ownCursor();
  let me: Point | null = null;
  let linked = linkedIds(frame);
  let size = { width: 0, height: 0 };
  const cursors = new Cursors(stage, (drawn) => {
    strings.draw(me, new Map([...drawn].filter(([id]) => linked.has(id))), size);
  });
  new ResizeObserver(([entry]) => {
    if (entry !== undefined) size = entry.contentRect;
    cursors.wake();
  }).observe(stage);
  stage.append(strings.element, mine, alone(frame));

  const hear = (member: Member): void => {
    if (member.id === room.self.id) mine.style.setProperty("--color", people.see(member).color);
    else cursors.hear(people.see(member), readFace(member.presence).cursor, member.status);
  };
  const relink = (): void => {
    linked = linkedIds(frame);
    cursors.wake();
  };
  room.on("presence", hear);
  room.on("join", hear);
  room.on("suspect", hear);
  room.on("leave", (member) => cursors.forget(member.id));
  room.on("link", relink);
  room.on("members", (members) => {
    members.forEach(hear);
    relink();
  });
  room.members.forEach(hear);

  followHand(stage, (at, hand) => {
    me = at;
    mine.hidden = at === null || hand === "mouse";
    if (at !== null) place(mine, at);
    frame.tell({ cursor: at === null ? null : { x: at.x, y: at.y } });
    cursors.wake();
  });
  return stage;
}

function linkedIds({ room }: Frame): ReadonlySet<string> {
  return new Set(room.members.filter((member) => member.linked && member.id !== room.self.id).map((member) => member.id));
}

/** My own cursor is drawn where the system draws none: for fingers and arrow keys. */
function ownCursor(): HTMLElement {
  const { element } = cursorShape("you");
  element.classList.add("own");
  element.hidden = true;
  return element;
}

function alone(frame: Frame): HTMLElement {
  const { room, people } = frame;
  const { id, color } = people.see(room.self);
  const invitation = html(
    "div",
    { class: "alone" },
    waitingPicture(id, color),
    html("p", { class: "alone-title" }, "Only you so far"),
    html("p", {}, "Send somebody the invite link, or open this room in a second tab: to Chinwag, every tab is a person."),
    secondTabLink("Open a second tab"),
  );
  whileAlone(frame, invitation);
  return invitation;
}

function announce({ room, people, announcer }: Frame): void {
  onArrival(room, (member) => announcer.say(`${people.see(member).name} joined`));
  room.on("leave", (member, reason) => announcer.say(`${people.see(member).name} ${departureWords(reason)}`));
}
