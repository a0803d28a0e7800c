// @ts-check
// Chinwag beside a bare data channel, y-webrtc and Trystero, in Chromium: `cargo xtask bench web`.
import { arch, cpus, platform } from "node:os";
import { parseArgs } from "node:util";
import { json, table } from "./figures.mjs";
import { Progress } from "./progress.mjs";
import { Stage } from "./stage.mjs";
import { TRIALS } from "./trials.mjs";

const { values, positionals } = parseArgs({ options: { json: { type: "boolean", default: false } }, allowPositionals: true });
const unknown = positionals.filter((name) => !TRIALS.some((trial) => trial.name === name));
if (unknown.length > 0) {
  console.error(`There is no trial ${unknown.join(", ")}. There are: ${TRIALS.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}
const trials = positionals.length === 0 ? TRIALS : TRIALS.filter(({ name }) => positionals.includes(name));

const progress = new Progress(trials.reduce((sum, { steps }) => sum + steps, 0));
const stage = await Stage.open();
try {
  const browser = await stage.browserVersion();
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${platform()} ${arch()}`;
  const figures = [];
  for (const trial of trials) figures.push(...(await trial.run(stage, (what) => progress.step(what))));
  progress.end();
  const date = new Date().toISOString().slice(0, 10);
  if (values.json) {
    console.log(json(figures, { date, machine, browser }));
  } else {
    console.log(`${date}, ${browser}, ${machine}. Medians of all rounds, with the least and the greatest; the ratio is the median of the rounds' ratios.\n`);
    console.log(table(figures));
  }
} finally {
  await stage.close();
}
