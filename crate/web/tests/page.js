// What the tests put around hosts: a signaling server inside the page, behind the browser's own WebSocket interface,
// and sinks that remember what they are told.

const RealWebSocket = globalThis.WebSocket;

/** Rooms of the server inside the page: name to sockets by member id. */
const rooms = new Map();

/** How the server behaves. */
let down = false;
let sockets = 0;

class FakeWebSocket {
  constructor(url) {
    if (!url.startsWith("ws://in.page/")) throw new SyntaxError(`no URL of the test: ${url}`);
    this.readyState = 0;
    sockets += 1;
    setTimeout(() => this.#open());
  }

  #open() {
    if (this.readyState !== 0) return;
    if (down) return this.#end();
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  send(text) {
    if (this.readyState === 0) throw new DOMException("still connecting", "InvalidStateError");
    queueMicrotask(() => this.#receive(JSON.parse(text)));
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#leave();
  }

  #end() {
    this.readyState = 3;
    this.#leave();
    this.onclose?.(new Event("close"));
  }

  #leave() {
    if (rooms.get(this.room)?.get(this.id) === this) rooms.get(this.room).delete(this.id);
  }

  tell(message) {
    queueMicrotask(() => this.onmessage?.(new MessageEvent("message", { data: typeof message === "string" ? message : JSON.stringify(message) })));
  }

  #receive(message) {
    const others = rooms.get(this.room ?? message.room) ?? new Map();
    switch (message.type) {
      case "join":
        this.room = message.room;
        this.id = message.id;
        this.tell({ type: "welcome", version: 1, members: [...others.keys()].slice(0, 3), ice: [] });
        rooms.set(this.room, others.set(this.id, this));
        break;
      case "signal":
        if (others.has(message.to)) others.get(message.to).tell({ type: "signal", from: this.id, data: message.data });
        else this.tell({ type: "unknown", to: message.to });
        break;
      case "linked":
        this.links = message.links;
        break;
      case "peers":
        this.tell({ type: "peers", members: [...others.keys()].filter((id) => id !== this.id).slice(0, 3) });
        break;
    }
  }

  /** The server closes the socket. */
  end() {
    this.#end();
  }
}

export function useFakeServer() {
  globalThis.WebSocket = FakeWebSocket;
}

/** Takes the server down with all its sockets, or brings it back. */
export function setDown(value) {
  down = value;
  if (!down) return;
  for (const room of rooms.values()) for (const socket of [...room.values()]) socket.end();
}

/** Sends something, whatever it is, to all members of a room that are attached. */
export function serverSays(room, text) {
  for (const socket of rooms.get(room)?.values() ?? []) socket.tell(text);
}

/** How many sockets have been made, and how many are attached to a room. */
export const socketsMade = () => sockets;
export const attached = (room) => rooms.get(room)?.size ?? 0;
export const linksTold = (room, id) => rooms.get(room)?.get(id)?.links ?? -1;

/** A sink that remembers, and in which one can wait for what it is told. */
export class Memory {
  constructor() {
    this.told = [];
    this.members = new Map();
    this.messages = [];
    this.state = "detached";
    this.waiting = [];
  }

  member(what, id, presence, suspect, zone, linked) {
    if (what === "left" || what === "failed") this.members.delete(id);
    else this.members.set(id, { presence: presence ?? this.members.get(id)?.presence, suspect, zone, linked });
    this.note(`${what} ${id}`);
  }
  link(id, up) {
    if (this.members.has(id)) this.members.get(id).linked = up;
    this.note(`${up ? "up" : "down"} ${id}`);
  }
  ready() { this.note("ready"); }
  message(from, id, channel, sentAt, hops, direct, data, bytes) {
    this.messages.push({ from, id, channel, sentAt, hops, direct, data, bytes });
    this.note(`message ${channel}`);
  }
  signaling(state) { this.state = state; this.note(`signaling ${state}`); }
  trouble(code, detail) { this.note(`trouble ${code}: ${detail}`); }
  settled() {}
  soon(call) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      call();
    };
    port2.postMessage(0);
  }
  iceServers(offered) { return this.ice ? this.ice(offered) : undefined; }
  /** As the face does it. */
  connect(given) {
    try {
      return new Connection(given, this.relayOnly);
    } catch (error) {
      this.note(`no connection: ${error.name}`);
      throw error;
    }
  }

  note(text) {
    this.told.push(text);
    for (const check of [...this.waiting]) check();
  }

  /** Resolves when `condition` holds; it is looked at whenever something is told. */
  until(what, condition) {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting = this.waiting.filter((other) => other !== check);
      };
      const check = () => condition(this) && (done(), resolve());
      const timer = setTimeout(() => { done(); reject(new Error(`waited in vain for ${what}; told: ${this.told.join(", ")}`)); }, 15_000);
      this.waiting.push(check);
      check();
    });
  }
}

