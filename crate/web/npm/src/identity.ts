import { badArgument } from "./errors.js";

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

let ofThisPage: Identity | undefined;

/** The identity of those who bring none: one for each load of the page. */
export function pageIdentity(): Identity {
  return (ofThisPage ??= createIdentity());
}
