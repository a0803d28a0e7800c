import "../shared/shell.css";
import "./chat.css";
import type { Channel, Json } from "chinwag";
import { waitingPicture } from "../shared/brand.js";
import { openDemo, type Frame } from "../shared/demo.js";
import { html, setText } from "../shared/dom.js";
import { secondTabLink } from "../shared/invite.js";
import { onArrival } from "../shared/people.js";
import { readFace, readSaid } from "../shared/wire.js";
import { composer } from "./composer.js";
import { Messages } from "./messages.js";
import { TypingSignal, typingWords } from "./typing.js";

void openDemo({ title: "Chat", first: { typing: false }, build });

function build(frame: Frame): HTMLElement {
  const { room, tell } = frame;
  const channel = room.channel<Json>("chat");
  const messages = new Messages(opening(frame));
  const typing = new TypingSignal((now) => tell({ typing: now }));
  const { element: form, focus } = composer(room.name, typing, (text) => say(frame, channel, messages, text));
  hear(frame, channel, messages);
  tellHappenings(frame, messages);
  if (matchMedia("(hover: hover)").matches) queueMicrotask(focus);
  return html(
    "div",
    { class: "chat" },
    html("div", { class: "talk" }, messages.element, typingLine(frame), form),
    html("aside", { class: "side", "aria-label": "People" }, html("h2", {}, "In the room"), frame.memberList.element),
  );
}

/** What stands at the very beginning of the conversation. */
function opening({ room, people }: Frame): HTMLElement {
  const { id, color } = people.see(room.self);
  const picture = waitingPicture(id, color);
  const second = secondTabLink("Open a second tab");
  const refresh = (): void => {
    const alone = room.members.length < 2;
    second.hidden = !alone;
    picture.toggleAttribute("hidden", !alone);
  };
  room.on("members", refresh);
  refresh();
  return html(
    "div",
    { class: "opening" },
    picture,
    html("p", { class: "alone-title" }, "The start of ", html("bdi", {}, room.name)),
    html("p", {}, "What is said here goes from tab to tab and is kept nowhere: newcomers see what is said from now on."),
    second,
  );
}

function hear({ people }: Frame, channel: Channel<Json>, messages: Messages): void {
  channel.on("message", (data, meta) => {
    const said = readSaid(data);
    if (said === undefined) return;
    const person = people.see(meta.from);
    const named = readFace(meta.from.presence).name === undefined && said.name !== undefined;
    const author = named ? { ...person, name: said.name ?? person.name } : person;
    // The sender's clock may be anywhere; the reader wants to know when it came.
    messages.add({ kind: "message", id: meta.id, author, own: false, text: said.text, at_ms: Date.now() });
  });
}

let own_count = 0;

/** Shows my message at once, and marks it if it is refused. */
function say(frame: Frame, channel: Channel<Json>, messages: Messages, text: string): void {
  const { room, people } = frame;
  own_count += 1;
  const id = `${room.self.id}-own-${own_count}`;
  const author = { ...people.see(room.self), name: frame.name() };
  const shown = messages.add({ kind: "message", id, author, own: true, text, at_ms: Date.now() });
  channel.send({ text, name: frame.name() }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    shown.refuse(reason, () => {
      shown.remove();
      say(frame, channel, messages, text);
    });
  });
}

/** Comings and goings, as quiet lines between the messages. */
function tellHappenings({ room, people }: Frame, messages: Messages): void {
  const tell = (text: string): void => {
    messages.add({ kind: "happening", text, at_ms: Date.now() });
  };
  onArrival(room, (member) => tell(`${people.see(member).name} joined`));
  room.on("leave", (member, reason) => {
    tell(`${people.see(member).name} ${reason === "left" ? "left" : "lost the connection"}`);
  });
}

function typingLine({ room, people }: Frame): HTMLElement {
  const words = html("span");
  const dots = html("span", { class: "dots", "aria-hidden": "true" }, html("i"), html("i"), html("i"));
  const line = html("p", { class: "typing", "data-testid": "typing" }, dots, words);
  const refresh = (): void => {
    const typists = room.members.filter((member) => member.id !== room.self.id && readFace(member.presence).typing);
    setText(words, typingWords(typists.map((member) => people.see(member).name)));
    line.classList.toggle("quiet", typists.length === 0);
  };
  room.on("presence", refresh);
  room.on("members", refresh);
  refresh();
  return line;
}
