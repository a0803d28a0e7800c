import type { JoinOptions } from "./api.js";

/** An answer of the user's function is used again this long: connections come in bursts, credentials live for minutes. */
const FRESH_MS = 60_000;

/** Whether the page comes from this machine: then the others do, too, and need no help to be found. */
export function isLocal(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** What decides which ICE servers the next connection uses, given those that the signaling server offers. */
export function iceSource(servers: JoinOptions["iceServers"], hostname: string, onFailure: (error: unknown) => void): (offered: unknown) => unknown {
  if (typeof servers === "function") return cached(servers, onFailure);
  if (servers !== undefined) return () => servers;
  return isLocal(hostname) ? () => undefined : (offered) => offered;
}

function cached(ask: () => Promise<readonly RTCIceServer[]>, onFailure: (error: unknown) => void): () => unknown {
  let answer: Promise<readonly RTCIceServer[]> | undefined;
  let askedAt = 0;
  return () => {
    if (answer && performance.now() - askedAt < FRESH_MS) return answer;
    askedAt = performance.now();
    // In a promise from the first step on: the function may throw, too.
    const asked = Promise.resolve().then(ask);
    asked.catch((error: unknown) => {
      if (answer === asked) answer = undefined;
      onFailure(error);
    });
    return (answer = asked);
  };
}
