import type { Counter, Log, LogEntry, Member, SharedMap } from "./api.js";
import { RoomChannel, type Delivery } from "./channel.js";
import { Listeners } from "./emitter.js";
import { badArgument } from "./errors.js";
import type { Host, Kind } from "./host.js";
import { cleanValue } from "./value.js";

/** What the views need of their room. */
export interface Office {
  /** The host does something, and what it throws becomes an error; unless the room has been left. */
  ask<R>(order: (host: Host) => R): R;
  /** A member, or what can be said of one who is gone. */
  known(id: string): Member;
  /** A member, unless it is gone. */
  present(id: string): Member | undefined;
  /** Whether it is this page's own id. */
  isSelf(id: string): boolean;
  /** Messages that a loop was too slow for. */
  dropped(count: number): void;
}

/** A view as the host sees it: it is told everything, in the order in which it became true. */
interface View {
  take(key: string, from: string, value: unknown): void;
}

/** The maps, logs and counters of a room that somebody has asked for. */
export class Views {
  readonly #office: Office;
  readonly #logEntriesMax: number;
  readonly #views = { map: new Map<string, RoomMap<unknown>>(), log: new Map<string, RoomLog<unknown>>(), counter: new Map<string, RoomCounter>() };

  constructor(office: Office, logEntriesMax: number) {
    this.#office = office;
    this.#logEntriesMax = logEntriesMax;
  }

  map(name: string): RoomMap<unknown> {
    return this.#open("map", this.#views.map, name, () => new RoomMap(name, this.#office));
  }

  log(name: string, retain = this.#logEntriesMax): RoomLog<unknown> {
    if (!Number.isInteger(retain) || retain < 1 || retain > this.#logEntriesMax) {
      throw badArgument(`options.retain is ${retain}: it must be an integer from 1 to ${this.#logEntriesMax}, what config.logEntriesMax allows.`);
    }
    const log = this.#open("log", this.#views.log, name, () => new RoomLog(name, this.#office, this.#logEntriesMax));
    log.retain(retain);
    return log;
  }

  counter(name: string): RoomCounter {
    return this.#open("counter", this.#views.counter, name, () => new RoomCounter(name, this.#office));
  }

