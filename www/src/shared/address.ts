/** The page's address: what it asks for, and the links that lead to the same room. */

import { cleanLine } from "./text.js";

export const ROOM_DEFAULT = "lobby";
export const ROOM_CHARS_MAX = 64;

export interface Asked {
  readonly room: string;
  readonly signaling: string | undefined;
  readonly name: string | null;
  readonly secret: string | undefined;
  /** URLs of STUN or TURN servers, with spaces between, for pages that have no server to offer some. */
  readonly ice: string | undefined;
}

export function cleanRoom(value: unknown): string {
  return cleanLine(value, ROOM_CHARS_MAX) ?? ROOM_DEFAULT;
}

/** Reads `?room=…&signaling=…&name=…&secret=…&ice=…`. */
export function readAddress(href: string): Asked {
  const query = new URL(href).searchParams;
  return {
    room: cleanRoom(query.get("room")),
    signaling: query.get("signaling") || undefined,
    name: query.get("name"),
    secret: query.get("secret") || undefined,
    ice: query.get("ice") || undefined,
  };
}

/** The address of a demo page in a room, with what others need to get there, and without my own name. */
export function linkTo(href: string, page: string, room: string): string {
  const { signaling, secret, ice } = readAddress(href);
  const link = new URL(page, href);
  link.search = "";
  link.hash = "";
  link.searchParams.set("room", room);
  if (signaling !== undefined) link.searchParams.set("signaling", signaling);
  if (secret !== undefined) link.searchParams.set("secret", secret);
  if (ice !== undefined) link.searchParams.set("ice", ice);
  return link.href;
}

/** The link to send to somebody: this page, this room. */
export function inviteLink(href: string): string {
  return linkTo(href, new URL(href).pathname, readAddress(href).room);
}
