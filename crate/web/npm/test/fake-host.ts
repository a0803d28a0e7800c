import { vi } from "vitest";
import type { Host, Kind, Sink } from "../src/host.js";

/** A host that does nothing by itself, but remembers what it is asked. */
export class FakeHost implements Host {
  static made: FakeHost[] = [];
  /** The id of the next. */
  static id = "00".repeat(16);
  id = FakeHost.id;
  readonly calls: unknown[][] = [];
  freed = 0;
  goneResolve: () => void = () => {};
  throws: unknown;
  /** What `open` tells, by kind and name: the arguments of `Sink.state` behind those. */
  readonly held = new Map<string, [key: string, from: string, value: unknown][]>();
  #stamp = 0;
  #telling = false;
  readonly #news: (() => void)[] = [];

  constructor(
    readonly sink: Sink,
    readonly room = "room",
    readonly secret: Uint8Array = new Uint8Array(32),
    readonly urls: string[] = [],
    readonly zone: string | undefined = undefined,
    readonly config: Float64Array = new Float64Array(),
  ) {
    FakeHost.made.push(this);
  }

  start(alone: boolean): void {
    this.calls.push(["start", alone]);
    this.tell("self", this.id, undefined, 1);
    if (!alone) this.sink.signaling("connecting");
    if (alone) this.sink.ready();
    this.sink.settled();
  }
  setPresence(value: unknown): void {
    if (this.throws !== undefined) throw this.throws;
    this.calls.push(["setPresence", value]);
  }
  send(channel: string, to: string | undefined, value: unknown): Promise<unknown> {
    if (this.throws !== undefined) throw this.throws;
    this.calls.push(["send", channel, to, value]);
    return Promise.resolve();
  }
  open(kind: Kind, name: string): void {
    this.calls.push(["open", kind, name]);
    for (const [key, from, value] of this.held.get(`${kind} ${name}`) ?? []) this.sink.state(kind, name, key, from, value);
  }
  write(kind: Kind, name: string, key: string, value: unknown): Promise<unknown> | undefined {
    if (this.throws !== undefined) {
      if (kind === "log") return Promise.reject(this.throws as Error);
      throw this.throws;
    }
    this.calls.push(["write", kind, name, key, value]);
    if (kind === "log") {
      this.entry(name, value, this.id);
      return Promise.resolve();
    }
    if (kind === "map") this.news(kind, name, key, this.id, value);
    else {
      this.#totals.set(name, (this.#totals.get(name) ?? 0) + (value as number));
      this.news(kind, name, "", "", this.#totals.get(name));
    }
    return undefined;
  }
  readonly #totals = new Map<string, number>();
  setHidden(hidden: boolean): void {
    this.calls.push(["setHidden", hidden]);
  }
  wake(): void {
    this.calls.push(["wake"]);
  }
  iceServers(): unknown {
    return this.sink.iceServers(undefined);
  }
  /** Whether the node has a place for another link. */
  hasPlace = true;
  /** A stand-in for the envelope of docs/PROTOCOL.md: who, for whom, and a signature that is the room's name. */
  seal(addressee: Uint8Array, value: unknown): Uint8Array {
    const frame = new Uint8Array([...new Uint8Array(34), ...addressee, ...new TextEncoder().encode(JSON.stringify([this.id, value, this.room], plain))]);
    this.calls.push(["seal", value]);
    return frame;
  }
  unseal(frame: Uint8Array, patienceMs: number): unknown[] | undefined {
    try {
      const [from, value, room] = JSON.parse(new TextDecoder().decode(frame.subarray(58)), lively) as [string, unknown, string];
      if (patienceMs > 0) this.calls.push(["unseal", patienceMs]);
      if (patienceMs > 0 && this.hasPlace) void Promise.resolve(this.sink.iceServers(undefined)).then((given) => this.sink.connect(given));
      return [from, value, room === this.room];
    } catch {
      return undefined;
    }
  }
  leave(): Promise<unknown> {
    this.calls.push(["leave"]);
    return Promise.resolve();
  }
  stats(): Float64Array {
    return Float64Array.from({ length: 87 }, (_, at) => at + 1);
  }
  free(): void {
    this.freed += 1;
  }

  /** Tells of a member, as the host in Rust does. */
  tell(what: Parameters<Sink["member"]>[0], id: string, presence?: unknown, joinedAt = 2, suspect = false, why = ""): void {
    this.sink.member(what, id, presence, suspect, undefined, false, undefined, joinedAt, why);
  }

  /** Tells of a message of 10 bytes. */
  message(channel: string, data: unknown, from = this.id, bytes = 10): void {
    this.sink.message(from, `${from}-1`, channel, 5, 1, false, data, bytes);
  }

  /** News of the state: told at once, or, within a listener, when all have heard what came before, as the host in Rust does. */
  news(kind: Kind, name: string, key: string, from: string, value: unknown): void {
    this.#news.push(() => this.sink.state(kind, name, key, from, value));
    if (this.#telling) return;
    this.#telling = true;
    for (let tell = this.#news.shift(); tell; tell = this.#news.shift()) tell();
    this.#telling = false;
    this.sink.settled();
  }

  /** A message of a log: behind all others, or at a place. */
  entry(log: string, data: unknown, from: string, stamp = (this.#stamp += 1)): void {
    this.news("log", log, placed(stamp), from, data);
  }

  asked(name: string): unknown[][] {
    return this.calls.filter(([call]) => call === name);
  }
}

/** Bytes as JSON, and back. */
const plain = (_: string, value: unknown) => (value instanceof Uint8Array ? { bytes: [...value] } : value);
const lively = (_: string, value: unknown) => (Array.isArray((value as { bytes?: number[] } | null)?.bytes) ? new Uint8Array((value as { bytes: number[] }).bytes) : value);

/** The last host that was made. */
export function lastHost(): FakeHost {
  const host = FakeHost.made.at(-1);
  if (!host) throw new Error("no host was made");
  return host;
}

/** The globals of a page that a room looks at; returns what dispatches its events. */
export function stubPage(): (type: string, fields?: object) => void {
  FakeHost.made = [];
  FakeHost.id = "00".repeat(16);
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", document);
  vi.stubGlobal("RTCPeerConnection", class {});
  vi.stubGlobal("location", new URL("https://chat.example/room"));
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  return (type, fields = {}) => {
    if (type === "visibilitychange") document.hidden = (fields as { hidden: boolean }).hidden;
    (["visibilitychange", "freeze", "resume"].includes(type) ? document : page).dispatchEvent(Object.assign(new Event(type), fields));
  };
}

/** A place in a log, with 7 ms as its time. */
export function placed(stamp: number): string {
  return `000000000007${stamp.toString(16).padStart(4, "0")}`;
}
