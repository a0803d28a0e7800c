// @ts-check
// Runs the end-to-end tests one after another, but for those that mostly wait: these share their minutes. What is behind `--` goes to node's runner.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const PATIENT = ["hidden.test.mjs", "server-death.test.mjs"];

const others = readdirSync(".").filter((file) => file.endsWith(".test.mjs") && !PATIENT.includes(file));
const codes = [PATIENT, others].map((files, at) => {
  const width = at === 0 ? files.length : 1;
  const runner = ["--test", `--test-concurrency=${width}`, "--test-reporter=spec", ...process.argv.slice(2), ...files];
  return spawnSync(process.execPath, runner, { stdio: "inherit" }).status ?? 1;
});
process.exitCode = Math.max(...codes);
