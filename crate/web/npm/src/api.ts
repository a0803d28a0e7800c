import type { Config } from "./config.js";
import type { ChinwagError } from "./errors.js";
import type { Identity } from "./identity.js";
import type { Stats } from "./stats.js";
import type { Json } from "./value.js";

/** How to join a room. */
export interface JoinOptions {
  /**
   * `ws:` or `wss:` URLs of signaling servers, tried in order. Those of the room who hold to another of them than this tab are found all the
   * same: it visits the others now and then. Default: this page's origin, path `/signal`.
   *
   * `[]` is no server at all: the page is alone in its room at once, is never told of a server that it lacks, and others come in by {@link Room.invite}.
   */
  readonly signaling?: string | readonly string[] | undefined;
  /**
   * An invite of somebody in the room, as {@link Room.invite} gave it, or any text or link that it is in: this page joins by way of who invites. Then
   * the default of `signaling` is `[]`. Whoever gives a server as well joins by whichever comes first, and may find itself alone in the room until the invite is accepted.
   */
  readonly invite?: string | undefined;
  /**
   * With `invite`: gets the answer to it, a text like the invite, which has to go back to whoever invited (by chat, by mail, as a QR code) within the
   * invite's lifetime, and into `accept` there. Keep the page open meanwhile. `join` resolves once that was done, and rejects with `join-timeout` if it was not.
   */
  readonly onAnswer?: ((answer: string) => void) | undefined;
  /** The room's secret. This version has none yet: giving one throws, since ignoring it would let everybody in. */
  readonly secret?: string | undefined;
  /** My first presence. */
  readonly presence?: Json | undefined;
  /** Who I am. Default: a fresh identity for each load of the page. See {@link createIdentity} and {@link loadIdentity}. */
  readonly identity?: Identity | undefined;
  /**
   * STUN and TURN servers, or a function that gets them. When a connection is made, it is asked again before its answer's credentials expire: from half of their time on,
   * which `ttl` tells, or a username that begins with the end of it, as TURN servers with a shared secret want it (`1767225600:ada`, seconds since
   * 1970); where neither does, after a minute. If it fails, the room tells an `error`, and uses the old answer until that expires.
   *
   * Default: none on localhost, else what the signaling server offers.
   */
  readonly iceServers?: readonly IceServer[] | (() => Promise<readonly IceServer[]>) | undefined;
  /** Only connections through TURN servers: hides this user's addresses from the others. Default: false. */
  readonly relayOnly?: boolean | undefined;
  /** Where this tab is, for instance "eu-west": links prefer the zone, and keep some outside it. */
  readonly zone?: string | undefined;
  /** Knobs of the protocol. */
  readonly config?: Partial<Config> | undefined;
  /** Gives up joining when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A STUN or TURN server, as `RTCPeerConnection` wants it. */
export interface IceServer extends RTCIceServer {
  /** For how many seconds the credentials are good, from the moment of asking. */
  readonly ttl?: number | undefined;
}

/** A room that this page is in. */
export interface Room {
  /** The name that `join` was given. */
  readonly name: string;
  /** This page's own member, as it is now. */
  readonly self: Member;
  /** Everyone alive or suspect, me included, oldest first. The same array object until something changes. */
  readonly members: readonly Member[];
  /**
   * Calls `listener` for every event of a kind; returns what ends that. Members that came and went, and errors, before
   * anybody listened are told to the first listener; every new listener for `signaling` is told the present state.
   */
  on<E extends keyof RoomEvents>(event: E, listener: (...args: RoomEvents[E]) => void): () => void;
  /** Calls `listener` when `members` has changed; returns what ends that. With `members`: what React's `useSyncExternalStore` wants. */
  subscribe(listener: () => void): () => void;
  /** Replaces my presence, which everybody sees. Often is fine: between two sendings only the newest value counts. */
  setPresence(presence: Json): void;
  /** Ephemeral messages under a name: those who are here get them, those who come later do not. */
  channel<T = Json>(name: string): Channel<T>;
  /**
   * Messages that late joiners get too: a chat's history, for instance. A second call with the same name gives the same object. Right after joining it
   * may still be empty, and fills as the others answer; so do maps and counters.
   *
   * `retain` is how many of the newest messages `entries` shows; if calls differ, the greatest counts. Default and at most: as many as the room
   * keeps, `config.logEntriesMax`.
   *
   * @throws ChinwagError `bad-argument` for a name that is empty or longer than 128 bytes, and for a `retain` that is no such number.
   * @example
   * const chat = room.log<{ text: string }>("chat", { retain: 200 });
   * chat.subscribe(() => render(chat.entries));
   * await chat.send({ text: "hello" });
   */
  log<T = Json>(name: string, options?: { readonly retain?: number | undefined }): Log<T>;
  /**
   * A map that all members share: of two who write a key at once, the same one wins everywhere. It outlives whoever wrote into it while any member is
   * here. A second call with the same name gives the same object.
   *
   * @throws ChinwagError `bad-argument` for a name that is empty or longer than 128 bytes.
   * @example
   * const board = room.map<{ text: string; x: number }>("board");
   * board.on("change", (key, note, by) => show(key, note, by));
   * board.set("note-1", { text: "buy milk", x: 0.5 });
   */
  map<T = Json>(name: string): SharedMap<T>;
  /**
   * A number to which everybody adds, without conflicts: no addition is ever lost. A second call with the same name gives the same object.
   *
   * @throws ChinwagError `bad-argument` for a name that is empty or longer than 128 bytes.
   * @example
   * const votes = room.counter("votes for tea");
   * votes.on("change", (value) => show(value));
   * votes.add();
   */
  counter(name: string): Counter;
  /**
   * Makes an invite: a text by which one newcomer joins through this page, without any server. Give it to the newcomer by any way that you have; it is
   * some 300 characters of `A-Z a-z 0-9 - _`, fit for a link's fragment or a QR code. The newcomer's page gives it to `join` and gets an answer; give that
   * to {@link Invite.accept}. The newcomer's further links come over the mesh.
   *
   * An invite holds an RTCPeerConnection until it is used, cancelled, or expires; up to 8 may be open at once. It and the answer hold network addresses
   * of this computer, and whoever gets the invite first can come in: treat it as you treat a key. Beyond the local network both sides need a STUN or TURN
   * server in `iceServers`, as there is no signaling server that could offer one.
   *
   * @throws ChinwagError `bad-argument` for a lifetime out of range; `connection-budget` when too many are open, or the browser makes no connection; `protocol` if the file with
   * the code for invites does not load, which is fetched with the first of them, or when a room without a server is joined.
   * @example
   * const invite = await room.invite();
   * show(`https://example.org/#invite=${invite.text}`);
   * const newcomer = await invite.accept(await pasted());
   */
  invite(options?: InviteOptions): Promise<Invite>;
  /** Counters and gauges. */
  stats(): Stats;
  /** Says goodbye, closes every link and socket. May be called again. */
  leave(): Promise<void>;
}

/** How an invite is to be. */
export interface InviteOptions {
  /** How long it may be answered: 1,000 to 3,600,000 ms, default 600,000 (10 minutes). The newcomer has to get it, and you its answer, in that time. */
  readonly lifetimeMs?: number | undefined;
}

/** A place in the room for one newcomer. */
export interface Invite {
  /** For the newcomer's `join`, as `options.invite`. */
  readonly text: string;
  /** When it expires, in milliseconds since 1970 by this computer's clock. */
  readonly expiresAt: number;
  /**
   * Takes the newcomer's answer, or any text that it is in, and resolves when there is a link to the newcomer.
   *
   * @throws ChinwagError `bad-argument` for what is no answer to this invite, was altered or is not whole, and if the invite was used, cancelled, or has
   * expired; `join-timeout` if no connection came about within 15 s; `connection-budget` if this page has as many links as it may. Only when a connection
   * was tried is the invite used up: after a wrong text it waits for the right one.
   */
  accept(answer: string): Promise<Member>;
  /** Makes it void, and frees its connection. Does nothing if it is over. */
  cancel(): void;
}

/** Somebody in a room: a frozen snapshot. `members` holds a new one when something about the member changes. */
export interface Member {
  /** 32 hexadecimal digits, derived from the member's public key. */
  readonly id: string;
  /** What the member has set with `setPresence`, if anything. */
  readonly presence: Json | undefined;
  /** A suspect has not answered for a while: it comes back, or it fails. */
  readonly status: "alive" | "suspect";
  /** Where it says that it is. */
  readonly zone: string | undefined;
  /** Whether this page has an open link to it. All others are reached over links of others. */
  readonly linked: boolean;
  /** The round-trip time of that link in milliseconds, as last measured when something else changed. */
  readonly rttMs: number | undefined;
  /** When it joined, by its own clock: milliseconds since 1970. */
  readonly joinedAt: number;
}

/** Why a member is suspected, or has failed. */
export interface Grounds {
  /**
   * What this page saw itself: nothing came over its link (`silence`), the other side closed the link without a goodbye (`closed`), the link broke (`broken`), or
   * nobody through whom it was sought found it (`unreachable`). Undefined if it knows only what others say.
   */
  readonly seen: "silence" | "closed" | "broken" | "unreachable" | undefined;
  /** The ids of those who accuse it, each by a signature. This page is among them if it has seen something itself. */
  readonly accusers: readonly string[];
}

/** What a room tells, with the arguments of the listeners. */
export interface RoomEvents {
  /** Somebody has joined. */
  join: [member: Member];
  /** Somebody is gone: it said goodbye, or it was not heard of any more, and then `why` says what speaks against it. */
  leave: [member: Member, reason: "left" | "failed", why: Grounds | undefined];
  /** A presence has changed, mine included. */
  presence: [member: Member, previous: Json | undefined];
  /** Somebody does not answer. It comes back, and `members` changes, or it leaves. */
  suspect: [member: Member, why: Grounds];
  /** `members` has changed: the new array. */
  members: [members: readonly Member[]];
  /** A link of this page has opened or closed. */
  link: [member: Member, up: boolean];
  /** What has become of the socket to the signaling server. Most members of a room need none, and are detached. */
  signaling: [state: "connecting" | "attached" | "detached" | "unreachable"];
  /** Something went wrong that no call could report. */
  error: [error: ChinwagError];
}

/** Ephemeral messages under one name. Iterating yields them as they come; the iteration ends when the room is left. */
export interface Channel<T> extends AsyncIterable<[T, MessageMeta]> {
  /**
   * Sends to everybody else, or to the member with the id `to`. Resolves when the message is handed to the links, and
   * waits while one of them is behind. Never truncates: a message above the cap is refused before anything is sent.
   *
   * The first message of a millisecond goes at once. What follows to the same readers goes out together when this turn of the event loop is over, or before if
   * it fills a frame: a burst costs little more than a few large messages. `send` does not wait for that.
   */
  send(data: T, options?: { readonly to?: string | undefined }): Promise<void>;
  /** Calls `listener` for each message; returns what ends that. What came before anybody listened is told to the first. */
  on(event: "message", listener: (data: T, meta: MessageMeta) => void): () => void;
}

/** What is known of a message beside its data. */
export interface MessageMeta {
  /** Who sent it; verified by its signature. */
  readonly from: Member;
  /** Never used twice in a room. */
  readonly id: string;
  /** When it was sent, by the sender's clock: milliseconds since 1970. */
  readonly sentAt: number;
  /** Links that it crossed: 1 from a neighbour. */
  readonly hops: number;
  /** It was for this member alone. */
  readonly direct: boolean;
}

/** A message of a log. */
export interface LogEntry<T> extends MessageMeta {
  /** What was sent. */
  readonly data: T;
}

/**
 * Messages that everybody keeps, in the same order at everybody. `send` appends one: it is in `entries` of this page, too, but `on` and iterating
 * tell only those of others, late joiners also those from before, as they come, which need not be the order of `entries`: what was written before may
 * come after. There is no sending to one: a log is everybody's.
 *
 * Of what is known about a message, `hops` is 0 and says nothing: it may have come by way of anybody. `sentAt` is never before what its author
 * had seen in the room, however wrong the author's clock is.
 */
export interface Log<T> extends Channel<T> {
  /** The newest messages, oldest first, mine included. The same array object until something changes. */
  readonly entries: readonly LogEntry<T>[];
  /** Calls `listener` when `entries` has changed; returns what ends that. With `entries`: what React's `useSyncExternalStore` wants. */
  subscribe(listener: () => void): () => void;
}

/** A map that all members share; the last writer of a key wins. */
export interface SharedMap<T> {
  /** The value of a key; undefined if it has none. */
  get(key: string): T | undefined;
  /**
   * Writes a key.
   *
   * @throws ChinwagError `bad-argument` for what is no value, or a key that is too long (with the map's name, 253 bytes of UTF-8); `message-too-large`
   * if the value is larger than `config.entryBytesMax`, or there is no room for it; then nothing has changed.
   */
  set(key: string, value: T): void;
  /** Deletes a key; does nothing if it has no value. */
  delete(key: string): void;
  /** How many keys have a value. */
  readonly size: number;
  /** Keys and values, by key: in the same order at everybody. */
  entries(): IterableIterator<[string, T]>;
  /**
   * Calls `listener` for each change, mine included, with the value that the key has now, and who wrote it, if that is still a member; returns what
   * ends that.
   */
  on(event: "change", listener: (key: string, value: T | undefined, by: Member | undefined) => void): () => void;
}

/** A number to which all members add. */
export interface Counter {
  /** What all have added, also those who are gone. Exact up to `Number.MAX_SAFE_INTEGER`. */
  readonly value: number;
  /**
   * Adds an integer, default 1; less than 0 subtracts.
   *
   * @throws ChinwagError `bad-argument` if `n` is no safe integer; `message-too-large` if there is no room for another counter.
   */
  add(n?: number): void;
  /** Calls `listener` with the value when somebody has added, me included; returns what ends that. */
  on(event: "change", listener: (value: number) => void): () => void;
}
