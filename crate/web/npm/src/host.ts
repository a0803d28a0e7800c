import type { Connection } from "./connection.js";

/** The views of the replicated state. */
export type Kind = "map" | "log" | "counter";

/** What a host tells its room: the TypeScript side of `Sink` in Rust. None of it may throw. */
export interface Sink {
  /**
   * News of a member. `presence` is the member's if `what` is "self", "joined" or "presence", else undefined. `why` is empty unless `what` is "suspected" or
   * "failed": what was seen here, if anything, and who accuses, each behind a comma.
   */
  member(
    what: "self" | "joined" | "changed" | "presence" | "suspected" | "left" | "failed",
    id: string,
    presence: unknown,
    suspect: boolean,
    zone: string | undefined,
    linked: boolean,
    rttMs: number | undefined,
    joinedAt: number,
    why: string,
  ): void;
  link(id: string, up: boolean): void;
  ready(): void;
  message(from: string, id: string, channel: string, sentAt: number, hops: number, direct: boolean, data: unknown, bytes: number): void;
  /**
   * News of the map, log or counter `name`. A map: its `key`, whose write it is, the value, undefined if it was deleted. A log: the place of the
   * message, 16 hexadecimal digits in whose order it stands, whose it is, the message. A counter: the value.
   */
  state(kind: Kind, name: string, key: string, from: string, value: unknown): void;
  signaling(state: "connecting" | "attached" | "detached" | "unreachable"): void;
  trouble(code: string, detail: string): void;
  /** All news of one moment has been told. */
  settled(): void;
  /** Calls back when this turn of the event loop is over. */
  soon(call: () => void): void;
  /** The ICE servers that the next connection shall use, or a promise of them. */
  iceServers(offered: unknown): unknown;
  /** A fresh connection that uses them, or one that was described already. This alone may throw, when it has told why. */
  connect(iceServers: unknown): Connection;
}

/** One member of one room: what Rust exports. */
export interface Host {
  readonly id: string;
  /** Enters the room; `alone`, if there is neither a server nor an invite, and so nobody to wait for. */
  start(alone: boolean): void;
  setPresence(value: unknown): void;
  /** Returns a promise while a link is behind; else the links have the message, or get it when this turn of the event loop is over. */
  send(channel: string, to: string | undefined, value: unknown): Promise<unknown> | undefined;
  /** Tells the sink at once what the map, log or counter holds. */
  open(kind: Kind, name: string): void;
  /** Writes a `key` of a map, undefined to delete it; a message of a log, for which it returns what `send` does; or adds a number to a counter. */
  write(kind: Kind, name: string, key: string, value: unknown): Promise<unknown> | undefined;
  setHidden(hidden: boolean): void;
  wake(): void;
  /** The ICE servers for a connection that is made here, or a promise of them. */
  iceServers(): unknown;
  /** Signs a value, for a member: 16 bytes of its id, or zeros for whoever gets it, and 8 of a session. */
  seal(addressee: Uint8Array, value: unknown): Uint8Array;
  /**
   * What `seal` has sealed: by whom, the value, and whether that is genuine in this room. Undefined if it is nothing of the kind.
   *
   * With a patience it also goes on its way: the node answers an invite, and waits for the link for so long; or it accepts the answer to one of ours. If
   * it does, it asks the sink for ICE servers at once, as for any link.
   */
  unseal(frame: Uint8Array, patienceMs: number): unknown[] | undefined;
  leave(): Promise<unknown>;
  stats(): Float64Array;
  free(): void;
}

/** Makes hosts. */
export type HostClass = new (
  sink: Sink,
  room: string,
  secret: Uint8Array,
  urls: string[],
  zone: string | undefined,
  config: Float64Array,
) => Host;
