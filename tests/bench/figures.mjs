// @ts-check
// What was measured, as a table and as JSON.
import { median } from "../e2e/harness/clock.mjs";

/** @typedef {import("./trials.mjs").Figure} Figure */

/** The middle of the ratios of ours to theirs, round by round. @param {Figure} figure */
export function ratio({ ours, theirs }) {
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

/** Whether the aim is met; undefined where there is none. @param {Figure} figure */
export function isMet(figure) {
  if (figure.aim === undefined) return undefined;
  return figure.better === "more" ? ratio(figure) >= figure.aim : ratio(figure) <= figure.aim;
}

/** @param {readonly Figure[]} figures */
export function table(figures) {
  const rows = figures.map((figure) => {
    const { what, unit, than, better, aim, ours, theirs } = figure;
    const goal = aim === undefined ? "" : `${better === "more" ? "≥" : "≤"} ${aim}`;
    const verdict = { true: "met", false: "missed", undefined: "" }[`${isMet(figure)}`] ?? "";
    return [what, unit, spread(ours), than, spread(theirs), ratio(figure).toFixed(2), goal, verdict];
  });
  const lines = [["", "", "Chinwag", "compared with", "", "ratio", "aim", ""], ...rows];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join("\n");
}

/** The median, and the least and the greatest of all rounds. @param {readonly number[]} values */
function spread(values) {
  return `${figureOf(median(values))} (${figureOf(Math.min(...values))}–${figureOf(Math.max(...values))})`;
}

/** Three digits, as many as there are anyway, and no more after the point than needed. @param {number} value */
function figureOf(value) {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/**
 * @param {readonly Figure[]} figures
 * @param {{ date: string, machine: string, browser: string }} run
 */
export function json(figures, run) {
  return JSON.stringify({ ...run, figures: figures.map((figure) => ({ ...figure, ratio: ratio(figure), met: isMet(figure) })) });
}
