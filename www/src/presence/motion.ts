/**
 * Smooth cursors out of updates that come now and then.
 *
 * Each update starts a straight glide from where the cursor is drawn to where it was reported, which lasts as long as
 * updates have lately been apart. So the drawn cursor arrives just when the next report is due: it never stops in
 * between, and lags by one update at most.
 */

import type { Point } from "../shared/wire.js";

/** A gap longer than this is a pause of the hand, not the pace of the updates. */
const GLIDE_MS_MAX = 120;
const GLIDE_MS_MIN = 16;
/** The weight of the newest gap in the running mean. */
const NEWEST = 0.25;

export class Motion {
  #from: Point;
  #to: Point;
  #start_ms: number;
  #glide_ms = 40;
  #heard_ms: number;

  constructor(at: Point, now_ms: number) {
    this.#from = at;
    this.#to = at;
    this.#start_ms = now_ms;
    this.#heard_ms = now_ms;
  }

  /** A report: the cursor is at `to`. */
  aim(to: Point, now_ms: number): void {
    this.#from = this.at(now_ms);
    const gap_ms = now_ms - this.#heard_ms;
    if (gap_ms <= GLIDE_MS_MAX) {
      const mean_ms = this.#glide_ms + NEWEST * (gap_ms - this.#glide_ms);
      this.#glide_ms = Math.min(GLIDE_MS_MAX, Math.max(GLIDE_MS_MIN, mean_ms));
    }
    this.#to = to;
    this.#start_ms = now_ms;
    this.#heard_ms = now_ms;
  }

  /** Where to draw it. */
  at(now_ms: number): Point {
    const part = Math.min(1, Math.max(0, (now_ms - this.#start_ms) / this.#glide_ms));
    return {
      x: this.#from.x + part * (this.#to.x - this.#from.x),
      y: this.#from.y + part * (this.#to.y - this.#from.y),
    };
  }

  /** Whether it has arrived: nothing needs to be drawn until the next report. */
  settled(now_ms: number): boolean {
    return now_ms - this.#start_ms >= this.#glide_ms;
  }
}
