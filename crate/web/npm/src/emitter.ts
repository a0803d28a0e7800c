import { badArgument } from "./errors.js";

/** Tells the page of an exception in a listener, without stopping anybody else. */
function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}

/** Calls a listener; what it throws goes to the page's error handlers. */
export function call<Args extends readonly unknown[]>(listener: (...args: Args) => void, args: Args): void {
  try {
    listener(...args);
  } catch (error) {
    report(error);
  }
}

/** A set of listeners in which one function may be twice. */
export class Listeners<Args extends readonly unknown[]> {
  readonly #entries = new Set<{ readonly listener: (...args: Args) => void }>();

  /** Adds a listener; returns what removes it. */
  add(listener: (...args: Args) => void): () => void {
    if (typeof listener !== "function") throw badArgument("The listener is not a function.");
    const entry = { listener };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** Calls those who listen now. One that is removed meanwhile is not called any more. */
  tell(...args: Args): void {
    for (const entry of [...this.#entries]) {
      if (this.#entries.has(entry)) call(entry.listener, args);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}

/**
 * Listeners for whom the first arguments wait: what comes before anybody listens is told to the first who does, in
 * order, as soon as the code that subscribes has run.
 */
export class PatientListeners<Args extends readonly unknown[]> {
  readonly #listeners = new Listeners<Args>();
  readonly #waitingMax: number;
  #waiting: Args[] = [];

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  add(listener: (...args: Args) => void): () => void {
    const remove = this.#listeners.add(listener);
    if (this.#waiting.length > 0) queueMicrotask(() => this.#flush());
    return remove;
  }

  tell(...args: Args): void {
    if (this.#listeners.size > 0 && this.#waiting.length === 0) return this.#listeners.tell(...args);
    this.#waiting.push(args);
    if (this.#waiting.length > this.#waitingMax) this.#waiting.shift();
  }

  #flush(): void {
    // Whoever subscribed may have left again.
    while (this.#listeners.size > 0) {
      const args = this.#waiting.shift();
      if (args === undefined) return;
      this.#listeners.tell(...args);
    }
  }
}
