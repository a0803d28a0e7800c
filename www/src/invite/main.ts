import "../shared/shell.css";
import "../chat/chat.css";
import "./invite.css";
import { join, type Json } from "chinwag";
import { composer } from "../chat/composer.js";
import { Messages } from "../chat/messages.js";
import { TypingSignal } from "../chat/typing.js";
import { besidePeople, openDemo, type Frame } from "../shared/demo.js";
import { html } from "../shared/dom.js";
import { onArrival } from "../shared/people.js";
import { readSaid } from "../shared/wire.js";
import { joinByInvite } from "./invited.js";
import { inviterPanel } from "./inviter.js";
import { invited } from "./words.js";

void openDemo({
  title: "By hand",
  first: { typing: false },
  build,
  enter: async ({ room, ice }, presence, main) => {
    const options = { presence, ...(ice === undefined ? {} : { iceServers: [{ urls: ice.split(" ") }] }) };
    const invite = invited(location.href);
    return invite === undefined ? join(room, { ...options, signaling: [] }) : joinByInvite(room, invite, options, main);
  },
});

function build(frame: Frame): HTMLElement {
  return besidePeople(frame, html("div", { class: "by-hand" }, inviterPanel(frame), talk(frame)));
}

/** A few words, to see that it works. */
function talk({ room, people, tell }: Frame): HTMLElement {
  const messages = new Messages(html("p", { class: "opening" }, "What is said here goes from tab to tab."));
  const channel = room.channel<Json>("talk");
  let said_count = 0;
  const show = (member: Parameters<typeof people.see>[0], text: string): void => {
    said_count += 1;
    messages.add({ kind: "message", id: `said-${said_count}`, author: people.see(member), own: member.id === room.self.id, text, at_ms: Date.now() });
  };
  channel.on("message", (data, { from }) => {
    const said = readSaid(data);
    if (said !== undefined) show(from, said.text);
  });
  const happening = (text: string): void => void messages.add({ kind: "happening", text, at_ms: Date.now() });
  onArrival(room, (member) => happening(`${people.see(member).name} joined`));
  room.on("leave", (member, reason) => happening(`${people.see(member).name} ${reason === "left" ? "left" : "lost the connection"}`));
  const { element } = composer(room.name, new TypingSignal((typing) => tell({ typing })), (text) => {
    show(room.self, text);
    void channel.send({ text });
  });
  const talk = html("div", { class: "talk" }, messages.element, element);
  const refresh = (): void => void talk.toggleAttribute("hidden", room.members.length < 2);
  room.on("members", refresh);
  refresh();
  return talk;
}
