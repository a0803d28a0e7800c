/** The invited side: the answer goes back, and the page gets in by itself. */

import { join, type JoinOptions, type Room } from "chinwag";
import { html } from "../shared/dom.js";
import { handout } from "./parts.js";

/** Joins by an invite, and shows in `main` what has to be done for it. */
export async function joinByInvite(name: string, invite: string, options: JoinOptions, main: HTMLElement): Promise<Room> {
  const room = await join(name, {
    ...options,
    invite,
    onAnswer: (answer) => {
      const title = html("h2", { id: "hand-title", tabindex: -1 }, "You are invited to ", html("bdi", {}, name));
      main.replaceChildren(
        html(
          "div",
          { class: "by-hand" },
          html(
            "section",
            { class: "card hand", "aria-labelledby": "hand-title", "data-testid": "invited" },
            title,
            html("h3", {}, "Send this answer back to whoever invited you"),
            html("p", {}, "By the way that the invite came. They paste it into their page, and you are in."),
            handout({ text: answer, label: "Your answer", copy: "Copy answer", testid: "answer-text" }),
            html(
              "p",
              { class: "hand-waiting", role: "status" },
              html("span", { class: "knock", "aria-hidden": "true" }, html("i"), html("i"), html("i")),
              html("span", {}, "Waiting for them. Keep this page open: the answer belongs to it, and a reload would make another."),
            ),
          ),
        ),
      );
      title.focus();
    },
  });
  // A reload would try the invite again, which is used now.
  history.replaceState(history.state, "", location.pathname + location.search);
  return room;
}
