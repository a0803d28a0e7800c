// @ts-check
// What a test process starts or creates must not outlive it, even if it is killed. A small second process, the
// reaper, holds the other end of a pipe and clears up when that pipe closes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

const reaper = spawn(process.execPath, [fileURLToPath(new URL("reaper.mjs", import.meta.url))], {
  detached: true,
  stdio: ["pipe", "ignore", "inherit"],
});
reaper.unref();
// The type of a pipe does not tell that it is a socket; unreferenced, it does not keep the test process alive.
/** @type {import("node:net").Socket} */ (/** @type {unknown} */ (reaper.stdin)).unref();

/** @param {string} command */
const tell = (command) => void reaper.stdin.write(`${command}\n`);

/**
 * This run's own folder for everything temporary: browser profiles, built sites. `TMPDIR` points there, so that
 * the browsers put their files there as well.
 */
export const scratchFolder = realpathSync(mkdtempSync(join(tmpdir(), "chinwag-e2e-")));
tell(`folder ${scratchFolder}`);
process.env["TMPDIR"] = scratchFolder;
// The ordinary end. Where all of this runs in a namespace of its own, the reaper may not live long enough to do it.
process.once("exit", () => rmSync(scratchFolder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));

/**
 * Puts a process that leads its own group under the reaper's care.
 * @param {ChildProcess} child
 */
export function guard(child) {
  const { pid } = child;
  if (pid === undefined) throw new Error("a process that has not started cannot be guarded");
  tell(`group ${pid}`);
  child.once("exit", () => tell(`forget ${pid}`));
}

/**
 * SIGKILL to a process and its children, as when the machine or the operating system ends them: nothing of theirs runs any more.
 * Resolves when the leader is gone.
 * @param {ChildProcess} child the leader of a process group
 */
export async function killGroup(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  signalGroup(child, "SIGKILL");
  await gone;
}

/**
 * A signal to a process and its children.
 * @param {ChildProcess} child the leader of a process group
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(child, signal) {
  if (child.pid === undefined) throw new Error("a process that has not started gets no signals");
  process.kill(-child.pid, signal);
}
