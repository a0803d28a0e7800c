/** What the page says of time, and of what went wrong. */

/** How long something still holds: "9:05". */
export function remaining(left_ms: number): string {
  const left_s = Math.max(0, Math.floor(left_ms / 1_000));
  return `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}`;
}

/** The link that holds an invite. It stands in the fragment, which browsers send to no server. */
export function inviteAddress(room_address: string, text: string): string {
  const link = new URL(room_address);
  link.hash = `invite=${text}`;
  return link.href;
}

/** The invite in an address, if there is one. */
export function invited(href: string): string | undefined {
  return new URLSearchParams(new URL(href).hash.slice(1)).get("invite") ?? undefined;
}

/** Why something did not work, in a sentence. */
export function because(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : "Something went wrong that has no message.";
}
