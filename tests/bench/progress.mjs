// @ts-check
// How far it is: a bar on a terminal, a line for each step where there is none.

const BAR_WIDTH = 30;

/** Progress through a known number of steps, on standard error. */
export class Progress {
  #steps;
  #done = -1;
  #stream = process.stderr;

  /** @param {number} steps */
  constructor(steps) {
    this.#steps = steps;
  }

  /** Says what begins now; what was said before is done. @param {string} what */
  step(what) {
    this.#done += 1;
    const place = `${this.#done}/${this.#steps}`;
    if (!this.#stream.isTTY) return void this.#stream.write(`${place} ${what}\n`);
    const filled = Math.round((BAR_WIDTH * this.#done) / this.#steps);
    this.#stream.write(`\r\x1b[K${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${place} ${what}`);
  }

  end() {
    if (this.#stream.isTTY) this.#stream.write("\r\x1b[K");
  }
}
