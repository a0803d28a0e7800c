// @ts-check
// Who is there, in the words of any library.

/** @typedef {(room: string, relay: string) => Promise<Company>} Enter */
/** @typedef {Record<"chinwag" | "slim" | "yWebrtc" | "trystero", Enter>} Libraries */

const now = () => performance.timeOrigin + performance.now();

/** The others in a room, as one page is told of them. Times are epoch milliseconds. */
export class Company {
  /** What the others know this page by. */
  self;
  /** When each of those who are gone was told to be. @type {Record<string, number>} */
  goneMs = {};
  /** @type {Set<string>} */
  #there = new Set();
  /** @type {{ count: number, resolve: (atMs: number) => void }[]} */
  #waiting = [];

  /** @param {string} self */
  constructor(self) {
    this.self = self;
  }

  /** @param {string} id */
  came(id) {
    this.#there.add(id);
    for (const { count, resolve } of this.#waiting) if (this.#there.size >= count) resolve(now());
  }

  /** @param {string} id */
  left(id) {
    if (this.#there.delete(id)) this.goneMs[id] = now();
  }

  /**
   * When so many others were there, which must be in time.
   * @param {number} count
   * @param {number} withinMs
   * @returns {Promise<number>}
   */
  others(count, withinMs) {
    if (this.#there.size >= count) return Promise.resolve(now());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ count, resolve });
      setTimeout(() => reject(new Error(`only ${this.#there.size} of ${count} others after ${withinMs} ms`)), withinMs);
    });
  }
}
