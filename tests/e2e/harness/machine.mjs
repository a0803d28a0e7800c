// @ts-check
// How much of the machine other programs take meanwhile: what is late for that reason is neither the library's fault nor the browser's.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** A clock tick of Linux, as its process accounting counts. */
const TICK_MS = 10;

/** @typedef {{ allMs: number, ownMs: number }} Reading processor time: all that was used, and what this test's processes used */

/**
 * Processor time up to now. Where the test has no process namespace of its own, all processes count as its own, and where there is no /proc there is none.
 * @returns {Reading}
 */
export function readMachine() {
  try {
    const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "").split(/\s+/).map(Number);
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return { allMs: (user + nice + system + irq + softirq + steal) * TICK_MS, ownMs: pids.reduce((sum, pid) => sum + usedBy(pid), 0) };
  } catch {
    return { allMs: 0, ownMs: 0 };
  }
}

/** What a process and its children that have ended have used. @param {string} pid */
function usedBy(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the name, which may hold anything: the state, and eleven fields on the times (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    return fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) * TICK_MS;
  } catch {
    // It has ended since we saw its number.
    return 0;
  }
}

/**
 * By how much other programs have delayed what needs all of the machine, since a reading.
 * @param {Reading} since
 */
export function takenByOthersMs(since) {
  const { allMs, ownMs } = readMachine();
  return Math.max(0, allMs - since.allMs - (ownMs - since.ownMs)) / availableParallelism();
}
