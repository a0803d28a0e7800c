/** The inviting side: a link goes out, an answer comes back. */

import type { Invite } from "chinwag";
import { linkTo, readAddress } from "../shared/address.js";
import type { Frame } from "../shared/demo.js";
import { html, setText } from "../shared/dom.js";
import { countdown, handout } from "./parts.js";
import { because, inviteAddress } from "./words.js";

/** How far it goes. */
function reach(): HTMLElement {
  return html("p", { class: "hand-reach" }, "It reaches tabs on this computer and in the same network. To go further, add the address of a STUN or TURN server to this page’s: ", html("code", {}, "&ice=stun:stun.example.org"));
}

/** The panel with which a member lets in others, one after another. */
export function inviterPanel(frame: Frame): HTMLElement {
  const { room, people, announcer } = frame;
  const panel = html("section", { class: "card hand", "aria-labelledby": "hand-title", "data-testid": "inviter" });

  const rest = (said?: string): void => {
    const alone = room.members.length < 2;
    const make = html("button", { type: "button", class: "button", "data-testid": "invite-make" }, alone ? "Make an invite" : "Invite somebody else");
    const problem = html("p", { class: "hand-problem", role: "alert", "data-testid": "invite-problem" });
    make.addEventListener("click", () => {
      make.disabled = true;
      room.invite().then(open, (error: unknown) => {
        make.disabled = false;
        setText(problem, because(error));
      });
    });
    const lead = alone
      ? "This room lives in this tab, and there is no server that could lead others here. So hand somebody a link, and take back the answer that it gives them."
      : "Everybody here can let in others. All further links come about by themselves.";
    panel.classList.toggle("resting", !alone);
    panel.replaceChildren(
      html("div", { class: "hand-words" }, html("h2", { id: "hand-title" }, said ?? (alone ? "Let somebody in" : "You are connected")), html("p", {}, lead), problem),
      make,
      ...(alone && readAddress(location.href).ice === undefined ? [reach()] : []),
    );
  };

  const open = (invite: Invite): void => {
    const clock = countdown(
      invite.expiresAt,
      (left) => `Valid for ${left}. It lets in one person: the first whose answer you paste.`,
      () => over("This invite has expired"),
    );
    const over = (title: string): void => {
      clock.stop();
      invite.cancel();
      rest(title);
    };
    const cancel = html("button", { type: "button", class: "button quiet", "data-testid": "invite-cancel" }, "Cancel");
    cancel.addEventListener("click", () => over("Let somebody in"));
    const title = html("h2", { id: "hand-title", tabindex: -1 }, "Two steps, and somebody is in");
    panel.classList.remove("resting");
    panel.replaceChildren(
      title,
      html(
        "ol",
        { class: "hand-steps" },
        html(
          "li",
          {},
          html("h3", {}, "Give this link to one person"),
          html("p", {}, "Send it by any messenger, or let them scan it."),
          handout({ text: inviteAddress(linkTo(location.href, location.pathname, room.name), invite.text), label: "Invite link", copy: "Copy link", testid: "invite-link" }),
          clock.element,
        ),
        html("li", {}, html("h3", {}, "Paste their answer"), answerForm(invite, clock.stop), cancel),
      ),
    );
    title.focus();
  };

  /** Where the answer is pasted. */
  const answerForm = (invite: Invite, stop: () => void): HTMLElement => {
    const field = html("textarea", { rows: 3, class: "field", "aria-label": "The answer", "aria-describedby": "answer-problem", placeholder: "The answer from the other page", autocomplete: "off", spellcheck: "false", "data-testid": "answer-input" });
    const problem = html("p", { id: "answer-problem", class: "hand-problem", role: "alert", "data-testid": "answer-problem" });
    const accept = html("button", { type: "submit", class: "button", "data-testid": "answer-accept" }, "Let them in");
    const form = html("form", { class: "answer-form" }, field, problem, accept);
    const wait = (waiting: boolean): void => {
      accept.disabled = waiting;
      setText(accept, waiting ? "Connecting…" : "Let them in");
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (accept.disabled) return;
      setText(problem, "");
      wait(true);
      invite.accept(field.value).then(
        (member) => {
          stop();
          const { name } = people.see(member);
          announcer.say(`${name} is in`);
          rest();
        },
        (error: unknown) => {
          wait(false);
          setText(problem, because(error));
          field.focus();
        },
      );
    });
    return form;
  };

  rest();
  let before = room.members.length;
  room.on("members", (members) => {
    const changed = members.length > 1 !== before > 1;
    before = members.length;
    if (changed && panel.querySelector('[data-testid="invite-make"]')) rest();
  });
  return panel;
}
