// What the pages put on `window` for whoever drives them, and what the tests put there.
import type { Room } from "chinwag";
import type { Person } from "./harness/crowd.mjs";
import type { Pulse } from "./harness/pulse.mjs";
import type { Recording } from "./harness/recorder.mjs";
import type { Talk } from "./harness/talk.mjs";
import type { Wire } from "./harness/wire.mjs";

declare global {
  interface Window {
    /** Every demo page: its room, or why it has none. */
    chinwag?: { room?: Room; error?: unknown };
    /** The bare page: everything that the package exports. */
    library: typeof import("chinwag");
    /** What harness/recorder.mjs has written down. */
    recording: Recording;
    /** harness/pulse.mjs: when the page could run. */
    pulse: Pulse;
    /** harness/talk.mjs: what the page has said and heard. */
    talk: Talk;
    /** harness/wire.mjs: what has left the page on the way to a link. */
    wire: Wire;
    /** nat.test.mjs: the errors that the room told. */
    errors: { code: string; message: string }[];
    /** nat.test.mjs: ICE servers with credentials that expire soon. */
    freshServers: () => Promise<RTCIceServer[]>;
    /** messages.test.mjs: what came on the channel "test". */
    heard: { from: string; direct: boolean; description: Promise<string> }[];
    /** messages.test.mjs: a value as JSON, with the length and the SHA-256 of bytes in their place. */
    describe: (value: unknown) => Promise<string>;
    /** slow-reader.test.mjs: what came on the channel "bulk", and how long it took. */
    delaysMs: { number: number; ms: number }[];
    /** package.test.mjs: who was heard of by a listener behind one that throws. */
    joinedAfterThrow: string[];
    /** harness/cut.mjs: every connection that the page has made, and the page at its other end. */
    connections: (RTCPeerConnection & { other: string | undefined })[];
    /** harness/cut.mjs: the pages that this one cannot reach. */
    cutFrom: string[];
    /** harness/crowd.mjs: the members that this page holds. */
    people: Person[];
    /** harness/crowd.mjs: how many connections were made in this page. */
    connectionsMade: number;
    /** network.test.mjs: links that the page has lost. */
    linksLost: number;
    /** network.test.mjs: what the room told of its socket. */
    states?: string[];
    /** network.test.mjs, invites.test.mjs: the UDP ports of a connection, as it was last looked at. */
    path?: { port: number; other: number } | undefined;
    /** network.test.mjs: the page at that connection's other end. */
    pathTo?: string;
    /** connections.test.mjs: every connection that the page has made, as long as it is in memory. */
    made: WeakRef<RTCPeerConnection>[];
    /** comeback.test.mjs: this page has been here before. */
    visited?: boolean;
    /** chat.test.mjs: set by a text that was taken for HTML. */
    injected?: boolean;
  }
}