  /** The host has news. What nobody has asked for, nobody needs to hear: whoever asks is told everything. */
  take(kind: Kind, name: string, key: string, from: string, value: unknown): void {
    (this.#views[kind].get(name) as View | undefined)?.take(key, from, value);
  }

  /** All news of one moment has been told. */
  settle(): void {
    for (const log of this.#views.log.values()) log.settle();
  }

  /** There will be no more messages. */
  close(): void {
    for (const log of this.#views.log.values()) log.close();
  }

  #open<V>(kind: Kind, views: Map<string, V>, name: string, make: () => V): V {
    let view = views.get(name);
    if (!view) {
      view = make();
      views.set(name, view);
      this.#office.ask((host) => host.open(kind, name));
    }
    return view;
  }
}

/** A shared map, with its values as they came. */
export class RoomMap<T> implements SharedMap<T>, View {
  readonly #name: string;
  readonly #office: Office;
  readonly #values = new Map<string, T>();
  readonly #listeners = new Listeners<[key: string, value: T | undefined, by: Member | undefined]>();
  /** How often it has been told of something. */
  #news = 0;

  constructor(name: string, office: Office) {
    this.#name = name;
    this.#office = office;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  entries(): IterableIterator<[string, T]> {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1)).values();
  }

  set(key: string, value: T): void {
    if (typeof key !== "string") throw badArgument("The key is not a string.");
    this.#write(cleanValue(key) as string, cleanValue(value) as T);
  }

  delete(key: string): void {
    if (this.#values.has(key)) this.#write(key, undefined);
  }

  on(event: "change", listener: (key: string, value: T | undefined, by: Member | undefined) => void): () => void {
    return onChange("map", event, this.#listeners, listener);
  }

  take(key: string, from: string, value: unknown): void {
    this.#news += 1;
    this.#put(key, value as T | undefined);
    this.#listeners.tell(key, value as T | undefined, this.#office.present(from));
  }

  #write(key: string, value: T | undefined): void {
    const news = this.#news;
    this.#office.ask((host) => host.write("map", this.#name, key, value));
    // Within a listener the news has to wait until all have heard what they are just being told.
    if (news === this.#news) this.#put(key, value);
  }

  #put(key: string, value: T | undefined): void {
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
  }
}

/** A counter, with its last value. */
export class RoomCounter implements Counter, View {
  readonly #name: string;
  readonly #office: Office;
  readonly #listeners = new Listeners<[value: number]>();
  #value = 0;
  #news = 0;

  constructor(name: string, office: Office) {
    this.#name = name;
    this.#office = office;
  }

  get value(): number {
    return this.#value;
  }

  add(n = 1): void {
    if (!Number.isSafeInteger(n)) throw badArgument(`A counter adds safe integers, and not ${String(n)}.`);
    const news = this.#news;
    this.#office.ask((host) => host.write("counter", this.#name, "", n));
    // As in a map.
    if (news === this.#news) this.#value += n;
  }

  on(event: "change", listener: (value: number) => void): () => void {
    return onChange("counter", event, this.#listeners, listener);
  }

  take(_key: string, _from: string, value: unknown): void {
    this.#news += 1;
    this.#value = value as number;
    this.#listeners.tell(this.#value);
  }
}

/** A log: a channel whose messages stay. */
export class RoomLog<T> extends RoomChannel<T> implements Log<T>, View {
  readonly #office: Office;
  readonly #entriesMax: number;
  readonly #subscribers = new Listeners<[]>();
  /** All that the room keeps, oldest first: an id begins with the message's place. */
  readonly #kept: LogEntry<T>[] = [];
  #retain = 0;
  #snapshot: readonly LogEntry<T>[] | undefined;
  #changed = false;

  constructor(name: string, office: Office, entriesMax: number) {
    const post = {
      send: async (log: string, data: unknown, to: string | undefined) => {
        if (to !== undefined) throw badArgument("A log is for everybody: to tell one member something, use a channel.");
        const value = cleanValue(data);
        await office.ask((host) => host.write("log", log, "", value));
      },
      dropped: (count: number) => office.dropped(count),
    };
    // Messages for the first listener. What gives way to newer ones is not lost: it is in `entries`.
    const early: Delivery[] = [];
    super(name, post, {
      keep: (_, delivery) => {
        early.push(delivery);
        if (early.length > entriesMax) early.shift();
        return 0;
      },
      take: () => early.splice(0),
    });
    this.#office = office;
    this.#entriesMax = entriesMax;
  }

  get entries(): readonly LogEntry<T>[] {
    return (this.#snapshot ??= Object.freeze(this.#kept.slice(-this.#retain)));
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#subscribers.add(listener);

  /** Shows at least so many. */
  retain(count: number): void {
    if (count <= this.#retain) return;
    this.#retain = count;
    this.#snapshot = undefined;
  }

  take(key: string, from: string, value: unknown): void {
    const id = `${key}-${from}`;
    // Nearly always it is the newest.
    let at = this.#kept.length;
    while (at > 0 && (this.#kept[at - 1]?.id ?? "") > id) at -= 1;
    // What is told when the log is opened may be told once more.
    if (this.#kept[at - 1]?.id === id) return;
    // The upper 48 bits are milliseconds.
    const entry = Object.freeze({ data: value as T, from: this.#office.known(from), id, sentAt: parseInt(key.slice(0, 12), 16), hops: 0, direct: false });
    this.#kept.splice(at, 0, entry);
    if (this.#kept.length > this.#entriesMax) this.#kept.shift();
    this.#snapshot = undefined;
    this.#changed = true;
    if (!this.#office.isSelf(from)) this.deliver({ data: value, meta: entry, bytes: 0 });
  }

  /** Tells the subscribers, once for everything that has happened in one moment. */
  settle(): void {
    if (!this.#changed) return;
    this.#changed = false;
    this.#subscribers.tell();
  }
}

function onChange<Args extends readonly unknown[]>(what: string, event: string, listeners: Listeners<Args>, listener: (...args: Args) => void): () => void {
  if (event !== "change") throw badArgument(`A ${what} has no event "${event}": it has "change".`);
  return listeners.add(listener);
}
