import type { Invite, InviteOptions, Member, Room } from "./api.js";
import type { Connection } from "./connection.js";
import { bytes, hex, packDescription, unpackDescription } from "./description.js";
import { badArgument, ChinwagError, left } from "./errors.js";
import type { Host } from "./host.js";

/** Invites that are open at once. Each holds an RTCPeerConnection, of which a browser makes some hundreds in all. */
const OPEN_MAX = 8;

/** How long an invite holds unless its maker says otherwise, and at most. */
const LIFETIME_MS = 600_000;
const LIFETIME_MS_MAX = 3_600_000;

/** How long it may take from an answer to a link; a newcomer waits for so much longer than its invite holds. */
const LINK_MS_MAX = 15_000;

/** How long candidates are waited for. They take milliseconds, except from a STUN or TURN server that does not answer. */
const GATHERING_MS_MAX = 5_000;

/** In what `seal` has sealed: where the id of the addressee begins, then the session, then the rest (docs/PROTOCOL.md, "Envelopes"). */
const TO = 34;
const SESSION = TO + 16;
const REST = SESSION + 8;

/** How often a newcomer's browser is made to try again. */
const TRY_MS = 5_000;

/** What invites need of their room. */
export interface Inviter {
  readonly room: Pick<Room, "name" | "self" | "on">;
  /** A fresh connection; what is in its way, the room has told. */
  connect(): Promise<Connection>;
  ask<R>(order: (host: Host) => R): R;
}

/** An invite or an answer, read: the frame, by whom it is, when it expires if it is an invite, and the description of the connection. */
interface Opened {
  readonly frame: Uint8Array;
  readonly from: string;
  readonly expiresAt: number;
  readonly description: RTCSessionDescriptionInit;
}

/** The invites of one room: those that this page has made, and the one by which it came. */
export class Invites {
  readonly #inviter: Inviter;
  /** What ends each open invite, and each wait for a link. */
  readonly #ends = new Set<(why: ChinwagError) => void>();
  /** The connection that the host shall use for its next link. */
  #ready: Connection | undefined;
  /** Connections that have become no link: they count all the same. */
  freed = 0;
  #open = 0;

  constructor(inviter: Inviter) {
    this.#inviter = inviter;
  }

