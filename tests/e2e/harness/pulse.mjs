// @ts-check
// A page's heartbeat, which tells when it could not run: because the machine was busy, because the browser let its timers wait, or because it
// was frozen. What is late in a page for such a reason is told apart by it from what the library is late with.

/** The time between two beats of a page that may run as it likes. */
const BEAT_MS = 50;
/** What comes later than this stood still, and the library takes it for that as well (`latenessMs`). */
const STALL_MS = 250;

/**
 * @typedef {object} Pulse times in epoch milliseconds
 * @property {{ atMs: number, ms: number }[]} gaps the longer times between two beats, by their ends
 * @property {number} beats how many there were
 * @property {number} lastMs when the last was
 * @property {{ atMs: number, event: string, visible: boolean }[]} life what befell the page: `visibilitychange`, `freeze`, `resume`
 */

/** @typedef {import("./suite.mjs").Visitor} Visitor */
/** @typedef {import("./tab.mjs").Tab} Tab */

/** Runs in the page. @param {number} beatMs @param {number} stallMs */
const beat = (beatMs, stallMs) => {
  const now = () => performance.timeOrigin + performance.now();
  /** @type {Pulse} */
  const pulse = { gaps: [], beats: 0, lastMs: now(), life: [] };
  window.pulse = pulse;
  const next = () => {
    const atMs = now();
    const ms = atMs - pulse.lastMs;
    if (ms > beatMs + stallMs) pulse.gaps.push({ atMs, ms });
    pulse.beats += 1;
    pulse.lastMs = atMs;
    setTimeout(next, beatMs);
  };
  setTimeout(next, beatMs);
  for (const event of ["visibilitychange", "freeze", "resume"]) {
    document.addEventListener(event, () => pulse.life.push({ atMs: now(), event, visible: document.visibilityState === "visible" }));
  }
};

/** Lets pages' hearts beat. @param {readonly Tab[]} tabs */
export async function feelPulse(tabs) {
  await Promise.all(tabs.map((tab) => tab.evaluate(beat, BEAT_MS, STALL_MS)));
}

/** @param {Tab} tab */
export const pulseOf = async (tab) => tab.evaluate(() => window.pulse);

/**
 * How long pages stood still in a time: the longest at once, and the most that one of them did in sum.
 * @param {readonly Tab[]} tabs
 * @param {number} fromMs epoch milliseconds
 * @param {number} toMs
 */
export async function stallsOf(tabs, fromMs, toMs) {
  const stalls = await Promise.all(
    tabs.map(async (tab) => {
      const { gaps } = await pulseOf(tab);
      return gaps.map(({ atMs, ms }) => Math.max(0, Math.min(atMs, toMs) - Math.max(atMs - ms + BEAT_MS, fromMs)));
    }),
  );
  return { longestMs: Math.max(0, ...stalls.flat()), sumMs: Math.max(0, ...stalls.map((all) => all.reduce((sum, ms) => sum + ms, 0))) };
}
