import type { IceServer, JoinOptions } from "./api.js";

type Servers = readonly IceServer[];

/** An answer of the user's function that does not say for how long it is good is used for this long: connections come in bursts, credentials live for minutes. */
const FRESH_MS = 60_000;

/** A connection waits this long for a new answer as long as the old one is good. */
const PATIENCE_MS = 2_000;

/** Whether the page comes from this machine: then the others do, too, and need no help to be found. */
export function isLocal(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** What decides which ICE servers the next connection uses, given those that the signaling server offers. */
export function iceSource(servers: JoinOptions["iceServers"], hostname: string, onFailure: (error: unknown) => void): (offered: unknown) => unknown {
  if (typeof servers === "function") return renewed(servers, onFailure);
  if (servers !== undefined) return () => servers;
  return isLocal(hostname) ? () => undefined : (offered) => offered;
}

/**
 * The answers of the user's function: each is used for half of the time for which its credentials are good. Then the next connection has it asked again, and
 * if that fails makes do with the old answer, as long as that is good.
 */
function renewed(ask: () => Promise<Servers>, onFailure: (error: unknown) => void): () => unknown {
  let held: Servers | undefined;
  let dueMs = 0;
  let endMs = 0;
  let asked: Promise<Servers> | undefined;
  const answer = async (): Promise<Servers> => {
    const askedMs = Date.now();
    try {
      // In a promise from the first step on: the function may throw, too.
      const servers = await Promise.resolve().then(ask);
      endMs = end(servers, askedMs);
      dueMs = endMs < Infinity ? (askedMs + endMs) / 2 : askedMs + FRESH_MS;
      return (held = servers);
    } catch (error) {
      onFailure(error);
      if (held && Date.now() < endMs) return held;
      throw error;
    } finally {
      asked = undefined;
    }
  };
  return () => {
    const nowMs = Date.now();
    if (held && nowMs < dueMs) return held;
    asked ??= answer();
    // One that may have expired is better than none, and not better than one that comes late.
    if (!held || nowMs >= endMs || endMs === Infinity) return asked;
    return Promise.race([asked, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, held))]);
  };
}

/**
 * When the first credentials of an answer expire, in milliseconds since 1970: by their `ttl`, or by their name, which in the REST API for TURN servers begins
 * with that time in seconds (draft-uberti-behave-turn-rest-00, section 2.2). Infinity if nothing tells, or what tells has passed already: then the
 * clocks differ.
 */
function end(servers: Servers, askedMs: number): number {
  const ends = servers.map(({ ttl, username }) => (ttl ? askedMs + ttl * 1_000 : Number(/^\d+(?=:|$)/.exec(username ?? "")?.[0] ?? NaN) * 1_000));
  return Math.min(...ends.filter((endMs) => endMs > askedMs));
}
