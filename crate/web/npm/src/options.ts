import type { JoinOptions } from "./api.js";
import { knobs } from "./config.js";
import { badArgument } from "./errors.js";
import { Identity } from "./identity.js";
import { cleanValue, type Json } from "./value.js";

/** A room's name in UTF-8; the signaling server holds the same bound. */
const ROOM_BYTES_MAX = 256;

/** A zone's name in UTF-8: it is part of every member's record. */
const ZONE_BYTES_MAX = 32;

/** The host's default of `config.logEntriesMax`. */
export const LOG_ENTRIES_MAX = 512;

/** What `join` was given, checked. */
export interface Settings {
  readonly room: string;
  /** None: there is no server. */
  readonly urls: string[];
  readonly invite: string | undefined;
  readonly onAnswer: JoinOptions["onAnswer"];
  readonly presence: Json | undefined;
  readonly identity: Identity | undefined;
  readonly iceServers: JoinOptions["iceServers"];
  readonly relayOnly: boolean;
  readonly zone: string | undefined;
  readonly config: Float64Array;
  readonly logEntriesMax: number;
  readonly signal: AbortSignal | undefined;
}

const KNOWN: ReadonlySet<string> = new Set<keyof JoinOptions>([
  "signaling", "invite", "onAnswer", "secret", "presence", "identity", "iceServers", "relayOnly", "zone", "config", "signal",
]);

/**
 * Checks what `join` was given.
 *
 * @throws ChinwagError `bad-argument`, saying what is wrong.
 */
export function settings(room: string, options: JoinOptions): Settings {
  if (typeof room !== "string" || room === "" || utf8Bytes(room) > ROOM_BYTES_MAX) {
    throw badArgument(`The room's name must be a string of 1 to ${ROOM_BYTES_MAX} bytes of UTF-8.`);
  }
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw badArgument(`options.${unknown} is unknown. There are: ${[...KNOWN].join(", ")}.`);
  if (options.secret !== undefined) {
    throw badArgument("options.secret: this version of chinwag has no room secrets yet, and ignoring it would let everybody in. Join without it.");
  }
  if (options.identity !== undefined) Identity.secretOf(options.identity);
  const { zone, iceServers, invite, onAnswer } = options;
  if (invite !== undefined && (typeof invite !== "string" || typeof onAnswer !== "function")) {
    throw badArgument("options.invite must be the text of an invite, and options.onAnswer a function that gets the answer to it.");
  }
  if (zone !== undefined && (typeof zone !== "string" || zone === "" || utf8Bytes(zone) > ZONE_BYTES_MAX)) {
    throw badArgument(`options.zone must be a string of 1 to ${ZONE_BYTES_MAX} bytes of UTF-8.`);
  }
  if (iceServers !== undefined && typeof iceServers !== "function" && !Array.isArray(iceServers)) {
    throw badArgument("options.iceServers must be an array of RTCIceServer, or a function that returns a promise of one.");
  }
  return {
    room,
    // An invite is for those who have no server, unless they say that they have.
    urls: signalingUrls(options.signaling ?? (invite === undefined ? undefined : [])),
    invite,
    onAnswer,
    presence: options.presence === undefined ? undefined : cleanValue(options.presence),
    identity: options.identity,
    iceServers,
    relayOnly: options.relayOnly ?? false,
    zone,
    config: knobs(options.config),
    logEntriesMax: options.config?.logEntriesMax ?? LOG_ENTRIES_MAX,
    signal: options.signal,
  };
}

function signalingUrls(signaling: JoinOptions["signaling"]): string[] {
  if (signaling === undefined) return [originUrl()];
  const urls = typeof signaling === "string" ? [signaling] : [...signaling];
  return urls.map((url) => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed?.protocol !== "ws:" && parsed?.protocol !== "wss:") {
      throw badArgument(`options.signaling: "${String(url)}" is no ws:// or wss:// URL.`);
    }
    // A WebSocket throws at a fragment.
    parsed.hash = "";
    return parsed.href;
  });
}

/** Where the signaling server is if it also serves the page. */
function originUrl(): string {
  const { protocol, host } = location;
  if (protocol !== "http:" && protocol !== "https:") {
    throw badArgument(`This page comes from ${protocol}, where there is no signaling server: give options.signaling, [] for none.`);
  }
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/signal`;
}

/** The length of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
