import type { JoinOptions, Room } from "./api.js";
import { call } from "./emitter.js";
import { badArgument, ChinwagError, type ChinwagErrorCode } from "./errors.js";
import type { HostClass } from "./host.js";
import { iceSource } from "./ice.js";
import { createIdentity, Identity, pageIdentity } from "./identity.js";
import { settings, type Settings } from "./options.js";
import { watchPage } from "./page.js";
import { HostedRoom } from "./room.js";

/** How long the signaling servers may stay silent. */
const SIGNALING_MS_MAX = 10_000;

/** How long it may take until the room is complete. */
const JOIN_MS_MAX = 20_000;

/** A room of this page, from the first moment of joining until it is left. */
interface Entry {
  readonly identity: Identity;
  readonly room: Promise<HostedRoom>;
  /** By which it was joined, if by any. */
  readonly invite: string | undefined;
  /** Ends the joining when all who wait for it have given up. */
  readonly giveUp: AbortController;
  waiting: number;
}

/** The rooms of this page. One name may be there several times, under different identities. */
const rooms = new Map<string, Set<Entry>>();

/** A `join` that gets its WebAssembly from `load`. */
export function joinWith(load: () => Promise<HostClass>): (room: string, options?: JoinOptions) => Promise<Room> {
  return async (room, options = {}) => {
    options.signal?.throwIfAborted();
    if (typeof RTCPeerConnection === "undefined" || typeof document === "undefined") {
      throw new ChinwagError("webrtc-unavailable", "There is no RTCPeerConnection here. Call join() in a page, not in a worker or on a server, and in a browser that has WebRTC switched on.");
    }
    const checked = settings(room, options);
    const entry = find(checked) ?? begin(load, checked);
    return await wait(entry, checked.signal);
  };
}

function find({ room, identity, invite }: Settings): Entry | undefined {
  for (const entry of rooms.get(room) ?? []) {
    if (identity !== undefined && identity !== entry.identity) continue;
    if (invite === undefined || invite === entry.invite) return entry;
    throw badArgument(`This page is in the room "${room}" already, and not by this invite. Leave it first, or join as somebody else with options.identity.`);
  }
  return undefined;
}

function begin(load: () => Promise<HostClass>, checked: Settings): Entry {
  const identity = checked.identity ?? pageIdentity();
  const giveUp = new AbortController();
  const forget = () => {
    const others = rooms.get(checked.room);
    others?.delete(entry);
    if (others?.size === 0) rooms.delete(checked.room);
  };
  const entry: Entry = { identity, invite: checked.invite, giveUp, waiting: 0, room: enter(load, checked, identity, forget, giveUp.signal) };
  entry.room.catch(forget);
  const others = rooms.get(checked.room) ?? new Set();
  rooms.set(checked.room, others.add(entry));
  return entry;
}

/** Waits for a room together with others who may want it: one who gives up does not end it for all. */
async function wait(entry: Entry, signal: AbortSignal | undefined): Promise<HostedRoom> {
  entry.waiting += 1;
  let onAbort: (() => void) | undefined;
  try {
    if (!signal) return await entry.room;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort);
    });
    return await Promise.race([entry.room, aborted]);
  } finally {
    entry.waiting -= 1;
    if (onAbort) signal?.removeEventListener("abort", onAbort);
    if (entry.waiting === 0 && signal?.aborted) entry.giveUp.abort(signal.reason);
  }
}

async function enter(load: () => Promise<HostClass>, checked: Settings, identity: Identity, forget: () => void, giveUp: AbortSignal): Promise<HostedRoom> {
  const HostOfWasm = await load();
  giveUp.throwIfAborted();
  const { room: name, urls, zone, relayOnly, config } = checked;
  let own = identity;
  let unwatch: (() => void) | undefined;
  const room: HostedRoom = new HostedRoom({
    name,
    logEntriesMax: checked.logEntriesMax,
    makeHost: (sink, anew) => {
      if (anew) own = createIdentity();
      return new HostOfWasm(sink, name, Identity.secretOf(own), urls, zone, config);
    },
    iceServers: iceSource(checked.iceServers, location.hostname, (error) => {
      room.fail("bad-argument", `options.iceServers failed: ${String(error)}. Until it answers, connections are made with its last answer as long as that is good, and none after that.`, error);
    }),
    relayOnly,
    serverless: urls.length === 0,
    onLeave: () => {
      forget();
      unwatch?.();
    },
  });
  try {
    unwatch = watchPage({
      leaving: () => room.suspend(),
      frozen: () => room.freeze(),
      restored: () => room.resume(),
      hidden: (hidden) => room.setHidden(hidden),
      moved: () => room.wake(),
    });
    await ready(room, checked, giveUp);
    return room;
  } catch (error) {
    await room.leave();
    throw error;
  }
}

/** Starts the room, and waits until it is complete or the time is up. */
function ready(room: HostedRoom, { presence, urls, invite, onAnswer }: Settings, giveUp: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let attached = false;
    let trouble: ChinwagError | undefined;
    const fail = (code: ChinwagErrorCode, message: string) =>
      finish(() => reject(new ChinwagError(code, trouble ? `${message} ${trouble.message}` : message, { cause: trouble })));
    const timers = invite !== undefined ? [] : [
      setTimeout(() => {
        if (attached) return;
        fail("signaling-unreachable", `No signaling server answered within ${SIGNALING_MS_MAX / 1_000} s: tried ${urls.join(", ")}. Is it running there, and does it allow the origin ${location.origin}?`);
      }, SIGNALING_MS_MAX),
      setTimeout(() => {
        fail("join-timeout", `No link to the room's members came about within ${JOIN_MS_MAX / 1_000} s. A firewall may be between them: offer a TURN server with options.iceServers.`);
      }, JOIN_MS_MAX),
    ];
    const onGiveUp = () => finish(() => reject(giveUp.reason as Error));
    const finish = (settle: () => void) => {
      for (const timer of timers) clearTimeout(timer);
      giveUp.removeEventListener("abort", onGiveUp);
      settle();
    };
    giveUp.addEventListener("abort", onGiveUp);
    try {
      room.start(presence, invite !== undefined, {
        ready: () => finish(resolve),
        attached: () => void (attached = true),
        trouble: (error) => void (trouble = error),
      });
      if (invite === undefined) return;
      const answered = room.answer(invite).then(({ answer, patienceMs }) => {
        timers.push(setTimeout(() => {
          fail("join-timeout", "No link came of the invite. Its answer was not accepted, or a firewall may be between them: ask for a new one.");
        }, patienceMs));
        if (onAnswer) call(onAnswer, [answer]);
      });
      answered.catch((error: unknown) => finish(() => reject(error as Error)));
    } catch (error) {
      finish(() => reject(error as Error));
    }
  });
}
