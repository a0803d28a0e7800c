/** The invite link, into the clipboard; where there is none, into a field that is ready to be copied from. */

import { inviteLink } from "./address.js";
import { html, svg } from "./dom.js";
import type { Notes } from "./live.js";

function showField(link: string): void {
  const field = html("input", { type: "text", readonly: true, value: link, class: "field", "aria-label": "Invite link" });
  const dialog = html(
    "dialog",
    { class: "card dialog", "aria-label": "Invite link" },
    html("p", {}, "Copy this link and send it to somebody, or open it in another tab."),
    field,
    html("form", { method: "dialog", class: "dialog-foot" }, html("button", { class: "button" }, "Done")),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
  field.select();
}

async function copyInvite(notes: Notes): Promise<void> {
  const link = inviteLink(location.href);
  try {
    await navigator.clipboard.writeText(link);
    notes.show("Invite link copied. Send it, or open it in another tab.");
  } catch {
    // No clipboard: an insecure origin, or the permission is denied.
    showField(link);
  }
}

export function inviteButton(notes: Notes): HTMLButtonElement {
  const button = html(
    "button",
    { type: "button", class: "button", "data-testid": "invite", "aria-label": "Copy invite link" },
    svg(
      "svg",
      { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" },
      svg("path", { d: "M9.5 14.5l5-5M8 11.5l-2 2a3.9 3.9 0 0 0 5.5 5.5l2-2M16 12.5l2-2A3.9 3.9 0 0 0 10.5 5l-2 2", class: "outline" }),
    ),
    html("span", { class: "wide" }, "Copy invite link"),
    html("span", { class: "narrow" }, "Invite"),
  );
  button.addEventListener("click", () => void copyInvite(notes));
  return button;
}

/** A link that opens this room in a second tab, under a name of its own. */
export function secondTabLink(text: string): HTMLAnchorElement {
  return html("a", { href: inviteLink(location.href), target: "_blank", rel: "noopener", class: "button quiet" }, text);
}
