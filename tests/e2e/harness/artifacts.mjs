// @ts-check
// What a failed test leaves behind: everything that one would have looked at.
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = resolve(process.env["CHINWAG_E2E_ARTIFACTS"] ?? fileURLToPath(new URL("../artifacts", import.meta.url)));
/** A page that does not answer in this time has no say in the report. */
const ANSWER_MS = 5_000;

/**
 * Writes each tab's console, room and picture, and the server's log, to a folder of their own.
 * @param {string} name the test's
 * @param {readonly import("./tab.mjs").Tab[]} tabs
 * @param {import("./server.mjs").Server} server
 * @param {unknown} error
 * @returns {Promise<string>} the folder
 */
export async function keepArtifacts(name, tabs, server, error) {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60);
  const target = join(folder, `${new Date().toISOString().replace(/[:.]/g, "-")}-${slug}`);
  await mkdir(target, { recursive: true });
  await writeFile(join(target, "error.txt"), error instanceof Error ? error.stack ?? error.message : String(error));
  await writeFile(join(target, "server.log"), server.log.join("\n"));
  await Promise.all(tabs.map((tab) => keepTab(target, tab)));
  return target;
}

/**
 * @param {string} target
 * @param {import("./tab.mjs").Tab} tab
 */
async function keepTab(target, tab) {
  const path = join(target, tab.label.replace(/\W+/g, "-"));
  const page = tab.open ? await answer(tab.evaluate(describe)) : "closed or killed";
  await writeFile(`${path}.json`, JSON.stringify({ label: tab.label, url: tab.page.url(), page, console: tab.console }, undefined, 1));
  if (tab.open) await answer(tab.page.screenshot({ path: `${path}.png` }));
}

/** The answer, or why there is none. @param {Promise<unknown>} promise */
async function answer(promise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((done) => (timer = setTimeout(done, ANSWER_MS, `no answer in ${ANSWER_MS} ms`)));
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    return String(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs in the page. */
const describe = () => {
  const { room, error } = window.chinwag ?? {};
  const mesh = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="mesh-state"]'));
  return {
    title: document.title,
    visibility: document.visibilityState,
    error: error === undefined ? undefined : String(error),
    mesh: { ...mesh?.dataset, text: mesh?.textContent },
    self: room?.self.id,
    members: room?.members.map(({ id, status, linked, rttMs, presence }) => ({ id, status, linked, rttMs, presence })),
    stats: room?.stats(),
    recording: window.recording,
    pulse: window.pulse,
    talk: window.talk,
    candidates: window.wire?.candidates,
    errors: window.errors,
  };
};
