/** The kinds of frames, in the order of their numbers on the wire. */
export const FRAME_KINDS = [
  "hello", "ping", "pong", "records", "entries", "synced", "post", "record", "entry", "suspicion", "farewell", "ihave", "graft", "prune", "compare", "want",
  "obituary", "signal", "disconnect", "walk", "seek", "found", "splice", "prefer", "state", "fetch", "kept", "direct",
] as const;

/** A kind of frame. */
export type FrameKind = (typeof FRAME_KINDS)[number];

/** Counters and gauges of a room, as plain numbers. Counters only grow, from 0 at joining. */
export interface Stats {
  /** Gauge: members alive or suspect, this one included. */
  readonly members: number;
  /** Gauge: members under suspicion. */
  readonly suspects: number;
  /** Gauge: open links. */
  readonly links: number;
  /** Gauge: links that are being made. */
  readonly linksPending: number;
  /** Counter: links that were begun, by us or by others. */
  readonly dials: number;
  /** Counter: those that came to nothing. */
  readonly dialsFailed: number;
  /** Counter: frames received. */
  readonly framesIn: number;
  /** Counter: frames sent. */
  readonly framesOut: number;
  /** Counter: bytes of frames received, without the overhead of the transport. */
  readonly bytesIn: number;
  /** Counter: bytes of frames sent, without the overhead of the transport. */
  readonly bytesOut: number;
  /** Counter: messages received. */
  readonly messagesIn: number;
  /** Counter: messages sent. */
  readonly messagesOut: number;
  /** Counter: copies of broadcasts beyond the first. */
  readonly duplicates: number;
  /** Counter: things that peers did and no honest one does. They had no effect. */
  readonly violations: number;
  /** Counter: suspicions of this member that it had to refute. */
  readonly refutations: number;
  /** Counter: suspicions of others that turned out to be false. */
  readonly falseSuspicions: number;
  /** Counter: times that this tab stood still, so that its timers came late. */
  readonly freezes: number;
  /** Counter: frames of user data that gave way because their link was too far behind; of most of them its peer is told later. */
  readonly framesPostponed: number;
  /** Counter: links given up because they did not keep up. */
  readonly linksShed: number;
  /** Counter: RTCPeerConnections made. A browser process has some 500 in all, and closed ones count until they are collected. */
  readonly peerConnectionsMade: number;
  /**
   * Gauge: RTCPeerConnections that this tab would still make gladly in a large room: nine, and one more for every 64 members, less its links and those
   * that ended of late because others needed the place. With none left it makes do with the links that it has, if those are four or more.
   */
  readonly connectionsLeft: number;
  /** Counter: incoming data-channel messages that were no frames: text, or larger than 16 KiB. */
  readonly framesRefused: number;
  /** Counter: outgoing unreliable frames that found their channel full. */
  readonly framesDropped: number;
  /** Counter: presences and messages of others that were no values. */
  readonly valuesRefused: number;
  /** Gauge: bytes that wait in queues and in the browser's buffers to be sent. */
  readonly bufferedBytes: number;
  /** Gauge: messages whose `send()` waits for a link to catch up; small ones that will go out together count as one. */
  readonly sendsWaiting: number;
  /** Counter: members that came under suspicion here. */
  readonly suspicions: number;
  /** Counter: those of them that failed. */
  readonly failures: number;
  /** Gauge: neighbours that knew something else than this member when they last probed it. For as long as news travels, that is as it should be. */
  readonly differing: number;
  /** Gauge: for how many milliseconds the one of these has differed that has for longest; 0 if none does. How far convergence lags behind. */
  readonly lagMs: number;
  /** Gauge: the longest that a neighbour was seen to differ, in milliseconds. */
  readonly lagMaxMs: number;
  /** Counters: what was sent, by kind of frame (docs/PROTOCOL.md, "Frames"). */
  readonly sentByKind: Readonly<Record<FrameKind, Readonly<{ frames: number; bytes: number }>>>;
  /** Counter: messages that nobody waited for, and that had to give way to newer ones. */
  readonly messagesDropped: number;
}

/** @internal The names of what a host counts, in the order of `settings.rs`. */
export const HOST_STATS = [
  "members", "suspects", "links", "linksPending", "dials", "dialsFailed", "framesIn", "framesOut", "bytesIn", "bytesOut",
  "messagesIn", "messagesOut", "duplicates", "violations", "refutations", "falseSuspicions", "freezes",
  "framesPostponed", "linksShed",
  "peerConnectionsMade", "framesRefused", "framesDropped", "valuesRefused", "bufferedBytes", "sendsWaiting",
  "suspicions", "failures", "differing", "lagMs", "lagMaxMs", "connectionsLeft",
] as const satisfies readonly (keyof Stats)[];