class Connection {
  constructor(iceServers, relayOnly) {
    this.relayOnly = relayOnly;
    this.connection = new RTCPeerConnection(this.configuration(iceServers));
    const channel = (id, more) => this.connection.createDataChannel("chinwag", { negotiated: true, id, ...more });
    this.reliable = channel(0);
    this.unreliable = channel(1, { ordered: false, maxRetransmits: 0 });
  }
  get isOpen() { return this.reliable.readyState === "open" && this.unreliable.readyState === "open"; }
  get hasFailed() { return this.connection.connectionState === "failed"; }
  get sdp() { return this.connection.localDescription?.sdp; }
  get answers() { return this.connection.localDescription?.type === "answer"; }
  describe() { return this.connection.setLocalDescription(); }
  take(type, sdp) { return this.connection.setRemoteDescription({ type, sdp }); }
  add(candidate, sdpMid, sdpMLineIndex) { return this.connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex }); }
  restart() { this.connection.restartIce(); }
  configuration(iceServers) { return { iceServers, iceTransportPolicy: this.relayOnly ? "relay" : "all" }; }
  configure(iceServers) { this.connection.setConfiguration(this.configuration(iceServers)); }
  listen(onEvent, onMessage) {
    Object.assign(this.connection, { onicecandidate: onEvent, onconnectionstatechange: onEvent, ondatachannel: onEvent });
    for (const channel of [this.reliable, this.unreliable]) {
      Object.assign(channel, { binaryType: "arraybuffer", onopen: onEvent, onerror: onEvent, onmessage: onMessage }, onEvent && { onclose: onEvent });
    }
    this.reliable.onbufferedamountlow = onEvent;
  }
  part() {
    this.listen(null, null);
    this.reliable.close();
  }
  close() {
    this.listen(null, null);
    this.reliable.onclose = this.unreliable.onclose = null;
    this.connection.close();
  }
}

export function memory() {
  return new Memory();
}

const CONDITIONS = {
  ready: (sink) => sink.told.includes("ready"),
  others: (sink, count) => sink.members.size === count + 1 && [...sink.members.values()].filter((member) => member.linked).length === count,
  messages: (sink, count) => sink.messages.length >= count,
  state: (sink, state) => sink.state === state,
  told: (sink, text) => sink.told.some((told) => told.startsWith(text)),
  presence: (sink, [id, presence]) => JSON.stringify(sink.members.get(id)?.presence) === presence,
};

export function until(sink, condition, detail) {
  return sink.until(`${condition} ${detail}`, (it) => CONDITIONS[condition](it, detail));
}

export const told = (sink) => sink.told.join("\n");
export const message = (sink, at) => sink.messages[at];
export const setIce = (sink, ice) => void (sink.ice = ice);
export const setRelayOnly = (sink, relayOnly) => void (sink.relayOnly = relayOnly);

/** Runs a piece of JavaScript. */
export const js = (code) => new Function(`return (${code})`)();

/** Whether two values are equal, and of the same types, all the way down. */
export function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Uint8Array) return a.length === b.length && a.every((byte, at) => byte === b[at]);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

export function realWebSocket() {
  globalThis.WebSocket = RealWebSocket;
}
