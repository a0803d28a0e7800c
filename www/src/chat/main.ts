import "../shared/shell.css";
import "./chat.css";
import type { Json, Log, LogEntry } from "chinwag";
import { waitingPicture } from "../shared/brand.js";
import { besidePeople, openDemo, whileAlone, type Frame } from "../shared/demo.js";
import { html, setText } from "../shared/dom.js";
import { secondTabLink } from "../shared/invite.js";
import { onArrival, type People } from "../shared/people.js";
import { readFace, readSaid } from "../shared/wire.js";
import { composer } from "./composer.js";
import { Messages } from "./messages.js";
import type { Message } from "./thread.js";
import { TypingSignal, typingWords } from "./typing.js";

/** So many of the newest messages a late joiner gets to read. */
const RETAIN = 200;

void openDemo({ title: "Chat", first: { typing: false }, build });

function build(frame: Frame): HTMLElement {
  const { room, tell } = frame;
  const log = room.log<Json>("chat", { retain: RETAIN });
  const messages = new Messages(opening(frame));
  const typing = new TypingSignal((now) => tell({ typing: now }));
  const { element: form, focus } = composer(room.name, typing, (text) => say(frame, log, messages, text));
  hear(frame, log, messages);
  tellHappenings(frame, messages);
  if (matchMedia("(hover: hover)").matches) queueMicrotask(focus);
  return besidePeople(frame, html("div", { class: "talk" }, messages.element, typingLine(frame), form));
}

/** What stands at the very beginning of the conversation. */
function opening(frame: Frame): HTMLElement {
  const { room, people } = frame;
  const { id, color } = people.see(room.self);
  const picture = waitingPicture(id, color);
  const second = secondTabLink("Open a second tab");
  whileAlone(frame, picture, second);
  return html(
    "div",
    { class: "opening" },
    picture,
    html("p", { class: "alone-title" }, "The start of ", html("bdi", {}, room.name)),
    html("p", {}, `What is said here goes from tab to tab, and only the tabs keep it: whoever comes late gets the last ${RETAIN} messages from them, and when the last tab closes they are gone.`),
    second,
  );
}

/** Shows what the log holds: what is said now, and what was said before I came. */
function hear({ room, people }: Frame, log: Log<Json>, messages: Messages): void {
  const known = new Map<string, Message | undefined>();
  let marked = false;
  const refresh = (): void => {
    const entries = log.entries;
    for (const entry of entries) if (!known.has(entry.id)) known.set(entry.id, messageOf(entry, room.self.id, people));
    const here = new Set(entries.map(({ id }) => id));
    for (const id of known.keys()) if (!here.has(id)) known.delete(id);
    const shown = entries.flatMap(({ id }) => known.get(id) ?? []);
    const { joinedAt } = room.self;
    if (!marked && shown.some(({ at_ms }) => at_ms < joinedAt)) {
      marked = true;
      messages.add({ kind: "happening", text: "You joined. Above is what was said before.", at_ms: joinedAt });
    }
    messages.show(shown, joinedAt);
  };
  log.subscribe(refresh);
  refresh();
}

/** An entry as it is shown, if there is anything to show. */
function messageOf({ id, data, from, sentAt }: LogEntry<Json>, selfId: string, people: People): Message | undefined {
  const said = readSaid(data);
  if (said === undefined) return undefined;
  const person = people.see(from);
  // Who has gone, or whose presence is yet to come, is called what it called itself.
  const named = readFace(from.presence).name === undefined && said.name !== undefined;
  const author = named ? { ...person, name: said.name ?? person.name } : person;
  // The clock of an author may be ahead; nothing was said in the future.
  return { kind: "message", id, author, own: from.id === selfId, text: said.text, at_ms: Math.min(sentAt, Date.now()) };
}

let refused_count = 0;

/** Says something; the log shows it. What is refused is shown as such. */
function say(frame: Frame, log: Log<Json>, messages: Messages, text: string): void {
  const { room, people } = frame;
  log.send({ text, name: frame.name() }).catch((error: unknown) => {
    refused_count += 1;
    const author = { ...people.see(room.self), name: frame.name() };
    const shown = messages.add({ kind: "message", id: `refused-${refused_count}`, author, own: true, text, at_ms: Date.now() });
    shown.refuse(error instanceof Error ? error.message : String(error), () => {
      shown.remove();
      say(frame, log, messages, text);
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
