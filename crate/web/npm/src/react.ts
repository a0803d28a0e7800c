/**
 * Hooks for React 18 and later, each on `useSyncExternalStore`. All but `useRoom` take the room that `useRoom` gives, also while there is none yet.
 *
 * @module
 */
import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { JoinOptions, Log, LogEntry, Member, Room, SharedMap } from "./api.js";
import { join } from "./index.js";
import type { Json } from "./value.js";

/** How it stands with a room: there is a `room`, or an `error`, or neither while it is being joined. */
export interface RoomState {
  /** The room, once it has been joined. */
  readonly room: Room | undefined;
  /** Why it could not be joined: a `ChinwagError`, as a rule. */
  readonly error: unknown;
}

const JOINING: RoomState = Object.freeze({ room: undefined, error: undefined });
const NOBODY: readonly Member[] = Object.freeze([]);
const NO_ENTRIES: readonly never[] = Object.freeze([]);
const NO_KEYS: ReadonlyMap<string, unknown> = new Map<string, unknown>();
const NOTHING = () => () => {};

/** A room that components of this page are using. */
class Stay {
  state = JOINING;
  readonly #listeners = new Set<() => void>();
  readonly #giveUp = new AbortController();
  readonly #onEnd: () => void;

  constructor(name: string, options: JoinOptions, onEnd: () => void) {
    this.#onEnd = onEnd;
    join(name, { ...options, signal: this.#giveUp.signal }).then(
      (room) => this.#become({ room, error: undefined }),
      (error: unknown) => this.#become({ room: undefined, error }),
    );
  }

  subscribe(listener: () => void): () => void {
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
      // In strict mode, and when one page of an app gives way to the next, somebody subscribes again at once.
      setTimeout(() => {
        if (this.#listeners.size === 0) this.#end();
      });
    };
  }

  #become(state: RoomState): void {
    if (this.#giveUp.signal.aborted) return void state.room?.leave();
    this.state = state;
    for (const listener of [...this.#listeners]) listener();
  }

  #end(): void {
    if (this.#giveUp.signal.aborted) return;
    this.#giveUp.abort();
    this.#onEnd();
    void this.state.room?.leave();
  }
}

/** By room, then by identity: what `join` takes to be the same. */
const stays = new Map<string, Map<unknown, Stay>>();

function stayIn(name: string, options: JoinOptions): Stay {
  const key = options.identity;
  const here = stays.get(name) ?? new Map<unknown, Stay>();
  stays.set(name, here);
  let stay = here.get(key);
  if (!stay) {
    stay = new Stay(name, options, () => {
      here.delete(key);
      if (here.size === 0) stays.delete(name);
    });
    here.set(key, stay);
  }
  return stay;
}

/**
 * Joins a room for as long as a component that asks for it is there; several share it, and it is left with the last. The options of the first count;
 * later only another `identity` makes another member.
 *
 * @example
 * const { room, error } = useRoom("lobby", { presence: { name: "Ada" } });
 * const members = useMembers(room);
 * if (error) return <p>{String(error)}</p>;
 * return <p>{members.length} here</p>;
 */
export function useRoom(name: string, options: JoinOptions = {}): RoomState {
  const { identity } = options;
  // Only a name or an identity makes another room: an object of options is another one at every rendering.
  const subscribe = useCallback((listener: () => void) => stayIn(name, options).subscribe(listener), [name, identity]);
  const state = () => stays.get(name)?.get(identity)?.state ?? JOINING;
  return useSyncExternalStore(subscribe, state, () => JOINING);
}

/** Everybody in the room, me included; nobody while there is no room. */
export function useMembers(room: Room | undefined): readonly Member[] {
  return useSyncExternalStore(room?.subscribe ?? NOTHING, () => room?.members ?? NOBODY, () => NOBODY);
}

/** My own presence, and what sets it. Others' are in their members. */
export function usePresence<T extends Json = Json>(room: Room | undefined): readonly [presence: T | undefined, set: (presence: T) => void] {
  const presence = useSyncExternalStore(room?.subscribe ?? NOTHING, () => room?.self.presence, () => undefined);
  const set = useCallback((next: T) => room?.setPresence(next), [room]);
  return [presence as T | undefined, set];
}

/**
 * The entries of a log, and what appends to it.
 *
 * @example
 * const [messages, send] = useLog<{ text: string }>(room, "chat", { retain: 200 });
 */
export function useLog<T = Json>(room: Room | undefined, name: string, options?: { readonly retain?: number | undefined }): readonly [entries: readonly LogEntry<T>[], send: (data: T) => Promise<void>] {
  const retain = options?.retain;
  const log: Log<T> | undefined = useMemo(() => room?.log<T>(name, { retain }), [room, name, retain]);
  const entries = useSyncExternalStore(log?.subscribe ?? NOTHING, () => log?.entries ?? NO_ENTRIES, () => NO_ENTRIES);
  const send = useCallback(async (data: T) => log?.send(data), [log]);
  return [entries, send];
}

/** What React can compare: the content of a map, another object after each change. */
interface MapStore {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => ReadonlyMap<string, unknown>;
}

const mapStores = new WeakMap<SharedMap<unknown>, MapStore>();

function storeOf(map: SharedMap<unknown>): MapStore {
  let store = mapStores.get(map);
  if (!store) {
    let snapshot: ReadonlyMap<string, unknown> | undefined;
    // First of all listeners, and for good: whoever is told later finds the new content.
    map.on("change", () => void (snapshot = undefined));
    store = { subscribe: (listener) => map.on("change", listener), snapshot: () => (snapshot ??= new Map(map.entries())) };
    mapStores.set(map, store);
  }
  return store;
}

/**
 * The content of a shared map, and the map itself to write into, undefined while there is no room.
 *
 * @example
 * const [notes, board] = useMap<{ text: string }>(room, "board");
 * return [...notes].map(([id, note]) => <p key={id} onClick={() => board?.delete(id)}>{note.text}</p>);
 */
export function useMap<T = Json>(room: Room | undefined, name: string): readonly [content: ReadonlyMap<string, T>, map: SharedMap<T> | undefined] {
  const map = useMemo(() => room?.map<T>(name), [room, name]);
  const store = map && storeOf(map as SharedMap<unknown>);
  const content = useSyncExternalStore(store?.subscribe ?? NOTHING, store?.snapshot ?? (() => NO_KEYS), () => NO_KEYS);
  return [content as ReadonlyMap<string, T>, map];
}

/**
 * The value of a counter, and what adds to it.
 *
 * @example
 * const [votes, add] = useCounter(room, "votes");
 * return <button onClick={() => add(1)}>{votes}</button>;
 */
export function useCounter(room: Room | undefined, name: string): readonly [value: number, add: (n?: number) => void] {
  const counter = useMemo(() => room?.counter(name), [room, name]);
  const subscribe = useMemo(() => (counter ? (listener: () => void) => counter.on("change", listener) : NOTHING), [counter]);
  const value = useSyncExternalStore(subscribe, () => counter?.value ?? 0, () => 0);
  const add = useCallback((n?: number) => counter?.add(n), [counter]);
  return [value, add];
}
