import type { Channel, MessageMeta } from "./api.js";
import { Listeners } from "./emitter.js";
import { badArgument } from "./errors.js";

/** Messages that wait for the first listener of their channel, over all channels of a room. */
const EARLY_MESSAGES_MAX = 256;
const EARLY_BYTES_MAX = 16 << 20;

/** Messages that wait for a loop over a channel which is slower than they come. */
const ITERATOR_MESSAGES_MAX = 1_024;

/** A message, and what it costs to keep it. */
export interface Delivery {
  readonly data: unknown;
  readonly meta: MessageMeta;
  readonly bytes: number;
}

/** What a channel needs of its room. */
export interface Post {
  send(channel: string, data: unknown, to: string | undefined): Promise<void>;
  /** Messages of this page's that nobody waited for and that had to give way. */
  dropped(count: number): void;
}

/** Messages for channels to which nobody listens yet: the newest within the bounds. */
export class EarlyMessages {
  #waiting: { readonly channel: string; readonly delivery: Delivery }[] = [];
  #bytes = 0;

  /** Keeps a message; returns how many had to give way. */
  keep(channel: string, delivery: Delivery): number {
    this.#waiting.push({ channel, delivery });
    this.#bytes += delivery.bytes;
    let dropped = 0;
    while (this.#waiting.length > EARLY_MESSAGES_MAX || this.#bytes > EARLY_BYTES_MAX) {
      this.#bytes -= this.#waiting.shift()?.delivery.bytes ?? 0;
      dropped += 1;
    }
    return dropped;
  }

  /** The messages of a channel, which are no longer kept. */
  take(channel: string): Delivery[] {
    const taken = this.#waiting.filter((waiting) => waiting.channel === channel).map((waiting) => waiting.delivery);
    this.#waiting = this.#waiting.filter((waiting) => waiting.channel !== channel);
    this.#bytes -= taken.reduce((sum, delivery) => sum + delivery.bytes, 0);
    return taken;
  }
}

/** Where messages wait for the first listener. */
export type Early = Pick<EarlyMessages, "keep" | "take">;

/** A channel of a room. `T` is the user's word: what arrives is whatever the others sent. */
export class RoomChannel<T> implements Channel<T> {
  readonly #name: string;
  readonly #post: Post;
  readonly #early: Early;
  readonly #listeners = new Listeners<[data: T, meta: MessageMeta]>();
  readonly #iterations = new Set<Iteration<T>>();
  /** The early messages are about to be told: what comes now is behind them. */
  #catchingUp = false;
  #closed = false;

  constructor(name: string, post: Post, early: Early) {
    this.#name = name;
    this.#post = post;
    this.#early = early;
  }

  async send(data: T, options?: { readonly to?: string | undefined }): Promise<void> {
    await this.#post.send(this.#name, data, options?.to);
  }

  on(event: "message", listener: (data: T, meta: MessageMeta) => void): () => void {
    if (event !== "message") throw badArgument(`A channel has no event "${String(event)}": it has "message".`);
    const remove = this.#listeners.add(listener);
    if (this.#listeners.size === 1 && !this.#catchingUp) {
      this.#catchingUp = true;
      queueMicrotask(() => this.#catchUp());
    }
    return remove;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<[T, MessageMeta]> {
    const iteration = new Iteration<T>(
      (take) => this.on("message", take),
      () => this.#post.dropped(1),
      () => this.#iterations.delete(iteration),
    );
    this.#iterations.add(iteration);
    if (this.#closed) iteration.end();
    return iteration;
  }

  /** Tells a message, or keeps it for the first listener. */
  deliver(delivery: Delivery): void {
    if (this.#listeners.size === 0 || this.#catchingUp) this.#post.dropped(this.#early.keep(this.#name, delivery));
    else this.#listeners.tell(delivery.data as T, delivery.meta);
  }

  /** There will be no more messages. */
  close(): void {
    this.#closed = true;
    for (const iteration of this.#iterations) iteration.end();
  }

  #catchUp(): void {
    this.#catchingUp = false;
    for (const delivery of this.#early.take(this.#name)) this.deliver(delivery);
  }
}

/** One loop over a channel, with the messages that it has not got to yet. */
class Iteration<T> implements AsyncIterableIterator<[T, MessageMeta]> {
  readonly #unsubscribe: () => void;
  readonly #onEnd: () => void;
  #messages: [T, MessageMeta][] = [];
  #asked: ((result: IteratorResult<[T, MessageMeta], undefined>) => void)[] = [];
  #ended = false;

  constructor(subscribe: (take: (data: T, meta: MessageMeta) => void) => () => void, onDrop: () => void, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#unsubscribe = subscribe((data, meta) => {
      const asked = this.#asked.shift();
      if (asked) return asked({ done: false, value: [data, meta] });
      this.#messages.push([data, meta]);
      if (this.#messages.length > ITERATOR_MESSAGES_MAX) {
        this.#messages.shift();
        onDrop();
      }
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<[T, MessageMeta], undefined>> {
    const value = this.#messages.shift();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  return(): Promise<IteratorResult<[T, MessageMeta], undefined>> {
    this.#messages = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** No more messages; those that wait are still yielded. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    this.#onEnd();
    for (const asked of this.#asked.splice(0)) asked({ done: true, value: undefined });
  }
}
