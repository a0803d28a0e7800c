import type { Invite, InviteOptions, Member, Room } from "./api.js";
import type { Connection } from "./connection.js";
import { bytes, hex, packDescription, unpackDescription } from "./description.js";
import type * as Errors from "./errors.js";
import type { ChinwagError } from "./errors.js";
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
  /** Handed over, so that this file imports nothing of what the page has, and needs no file beside it that both have. */
  readonly errors: Pick<typeof Errors, "badArgument" | "ChinwagError" | "left">;
}

/** An invite or an answer, read: the frame, by whom it is, when it expires if it is an invite, and the description of the connection. */
interface Opened {
  readonly frame: Uint8Array;
  readonly from: string;
  readonly expiresAt: number;
  readonly sdp: string;
}

/** The invites of one room: those that this page has made, and the one by which it came. */
export class Invites {
  readonly #inviter: Inviter;
  readonly #errors: Inviter["errors"];
  /** What ends each open invite, and each wait for a link. */
  readonly #ends = new Set<(why?: ChinwagError) => void>();
  /** The connection that the host shall use for its next link. */
  #ready: Connection | undefined;
  /** Connections that have become no link: they count all the same. */
  freed = 0;
  #open = 0;

  constructor(inviter: Inviter) {
    this.#inviter = inviter;
    this.#errors = inviter.errors;
  }

