import { badArgument } from "./errors.js";

/** Where kept identities lie in `localStorage`, followed by the name. */
const KEPT = "chinwag identity ";

/** Length of an Ed25519 secret (RFC 8032, section 5.1.5). */
const SECRET_BYTES = 32;

/**
 * Who a member is: an Ed25519 key. Whoever has the secret can speak as the member, so it cannot be read from here.
 */
export class Identity {
  readonly #secret: Uint8Array;

  /** @internal */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** @internal The secret of an identity, for the host that signs with it. */
  static secretOf(identity: Identity): Uint8Array {
    if (typeof identity !== "object" || identity === null || !(#secret in identity)) {
      throw badArgument("options.identity is no identity: make one with createIdentity().");
    }
    return identity.#secret;
  }
}

/** A fresh identity: a member that nobody has met before. */
export function createIdentity(): Identity {
  return new Identity(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

const loaded = new Map<string, Identity>();

/**
 * The identity that this browser keeps under a name: made at the first call, and the same at every later one, also after a reload. Of two tabs that join a room
 * with it at the same time, the later one goes on with a fresh identity, and its room tells an `error`.
 *
 * It lies in `localStorage`, where every script of this origin can read it: whoever has it can speak as the member.
 *
 * @throws ChinwagError `bad-argument` where the browser keeps nothing for this page, as with cookies blocked.
 * @example
 * const room = await join("lobby", { identity: loadIdentity("me") });
 */
export function loadIdentity(name: string): Identity {
  let identity = loaded.get(name);
  if (!identity) {
    try {
      const kept = localStorage.getItem(KEPT + name) ?? "";
      const secret = kept.length === 2 * SECRET_BYTES && /^[0-9a-f]+$/.test(kept) ? Uint8Array.from(kept.match(/../g) ?? [], (byte) => parseInt(byte, 16)) : undefined;
      identity = secret ? new Identity(secret) : createIdentity();
      localStorage.setItem(KEPT + name, Array.from(Identity.secretOf(identity), (byte) => byte.toString(16).padStart(2, "0")).join(""));
    } catch (cause) {
      throw badArgument("This browser keeps nothing for this page (localStorage is blocked or full), so no identity either. Use createIdentity(), or none.", cause);
    }
    loaded.set(name, identity);
  }
  return identity;
}

let ofThisPage: Identity | undefined;

/** The identity of those who bring none: one for each load of the page. */
export function pageIdentity(): Identity {
  return (ofThisPage ??= createIdentity());
}