  /** The connection that is to be used next, once. */
  next(): Connection | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    return ready;
  }

  async make({ lifetimeMs = LIFETIME_MS }: InviteOptions): Promise<Invite> {
    const { room } = this.#inviter;
    if (!(Number.isFinite(lifetimeMs) && lifetimeMs >= 1_000 && lifetimeMs <= LIFETIME_MS_MAX)) throw badArgument(`options.lifetimeMs must be from 1000 to ${LIFETIME_MS_MAX}.`);
    if (this.#open === OPEN_MAX) throw new ChinwagError("connection-budget", `${OPEN_MAX} invites are open. Cancel one, or wait until one is used or expires.`);
    this.#open += 1;
    /** Why nobody can use it any more. */
    let over: ChinwagError | undefined;
    let ready: Connection | undefined;
    const end = (why: ChinwagError) => {
      if (over) return;
      over = why;
      this.#open -= 1;
      this.#ends.delete(end);
      clearTimeout(timer);
      this.#free(ready);
    };
    this.#ends.add(end);
    const endAs = (what: string) => end(badArgument(`This invite ${what}. Make another one.`));
    const cancel = () => endAs("was cancelled");
    const timer = setTimeout(endAs, lifetimeMs, "has expired");
    try {
      ready = await this.#connect();
    } catch (error) {
      cancel();
      throw error;
    }
    if (over) this.#free(ready);
    // Whole seconds are shorter, and the other clock is no better.
    const expires_s = Math.ceil((Date.now() + lifetimeMs) / 1_000);
    const address = new Uint8Array(REST - TO);
    crypto.getRandomValues(address.subarray(SESSION - TO));
    const accept = async (answer: string): Promise<Member> => {
      const { frame, from, description } = this.#unseal(answer, room.self.id + hex(address.subarray(SESSION - TO)));
      if (over) throw over;
      if (!ready || !this.#hand(frame, ready, 1)) throw new ChinwagError("connection-budget", "This page has as many links as it may. Try again in a while, or let somebody else invite.");
      const { connection } = ready;
      ready = undefined;
      endAs("has been used");
      await connection.setRemoteDescription(description);
      return await this.#linked(from);
    };
    return { text: this.#seal(address, [room.name, expires_s, ...packDescription(ready.connection)]), expiresAt: expires_s * 1_000, accept, cancel };
  }

  /** Takes up an invite: the answer to it, and how long to wait for what comes of that. */
  async take(text: string): Promise<{ answer: string; patienceMs: number }> {
    const { frame, from, expiresAt, description } = this.#unseal(text);
    const leftMs = expiresAt - Date.now();
    if (!(leftMs > 0)) throw new ChinwagError("join-timeout", "This invite has expired. Ask for a new one. If it is new, one of the two computers' clocks is wrong.");
    const patienceMs = Math.min(leftMs, LIFETIME_MS_MAX) + LINK_MS_MAX;
    const ready = await this.#connect(description);
    try {
      this.#hand(frame, ready, patienceMs);
      keepTrying(ready.connection, description.sdp ?? "");
      const answer = this.#seal(new Uint8Array([...bytes(from), ...frame.subarray(SESSION, REST)]), packDescription(ready.connection));
      return { answer, patienceMs };
    } catch (error) {
      this.#free(ready);
      throw error;
    }
  }

  /** The room is left. */
  close(): void {
    for (const end of [...this.#ends]) end(left());
  }

  /** A connection with a description that is complete: an offer, or the answer to one. */
  async #connect(offer?: RTCSessionDescriptionInit): Promise<Connection> {
    let ready: Connection | undefined;
    try {
      ready = await this.#inviter.connect();
      const { connection } = ready;
      const gathered = new Promise<void>((resolve) => {
        connection.onicecandidate = ({ candidate }) => candidate ?? resolve();
        setTimeout(resolve, GATHERING_MS_MAX);
      });
      if (offer) await connection.setRemoteDescription(offer);
      await connection.setLocalDescription();
      await gathered;
      return ready;
    } catch (cause) {
      this.#free(ready);
      throw new ChinwagError("connection-budget", `The browser made no connection for the invite: ${String(cause)}.`, { cause });
    }
  }

  /** Frees a connection that has become no link. */
  #free(ready: Connection | undefined): void {
    if (!ready) return;
    this.freed += 1;
    ready.close();
  }

  /** Has the host act on a frame, and use a connection for the link that it wants then. Whether it does. */
  #hand(frame: Uint8Array, ready: Connection, patienceMs: number): boolean {
    this.#ready = ready;
    this.#inviter.ask((host) => host.unseal(frame, patienceMs));
    return !this.next();
  }

  /** The member, as soon as there is a link to it. */
  #linked(id: string): Promise<Member> {
    return new Promise((resolve, reject) => {
      const end = (why?: ChinwagError) => {
        clearTimeout(timer);
        unsubscribe();
        this.#ends.delete(end);
        if (why) reject(why);
      };
      const unsubscribe = this.#inviter.room.on("link", (member, up) => {
        if (!up || member.id !== id) return;
        end();
        resolve(member);
      });
      const timer = setTimeout(() => {
        end(new ChinwagError("join-timeout", "No connection came of the answer: its page was closed, or a firewall is in between. Make another invite; a TURN server in options.iceServers may help."));
      }, LINK_MS_MAX);
      this.#ends.add(end);
    });
  }

  /** Text that can stand in a link, signed by this member. */
  #seal(address: Uint8Array, parts: unknown): string {
    const frame = this.#inviter.ask((host) => host.seal(address, parts));
    return btoa(String.fromCharCode(...frame)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  /** An invite, or the answer that is `expected`, by addressee and session; out of whatever text it was pasted with. */
  #unseal(text: string, expected?: string): Opened {
    const { room, ask } = this.#inviter;
    const refuse = (what: string): never => {
      throw badArgument(what);
    };
    const isInvite = expected === undefined;
    try {
      const base64 = (/[\w-]{99,}/.exec(text)?.[0] ?? "").replaceAll("-", "+").replaceAll("_", "/");
      const frame = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const [from, parts, genuine] = ask((host) => host.unseal(frame, 0)) as [string, unknown[], boolean];
      const isAddressed = frame.subarray(TO, SESSION).some((byte) => byte > 0);
      const [name, expires_s] = isInvite ? parts.splice(0, 2) : [];
      if (isInvite && isAddressed) refuse("This is the answer to an invite. It goes back to whoever made that.");
      if (!isInvite && !isAddressed) refuse("This is an invite. It goes to another page, and the answer to it comes here.");
      if (isInvite && name !== room.name) refuse(`This invite is to the room "${String(name)}". Join that one.`);
      if (from === room.self.id) refuse("This is your own. It goes to somebody else.");
      if (!isInvite && hex(frame.subarray(TO, REST)) !== expected) refuse("This is the answer to another invite.");
      if (genuine) return { frame, from, expiresAt: Number(expires_s) * 1_000, description: { type: isInvite ? "offer" : "answer", sdp: unpackDescription(parts, isInvite) } };
    } catch (error) {
      if (error instanceof ChinwagError) throw error;
    }
    return refuse(`This is no ${isInvite ? "invite" : "answer to an invite"}, or not all of it, or of another version, or was altered on its way. Copy all of it, or ask for a new one.`);
  }
}

/**
 * Has a connection look for the other side again and again. A browser gives up after some 10 s without any answer, and there may be none before somebody has
 * carried ours back: a NAT lets nothing through to a tab that does not know us yet. Candidates of a new generation are tried anew.
 */
function keepTrying(connection: RTCPeerConnection, sdp: string): void {
  let generation = 0;
  const timer = setInterval(() => {
    const { connectionState, iceConnectionState } = connection;
    if (connectionState === "connected" || connectionState === "closed") return clearInterval(timer);
    // Where no NAT is between, the other side's browser answers before its page knows of us: then there is nothing to mend.
    if (iceConnectionState === "connected") return;
    generation += 1;
    for (const [, candidate] of sdp.matchAll(/^a=(candidate.*)$/gm)) {
      connection.addIceCandidate({ candidate: `${candidate} generation ${generation}`, sdpMid: "0" }).catch(() => undefined);
    }
  }, TRY_MS);
}