  /** The connection that is to be used next, once. */
  next(): Connection | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    return ready;
  }

  async make({ lifetimeMs = LIFETIME_MS }: InviteOptions): Promise<Invite> {
    const { room } = this.#inviter;
    if (!(Number.isFinite(lifetimeMs) && lifetimeMs >= 1_000 && lifetimeMs <= LIFETIME_MS_MAX)) throw this.#errors.badArgument(`options.lifetimeMs must be from 1000 to ${LIFETIME_MS_MAX}.`);
    if (this.#open === OPEN_MAX) throw new this.#errors.ChinwagError("connection-budget", `${OPEN_MAX} invites are open. Cancel one, or wait until one is used or expires.`);
    this.#open += 1;
    /** Why nobody can use it any more. */
    let over: ChinwagError | undefined;
    let ready: Connection | undefined;
    const because = (what: string) => this.#errors.badArgument(`This invite ${what}. Make another.`);
    const end = this.#wait(lifetimeMs, because("has expired"), (why) => {
      over = why;
      this.#open -= 1;
      this.#free(ready);
    });
    const cancel = () => end(because("was cancelled"));
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
      const { frame, from, sdp } = this.#unseal(answer, room.self.id + hex(address.subarray(SESSION - TO)));
      if (over) throw over;
      if (!ready || !this.#hand(frame, ready, 1)) throw new this.#errors.ChinwagError("connection-budget", "This page has as many links as it may. Try again later.");
      const used = ready;
      ready = undefined;
      end(because("has been used"));
      await used.take("answer", sdp);
      return await this.#linked(from);
    };
    return { text: this.#seal(address, [room.name, expires_s, ...packDescription(ready.sdp ?? "")]), expiresAt: expires_s * 1_000, accept, cancel };
  }

  /** Takes up an invite: the answer to it, and how long to wait for what comes of that. */
  async take(text: string): Promise<{ answer: string; patienceMs: number }> {
    const { frame, from, expiresAt, sdp } = this.#unseal(text);
    const leftMs = expiresAt - Date.now();
    if (!(leftMs > 0)) throw new this.#errors.ChinwagError("join-timeout", "This invite has expired, or a clock is wrong. Ask for a new one.");
    const patienceMs = Math.min(leftMs, LIFETIME_MS_MAX) + LINK_MS_MAX;
    const ready = await this.#connect(sdp);
    try {
      this.#hand(frame, ready, patienceMs);
      keepTrying(ready, sdp);
      const answer = this.#seal(new Uint8Array([...bytes(from), ...frame.subarray(SESSION, REST)]), packDescription(ready.sdp ?? ""));
      return { answer, patienceMs };
    } catch (error) {
      this.#free(ready);
      throw error;
    }
  }

  /** The room is left, or the page goes away. */
  close(): void {
    for (const end of [...this.#ends]) end(this.#errors.left());
  }

  /** A connection with a description that is complete: an offer, or the answer to one. */
  async #connect(offer?: string): Promise<Connection> {
    let ready: Connection | undefined;
    try {
      ready = await this.#inviter.connect();
      const { connection } = ready;
      const gathered = new Promise<void>((resolve) => {
        connection.onicecandidate = ({ candidate }) => candidate ?? resolve();
        setTimeout(resolve, GATHERING_MS_MAX);
      });
      if (offer) await ready.take("offer", offer);
      await ready.describe();
      await gathered;
      return ready;
    } catch (cause) {
      this.#free(ready);
      throw new this.#errors.ChinwagError("connection-budget", `The browser made no connection for the invite (${String(cause)}). Close other tabs, or reload this one, and try again.`, { cause });
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
      const late = new this.#errors.ChinwagError("join-timeout", "No link came of the answer. A firewall may be between them: offer a TURN server with options.iceServers.");
      const end = this.#wait(LINK_MS_MAX, late, (why) => {
        unsubscribe();
        if (why) reject(why);
      });
      const unsubscribe = this.#inviter.room.on("link", (member, up) => {
        if (!up || member.id !== id) return;
        end();
        resolve(member);
      });
    });
  }

  /** What ends something, once: as `late` when so much time is over, or by whoever calls it. */
  #wait(ms: number, late: ChinwagError, onEnd: (why?: ChinwagError) => void): (why?: ChinwagError) => void {
    const end = (why?: ChinwagError) => {
      if (!this.#ends.delete(end)) return;
      clearTimeout(timer);
      onEnd(why);
    };
    const timer = setTimeout(end, ms, late);
    this.#ends.add(end);
    return end;
  }

  /** Text that can stand in a link, signed by this member. */
  #seal(address: Uint8Array, parts: unknown): string {
    const frame = this.#inviter.ask((host) => host.seal(address, parts));
    return btoa(String.fromCharCode(...frame)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  /** An invite, or the answer that is `expected`, by addressee and session; out of whatever text it was pasted with. */
  #unseal(text: string, expected?: string): Opened {
    const { room, ask } = this.#inviter;
    const isInvite = expected === undefined;
    try {
      const base64 = (/[\w-]{99,}/.exec(text)?.[0] ?? "").replaceAll("-", "+").replaceAll("_", "/");
      const frame = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const [from, parts, genuine] = ask((host) => host.unseal(frame, 0)) as [string, unknown[], boolean];
      const isAddressed = frame.subarray(TO, SESSION).some((byte) => byte > 0);
      const [name, expires_s] = isInvite ? parts.splice(0, 2) : [];
      let wrong = "";
      if (isInvite === isAddressed) wrong = isInvite ? "is an answer. It goes to who invited" : "is an invite. Its answer comes here";
      else if (isInvite && name !== room.name) wrong = `invite is to the room "${String(name)}". Join that`;
      else if (from === room.self.id) wrong = "is your own. It goes to somebody else";
      else if (!isInvite && hex(frame.subarray(TO, REST)) !== expected) wrong = "is the answer to another invite";
      else if (genuine) return { frame, from, expiresAt: Number(expires_s) * 1_000, sdp: unpackDescription(parts, isInvite) };
      if (wrong) throw this.#errors.badArgument(`This ${wrong}.`);
    } catch (error) {
      if (error instanceof this.#errors.ChinwagError) throw error;
    }
    throw this.#errors.badArgument(`This is no ${isInvite ? "invite" : "answer"}, not all of it, or altered. Copy it again.`);
  }
}

/**
 * Has a connection look for the other side again and again. A browser gives up after some 10 s without any answer, and there may be none before somebody has
 * carried ours back: a NAT lets nothing through to a tab that does not know us yet. Candidates of a new generation are tried anew.
 */
function keepTrying(ready: Connection, sdp: string): void {
  let generation = 0;
  const timer = setInterval(() => {
    const { connectionState, iceConnectionState } = ready.connection;
    if (connectionState === "connected" || connectionState === "closed") return clearInterval(timer);
    // Where no NAT is between, the other side's browser answers before its page knows of us: then there is nothing to mend.
    if (iceConnectionState === "connected") return;
    generation += 1;
    for (const [, candidate] of sdp.matchAll(/^a=(candidate.*)$/gm)) {
      ready.add(`${candidate} generation ${generation}`, "0").catch(() => undefined);
    }
  }, TRY_MS);
}
