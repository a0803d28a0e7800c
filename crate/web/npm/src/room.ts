import type { Channel, Counter, Grounds, Invite, InviteOptions, Log, Member, MessageMeta, Room, RoomEvents, SharedMap } from "./api.js";
import { EarlyMessages, RoomChannel } from "./channel.js";
import { call, Listeners, PatientListeners } from "./emitter.js";
import { Connection } from "./connection.js";
import { badArgument, ChinwagError, fromHost, left, type ChinwagErrorCode } from "./errors.js";
import type { Host, Sink } from "./host.js";
import type { Invites } from "./invite.js";
import { utf8Bytes } from "./options.js";
import { Views } from "./state.js";
import { FRAME_KINDS, HOST_STATS, type Stats } from "./stats.js";
import { afterTurn } from "./turn.js";
import { cleanValue, type Json } from "./value.js";

/** The name of a channel, map, log or counter in UTF-8; the other side holds the same bound. */
const NAME_BYTES_MAX = 128;

/** Events that wait for the first listener, of each kind. */
const EARLY_EVENTS_MAX = 256;

/** Violations of peers are told at most this often: whoever commits them must not be able to flood the page. */
const VIOLATION_PAUSE_MS = 1_000;

type Registry = { readonly [E in keyof RoomEvents]: { add(listener: (...args: RoomEvents[E]) => void): () => void; tell(...args: RoomEvents[E]): void } };

type SignalingState = RoomEvents["signaling"][0];

/** How the host is to be made, and what a room needs beside it. */
export interface RoomSetup {
  readonly name: string;
  /** Messages of one log that are kept. */
  readonly logEntriesMax: number;
  /** Makes a host: with the identity that was given, or with a fresh one. */
  readonly makeHost: (sink: Sink, anew: boolean) => Host;
  readonly iceServers: (offered: unknown) => unknown;
  readonly relayOnly: boolean;
  /** There is no signaling server. */
  readonly serverless: boolean;
  /** Called once, when the room is left. */
  readonly onLeave: () => void;
}

/** What `join` waits for. */
export interface JoinProgress {
  ready(): void;
  attached(): void;
  trouble(error: ChinwagError): void;
}

