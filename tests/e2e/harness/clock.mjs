// @ts-check
// One clock for all tabs of a machine: milliseconds since 1970 with fractions, `performance.timeOrigin + performance.now()`. It reads the
// same in the test process and in every page, up to what `Tab.clockOffsetMs` measures. Chromium rounds it to 0.1 ms, Firefox
// to 1 ms, so that a latency of which one end is Firefox is true to 1 ms.

/** Now, in epoch milliseconds with fractions. */
export const nowMs = () => performance.timeOrigin + performance.now();

/**
 * The middle of the values; of an even number of them, the greater of the two in the middle.
 * @param {readonly number[]} values at least one
 */
export function median(values) {
  const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new RangeError("no median of nothing");
  return middle;
}

/** The greatest of the values. @param {readonly number[]} values */
export const worst = (values) => Math.max(...values);

/** A figure for a report. @param {number} ms */
export const inMs = (ms) => `${ms.toFixed(1)} ms`;

/**
 * Calls `step` once a second, `seconds` times, at even times however long a step takes. This paces what users do;
 * it waits for nothing to become true.
 * @param {number} seconds
 * @param {(second: number) => Promise<void>} step
 */
export async function everySecond(seconds, step) {
  const startMs = nowMs();
  for (let second = 0; second < seconds; second += 1) {
    await step(second);
    const restMs = startMs + (second + 1) * 1000 - nowMs();
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}
