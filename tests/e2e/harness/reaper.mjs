// @ts-check
// Runs beside a test process and outlives it by a moment: when the pipe from it closes, for whatever reason (end,
// crash, SIGKILL), every process group that it started is killed, and every folder that it made is removed.
// One command a line: `group PID`, `forget PID`, `folder PATH`.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

/** @type {Set<number>} */
const groups = new Set();
/** @type {Set<string>} */
const folders = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const [command = "", ...rest] = line.split(" ");
  const argument = rest.join(" ");
  if (command === "group") groups.add(Number(argument));
  else if (command === "forget") groups.delete(Number(argument));
  else if (command === "folder") folders.add(argument);
}

for (const group of groups) {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It is gone already, which is what we want.
  }
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
