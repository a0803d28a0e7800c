// @ts-check
// What is measured of a pipe, whatever it is made of.

/**
 * @typedef {object} Pipe
 * @property {(data: Uint8Array<ArrayBuffer>) => Promise<void> | undefined} send what it returns is to be waited for before the next message
 * @property {(listener: (data: Uint8Array) => void) => void} listen instead of whoever listened before
 */

/** @typedef {"raw" | "ours" | "oursToOne"} PipeName a data channel, and ours to all and to one */

/** The first byte of the last message of a flood. */
const LAST = 1;

/**
 * Sends messages for so long, as fast as they are taken.
 * @param {Pipe} pipe
 * @param {number} bytes of each message
 * @param {number} ms
 */
export async function flood(pipe, bytes, ms) {
  const data = new Uint8Array(bytes);
  const endMs = performance.now() + ms;
  while (performance.now() < endMs) {
    const taken = pipe.send(data);
    if (taken) await taken;
  }
  data[0] = LAST;
  await pipe.send(data);
}

/**
 * Counts what comes of a flood, until its last message.
 * @param {Pipe} pipe
 * @returns {Promise<{ messages: number, ms: number }>} how many came after the first one, and in what time
 */
export function tally(pipe) {
  return new Promise((resolve) => {
    let messages = -1;
    let firstMs = 0;
    pipe.listen((data) => {
      messages += 1;
      if (messages === 0) firstMs = performance.now();
      if (data[0] === LAST) resolve({ messages, ms: performance.now() - firstMs });
    });
  });
}

/** Sends back whatever comes. @param {Pipe} pipe */
export function echo(pipe) {
  pipe.listen((data) => void pipe.send(new Uint8Array(data)));
}

/**
 * Sends a message, waits until it is back, and sends the next. A page's clock is too coarse to time one of them.
 * @param {Pipe} pipe
 * @param {number} bytes of each message
 * @param {number} count
 * @returns {Promise<number>} how long each took on average, in ms
 */
export async function roundTrips(pipe, bytes, count) {
  /** @type {() => void} */
  let onBack = () => undefined;
  pipe.listen(() => onBack());
  const data = new Uint8Array(bytes);
  const startMs = performance.now();
  for (let number = 0; number < count; number += 1) {
    const back = new Promise((resolve) => (onBack = () => resolve(undefined)));
    void pipe.send(data);
    await back;
  }
  return (performance.now() - startMs) / count;
}