/** A room on a host: keeps the members, and turns the host's news into events. */
export class HostedRoom implements Room {
  readonly name: string;
  #host: Host;
  #selfId: string;
  readonly #setup: RoomSetup;
  readonly #members = new Map<string, Member>();
  readonly #channels = new Map<string, RoomChannel<unknown>>();
  readonly #early = new EarlyMessages();
  readonly #views: Views;
  /** There as soon as somebody has been invited, or this page has. */
  #invites: Invites | undefined;
  readonly #subscribers = new Listeners<[]>();
  readonly #events: Registry = {
    join: new PatientListeners(EARLY_EVENTS_MAX),
    leave: new PatientListeners(EARLY_EVENTS_MAX),
    presence: new Listeners(),
    suspect: new Listeners(),
    members: new Listeners(),
    link: new Listeners(),
    signaling: new Listeners(),
    error: new PatientListeners(EARLY_EVENTS_MAX),
  };
  /** Members of whom we have not heard since we began anew. */
  readonly #unseen = new Set<string>();
  #progress: JoinProgress | undefined;
  /** The array that `members` gives out, until something changes. */
  #snapshot: readonly Member[] | undefined;
  /** Something has changed of which the subscribers do not know. */
  #changed = false;
  #signaling: SignalingState = "detached";
  #messagesDropped = 0;
  #violationToldAt = -Infinity;
  /** What the newest connection uses. */
  #iceServers: unknown;
  /** It was told that no link comes about, and none has since. */
  #unlinkedTold = false;
  #leaving: Promise<void> | undefined;
  /** It came by an invite, or is about to. */
  #invited = false;
  /** The host has said goodbye because the page went away; and has perhaps been freed. */
  #suspended: Promise<unknown> | undefined;
  #freed = false;

  constructor(setup: RoomSetup) {
    this.name = setup.name;
    this.#setup = setup;
    this.#host = setup.makeHost(this.#sink(), false);
    this.#selfId = this.#host.id;
    const office = {
      ask: <R>(order: (host: Host) => R) => this.#ask(order),
      known: (id: string) => this.#known(id),
      present: (id: string) => this.#members.get(id),
      isSelf: (id: string) => id === this.#selfId,
      dropped: (count: number) => this.#drop(count),
    };
    this.#views = new Views(office, setup.logEntriesMax);
  }

  /** Enters the room, by an invite if there is one; `progress` hears how that goes until it is ready. */
  start(presence: Json | undefined, invited: boolean, progress: JoinProgress): void {
    this.#progress = progress;
    this.#invited = invited;
    this.#enter(presence);
    // Where invites are the only way in, their code is there before somebody needs it.
    if (this.#setup.serverless) this.#inviting().catch(() => undefined);
  }

  #enter(presence: Json | undefined): void {
    this.#ask((host) => {
      if (presence !== undefined) host.setPresence(presence);
      host.setHidden(document.hidden);
      // Who has been in the room, and comes back without a server, has nobody to wait for.
      host.start(this.#setup.serverless && !(this.#invited && this.#progress));
    });
  }

  get self(): Member {
    return this.#known(this.#selfId);
  }

  get members(): readonly Member[] {
    return (this.#snapshot ??= Object.freeze([...this.#members.values()].sort(byAge)));
  }

  on<E extends keyof RoomEvents>(event: E, listener: (...args: RoomEvents[E]) => void): () => void {
    const listeners = Object.hasOwn(this.#events, event) ? this.#events[event] : undefined;
    if (!listeners) throw badArgument(`A room has no event "${String(event)}". There are: ${Object.keys(this.#events).join(", ")}.`);
    const remove = listeners.add(listener);
    return event === "signaling" ? this.#tellState(listener as (state: SignalingState) => void, remove) : remove;
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#subscribers.add(listener);

  setPresence(presence: Json): void {
    this.#staying();
    const value = cleanValue(presence);
    this.#ask((host) => host.setPresence(value));
    const { previous, member } = this.#update(this.#selfId, { presence: value });
    this.#events.presence.tell(member, previous.presence);
    this.#settle();
  }

  channel<T = Json>(name: string): Channel<T> {
    return this.#channel(this.#named("channel", name)) as RoomChannel<T>;
  }

  log<T = Json>(name: string, options?: { readonly retain?: number | undefined }): Log<T> {
    return this.#views.log(this.#named("log", name), options?.retain) as Log<unknown> as Log<T>;
  }

  map<T = Json>(name: string): SharedMap<T> {
    return this.#views.map(this.#named("map", name)) as SharedMap<unknown> as SharedMap<T>;
  }

  counter(name: string): Counter {
    return this.#views.counter(this.#named("counter", name));
  }

  async invite(options: InviteOptions = {}): Promise<Invite> {
    return await (await this.#inviting()).make(options);
  }

  /** Takes up an invite: the answer to it, and for how long something may come of that. */
  async answer(invite: string): Promise<{ answer: string; patienceMs: number }> {
    return await (await this.#inviting()).take(invite);
  }

  /** What makes and takes invites: code of its own, which is fetched with the first, as most pages have none. */
  async #inviting(): Promise<Invites> {
    this.#staying();
    const { Invites } = await import("./invite.js").catch((cause: unknown) => {
      throw new ChinwagError("protocol", `The file with the code for invites did not load (${String(cause)}). It lies beside the others of the build: deploy it with them, and reload the page.`, { cause });
    });
    this.#staying();
    return (this.#invites ??= new Invites({
      room: this,
      connect: async () => this.#connect(await this.#host.iceServers()),
      ask: (order) => this.#ask(order),
      errors: { badArgument, ChinwagError, left },
    }));
  }

  stats(): Stats {
    this.#staying();
    const numbers = this.#host.stats();
    const counted = Object.fromEntries(HOST_STATS.map((name, at) => [name, numbers[at] ?? 0])) as Record<(typeof HOST_STATS)[number], number>;
    const sent = (at: number) => ({ frames: numbers[at] ?? 0, bytes: numbers[at + 1] ?? 0 });
    const sentByKind = Object.fromEntries(FRAME_KINDS.map((kind, at) => [kind, sent(HOST_STATS.length + 2 * at)])) as Stats["sentByKind"];
    return { ...counted, peerConnectionsMade: counted.peerConnectionsMade + (this.#invites?.freed ?? 0), sentByKind, messagesDropped: this.#messagesDropped };
  }

  leave(): Promise<void> {
    return (this.#leaving ??= this.#leave());
  }

  /** The page was hidden or shown. */
  setHidden(hidden: boolean): void {
    if (!this.#away()) this.#host.setHidden(hidden);
  }

  /** The network may be another one, or none. */
  wake(): void {
    if (!this.#away()) this.#host.wake();
  }

  /** The page goes away: there is a goodbye, and everything stays as it is, for the case that the page comes back. */
  suspend(): void {
    if (this.#leaving) return;
    this.#suspended ??= this.#host.leave();
    // Nobody keeps a page that has connections.
    this.#invites?.close();
  }

  /** The page stands still: browsers keep none with connections, so what still waits for the goodbye to arrive is closed. */
  freeze(): void {
    if (!this.#suspended || this.#freed) return;
    this.#freed = true;
    this.#host.free();
  }

  /** The page is back from the browser's cache: a member again, who has been away. */
  resume(): void {
    if (!this.#suspended || this.#leaving) return;
    this.freeze();
    this.#suspended = undefined;
    this.#freed = false;
    this.#begin(false);
  }

  /** Tells an error that no call can report. */
  fail(code: ChinwagErrorCode, message: string, cause?: unknown): void {
    const error = new ChinwagError(code, message, cause === undefined ? undefined : { cause });
    this.#progress?.trouble(error);
    this.#events.error.tell(error);
  }

  async #leave(): Promise<void> {
    this.#setup.onLeave();
    // Up to the first await everything happens at once: on `pagehide` there is no later.
    const gone = this.#suspended ?? this.#host.leave();
    for (const channel of this.#channels.values()) channel.close();
    this.#views.close();
    this.#invites?.close();
    try {
      await gone;
    } finally {
      if (!this.#freed) this.#host.free();
    }
  }

  #sink(): Sink {
    return {
      member: (what, id, presence, suspect, zone, linked, rttMs, joinedAt, why) => {
        const known = this.#members.get(id);
        this.#unseen.delete(id);
        const kept = what === "self" || what === "joined" || what === "presence" ? (presence as Json | undefined) : known?.presence;
        this.#onMember(what, known, Object.freeze({ id, presence: kept, status: suspect ? "suspect" : "alive", zone, linked, rttMs, joinedAt }), why);
      },
      link: (id, up) => {
        if (up) this.#unlinkedTold = false;
        const { member } = this.#update(id, { linked: up });
        this.#events.link.tell(member, up);
      },
      ready: () => {
        for (const id of this.#unseen) this.#onMember("failed", this.#members.get(id), this.#known(id), "");
        this.#unseen.clear();
        this.#progress?.ready();
        this.#progress = undefined;
      },
      message: (from, id, channel, sentAt, hops, direct, data, bytes) => {
        const meta: MessageMeta = Object.freeze({ from: this.#known(from), id, sentAt, hops, direct });
        const delivery = { data, meta, bytes };
        const known = this.#channels.get(channel);
        if (known) known.deliver(delivery);
        else this.#drop(this.#early.keep(channel, delivery));
      },
      state: (kind, name, key, from, value) => this.#views.take(kind, name, key, from, value),
      signaling: (state) => {
        this.#signaling = state;
        if (state === "attached") this.#progress?.attached();
        this.#events.signaling.tell(state);
      },
      trouble: (code, detail) => this.#onTrouble(code, detail),
      settled: () => this.#settle(),
      soon: afterTurn,
      iceServers: async (offered) => this.#invites?.next() ?? (this.#iceServers = await this.#setup.iceServers(offered)),
      connect: (given) => this.#connect(given),
    };
  }

  /** A connection that waited for this link; or a fresh one, with ICE servers. */
  #connect(given: unknown): Connection {
    try {
      return given instanceof Connection ? given : new Connection(given, this.#setup.relayOnly);
    } catch (error) {
      const { name, message } = error as DOMException;
      if (/^(Type|Syntax|InvalidAccess|NotSupported)Error$/.test(name)) this.fail("bad-argument", `The browser does not take the ICE servers (${message}). Check options.iceServers, or the signaling server's --ice.`, error);
      else this.fail("connection-budget", `The browser makes no further RTCPeerConnection (${message}). Close other tabs, or reload this one.`, error);
      throw error;
    }
  }

  #onMember(what: Parameters<Sink["member"]>[0], known: Member | undefined, member: Member, why: string): void {
    this.#stale();
    if (what === "left" || what === "failed") {
      this.#members.delete(member.id);
      if (known) this.#events.leave.tell(member, what, what === "failed" ? grounds(why) : undefined);
      return;
    }
    this.#members.set(member.id, member);
    if (member.id === this.#selfId) return;
    if (!known) this.#events.join.tell(member);
    else if (what === "presence") this.#events.presence.tell(member, known.presence);
    if (what === "suspected") this.#events.suspect.tell(member, grounds(why));
  }

  #onTrouble(code: string, detail: string): void {
    switch (code) {
      case "violation": {
        const now = performance.now();
        if (now - this.#violationToldAt < VIOLATION_PAUSE_MS) return;
        this.#violationToldAt = now;
        return this.fail("protocol", `The member ${detail} broke the protocol. What it sent had no effect.`);
      }
      case "superseded":
        return this.#beginAnew();
      case "unlinked":
        if (this.#unlinkedTold) return;
        this.#unlinkedTold = true;
        return this.fail("join-timeout", `The member ${detail} answered, but a NAT or a firewall is between them. ${advice(this.#iceServers)}`);
      default:
        return this.fail("protocol", `The signaling server turned this page away: ${detail}`);
    }
  }

  /** Another tab had our identity before us: we go on with a fresh one. The views stay, and the room tells them all again. */
  #beginAnew(): void {
    const superseded = this.#host;
    const { id } = this.self;
    this.#begin(true);
    // It is in the midst of telling us.
    void superseded.leave().finally(() => superseded.free());
    this.fail("protocol", `Another tab has the identity ${id}. This one goes on as a new member, ${this.#selfId}: give each tab an identity of its own.`);
  }

  /** Goes on with another host: with the same identity, or with a fresh one. */
  #begin(anew: boolean): void {
    const { id, presence } = this.self;
    this.#members.delete(id);
    for (const other of this.#members.keys()) this.#unseen.add(other);
    this.#host = this.#setup.makeHost(this.#sink(), anew);
    this.#selfId = this.#host.id;
    this.#enter(presence);
  }

  /** Changes what is known of a member, if anything is. */
  #update(id: string, change: Partial<Member>): { previous: Member; member: Member } {
    const previous = this.#known(id);
    if (!this.#members.has(id)) return { previous, member: previous };
    const member = Object.freeze({ ...previous, ...change });
    this.#members.set(id, member);
    this.#stale();
    return { previous, member };
  }

  /** A member; or, for one that has just gone, what can be said of anybody. */
  #known(id: string): Member {
    return this.#members.get(id) ?? Object.freeze({ id, presence: undefined, status: "alive", zone: undefined, linked: false, rttMs: undefined, joinedAt: 0 });
  }

  #channel(name: string): RoomChannel<unknown> {
    let channel = this.#channels.get(name);
    if (!channel) {
      const post = { send: this.#send, dropped: (count: number) => this.#drop(count) };
      channel = new RoomChannel(name, post, this.#early);
      this.#channels.set(name, channel);
    }
    return channel;
  }

  readonly #send = async (channel: string, data: unknown, to: string | undefined): Promise<void> => {
    const value = cleanValue(data);
    await this.#ask((host) => host.send(channel, to, value));
  };

  /** Has the host do something, and makes errors of what it throws or rejects with. */
  #ask<R>(order: (host: Host) => R): R {
    this.#staying();
    const fail = (failure: unknown): never => {
      throw fromHost(failure);
    };
    try {
      const done = order(this.#host);
      return done instanceof Promise ? (done.catch(fail) as R) : done;
    } catch (failure) {
      return fail(failure);
    }
  }

  #drop(count: number): void {
    this.#messagesDropped += count;
  }

  /** A name that the others take, too. */
  #named(what: string, name: string): string {
    this.#staying();
    if (typeof name !== "string" || name === "" || utf8Bytes(name) > NAME_BYTES_MAX) {
      throw badArgument(`The ${what}'s name must be a string of 1 to ${NAME_BYTES_MAX} bytes of UTF-8.`);
    }
    return cleanValue(name) as string;
  }

  #staying(): void {
    if (this.#away()) throw left();
  }

  /** Whether there is no host that would do anything. */
  #away(): unknown {
    return this.#leaving ?? this.#suspended;
  }

  #stale(): void {
    this.#snapshot = undefined;
    this.#changed = true;
  }

  /** Tells the subscribers, once for everything that has happened in one moment. */
  #settle(): void {
    this.#views.settle();
    if (!this.#changed) return;
    this.#changed = false;
    this.#events.members.tell(this.members);
    this.#subscribers.tell();
  }

  /** The state stays for as long as it does not change, so a new listener is told what it is. */
  #tellState(listener: (state: SignalingState) => void, remove: () => void): () => void {
    let listening = true;
    queueMicrotask(() => listening && call(listener, [this.#signaling]));
    return () => {
      listening = false;
      remove();
    };
  }
}

/** What to do where no connection comes about. */
function advice(iceServers: unknown): string {
  return /"turns?:/.test(JSON.stringify(iceServers) ?? "")
    ? "The TURN server did not help: check that both reach it (with ?transport=tcp, where UDP is blocked), and the credentials."
    : "Give a TURN server to options.iceServers, or to the signaling server's --ice.";
}

function grounds(why: string): Grounds {
  const [seen, ...accusers] = why.split(",");
  return Object.freeze({ seen: (seen || undefined) as Grounds["seen"], accusers: Object.freeze(accusers) });
}

function byAge(a: Member, b: Member): number {
  return a.joinedAt - b.joinedAt || (a.id < b.id ? -1 : 1);
}
