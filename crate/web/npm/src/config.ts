import { badArgument } from "./errors.js";

/**
 * The knobs of the protocol. All members of a room should have the same; the defaults suit rooms in browsers.
 */
export interface Config {
  /** Links that a tab wants in a room of more than 8, default 6; smaller rooms are a full mesh. More: shorter paths, more traffic. */
  readonly linksWanted: number;
  /** Links that a tab allows at most, attempts of others included, default 8. Not below `linksWanted`; those beyond 16 carry every copy of every message. */
  readonly linksMax: number;
  /** How long an attempt at a link may take once it is answered, default 10,000 ms. Relayed and mobile paths need seconds; a ghost costs this much. */
  readonly dialTimeoutMs: number;
  /** How long the member with the greater id waits for the other to dial, default 1,000 ms: avoids that both dial at once. */
  readonly dialPatienceMs: number;
  /** First pause after a failed dial to a member, default 1,000 ms; doubles with each failure. Longer: fewer connections spent in vain. */
  readonly dialBackoffMs: number;
  /** The longest pause between dials to one member, default 60,000 ms. */
  readonly dialBackoffMaxMs: number;
  /** Time between probes of a link, default 800 ms, a quarter more or less. Shorter: failures are found sooner, more traffic. */
  readonly probeIntervalMs: number;
  /** Silence on a link after which its peer is asked whether it is there, default 1,200 ms; up to four times as long on a link that is often silent. */
  readonly silenceMs: number;
  /** The same for a peer whose page is hidden, default 2,500 ms: its timers run once a second at best. */
  readonly silenceHiddenMs: number;
  /** A suspect has three quarters of this to answer, default 2,000 ms, and longer in large rooms; it has failed when it was missed for this, the silence and a probe interval. Longer: fewer false failures, later true ones. */
  readonly suspicionMs: number;
  /** How often a member compares what it knows with another, default 60,000 ms, and, rarely in a large calm room, looks whether one to which it has no link is still there. Shorter: what is wrong is righted sooner, more traffic. */
  readonly patrolMs: number;
  /** A timer this late means that this tab stood still, default 250 ms: it then blames itself, and nobody else. */
  readonly latenessMs: number;
  /** How long the gone are remembered, default 900,000 ms. Longer than the longest split of the room that shall heal without ghosts. */
  readonly tombstoneMs: number;
  /** Members known at most, default 16,384. Each costs a few hundred bytes and its presence. */
  readonly membersMax: number;
  /** One message, default 4,194,304 bytes. Greater: more memory for those that are half received. */
  readonly messageBytesMax: number;
  /** Half-received messages of one member, default 8,388,608 bytes. */
  readonly reassemblyBytesMax: number;
  /** Half-received messages of all members, default 33,554,432 bytes. */
  readonly reassemblyTotalBytesMax: number;
  /** How long a half-received message may stand still, default 30,000 ms. */
  readonly reassemblyTimeoutMs: number;
  /** One presence, default 8,192 bytes. Every member holds everybody's. */
  readonly presenceBytesMax: number;
  /** Shortest time between two updates of the presence on the wire, default 30 ms: the newest value wins, those between are never sent. */
  readonly presenceIntervalMs: number;
  /** Links that a broadcast may cross, default 32. Fewer than the room is wide: not everybody gets it. */
  readonly hopsMax: number;
  /** The value of one entry of a map or log, default 8,192 bytes; at most 15,872, what a frame has room for. Every member holds everybody's. */
  readonly entryBytesMax: number;
  /** Entries of maps, logs and counters that one member may own, default 4,096. More: one member can fill more of the room's. */
  readonly ownerEntriesMax: number;
  /** What they may take, with their keys and 200 bytes for each, default 2,097,152 bytes. */
  readonly ownerBytesMax: number;
  /** Entries of all members together, default 16,384. Writes beyond are refused. More: more memory at every member. */
  readonly stateEntriesMax: number;
  /** What they may take, default 16,777,216 bytes. */
  readonly stateBytesMax: number;
  /** Messages of one log that are kept, default 512. More: late joiners get more of the past, and every member holds it. */
  readonly logEntriesMax: number;
  /** How long a delete in a map is remembered, default 86,400,000 ms. Shorter: less memory; who was away for longer brings back what was deleted. */
  readonly deleteLifeMs: number;
  /** How far ahead of this tab's clock others may write, default 86,400,000 ms. Less: clocks that are set wrong are shut out; more: who lies about the time wins for longer. */
  readonly stampAheadMs: number;
  /** Entries given in one answer when two members compare, default 131,072 bytes. More: late joiners have all sooner, and other traffic waits for longer. */
  readonly syncBytesMax: number;
  /** Members that stay attached to the signaling server, default 3. More: newcomers get in while several leave; fewer: less load for the server. */
  readonly greetersMin: number;
}

const HOUR_MS = 3_600_000;
const MIB = 1 << 20;

/** @internal The smallest and the greatest value of each knob, in the order of `settings.rs`. */
export const RANGES: Readonly<Record<keyof Config, readonly [min: number, max: number]>> = {
  linksWanted: [1, 32],
  linksMax: [1, 32],
  dialTimeoutMs: [500, HOUR_MS],
  dialPatienceMs: [0, HOUR_MS],
  dialBackoffMs: [100, HOUR_MS],
  dialBackoffMaxMs: [100, HOUR_MS],
  probeIntervalMs: [100, HOUR_MS],
  silenceMs: [200, HOUR_MS],
  silenceHiddenMs: [200, HOUR_MS],
  suspicionMs: [100, HOUR_MS],
  patrolMs: [1_000, 24 * HOUR_MS],
  latenessMs: [100, HOUR_MS],
  tombstoneMs: [1_000, 24 * HOUR_MS],
  membersMax: [2, 1 << 20],
  messageBytesMax: [1, 64 * MIB],
  reassemblyBytesMax: [1, 256 * MIB],
  reassemblyTotalBytesMax: [1, 1024 * MIB],
  reassemblyTimeoutMs: [100, HOUR_MS],
  presenceBytesMax: [1, MIB],
  presenceIntervalMs: [0, HOUR_MS],
  hopsMax: [1, 255],
  entryBytesMax: [64, 15_872],
  ownerEntriesMax: [1, 1 << 20],
  ownerBytesMax: [1, 256 * MIB],
  stateEntriesMax: [1, 1 << 20],
  stateBytesMax: [1, 1024 * MIB],
  logEntriesMax: [1, 1 << 16],
  deleteLifeMs: [1_000, 24 * 24 * HOUR_MS],
  stampAheadMs: [1_000, 24 * 24 * HOUR_MS],
  syncBytesMax: [1_024, 16 * MIB],
  greetersMin: [1, 32],
};

/**
 * The knobs as the host takes them: in the order of `RANGES`, NaN for each that keeps its default.
 *
 * @throws ChinwagError `bad-argument` for an unknown knob, or a value outside its range.
 */
export function knobs(config: Partial<Config> = {}): Float64Array {
  const unknown = Object.keys(config).find((name) => !Object.hasOwn(RANGES, name));
  if (unknown !== undefined) throw badArgument(`options.config.${unknown} is unknown. There are: ${Object.keys(RANGES).join(", ")}.`);
  return Float64Array.from(Object.entries(RANGES), ([name, [min, max]]) => {
    const value = config[name as keyof Config];
    if (value === undefined) return NaN;
    if (!Number.isInteger(value) || value < min || value > max) {
      throw badArgument(`options.config.${name} is ${String(value)}: it must be an integer from ${min} to ${max}.`);
    }
    return value;
  });
}
