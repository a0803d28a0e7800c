// @ts-check
// What befalls tabs other than by their users: they crash, are frozen, are covered by another tab.
import assert from "node:assert/strict";

/** @typedef {import("./tab.mjs").Tab} Tab */

/** A browser does as it is told in this time. */
const PROMPT_MS = 5_000;

/**
 * Chromium only: ends the process of a tab's page where it stands, and nothing else. No event, no goodbye, no end of any connection
 * is sent: the others hear nothing more. Resolves when the browser has noticed.
 * @param {Tab} tab
 */
export async function crash(tab) {
  const session = await tab.page.createCDPSession();
  const gone = new Promise((resolve) => session.once("Inspector.targetCrashed", resolve));
  tab.open = false;
  // Who crashes gives no answer; the session ends with its browser.
  session.send("Page.crash").catch(() => undefined);
  await gone;
}

/**
 * Chromium only: freezes a tab as the browser does with those which nobody has looked at for long: it is hidden, and none of its tasks run.
 * @param {Tab} tab
 */
export async function freeze(tab) {
  const session = await tab.page.createCDPSession();
  await session.send("Page.setWebLifecycleState", { state: "frozen" });
  await session.detach();
}

/**
 * Ends what `freeze` did, and shows the tab again, which for a browser is another matter.
 * @param {Tab} tab
 */
export async function thaw(tab) {
  const session = await tab.page.createCDPSession();
  await session.send("Page.setWebLifecycleState", { state: "active" });
  const { windowId } = await session.send("Browser.getWindowForTarget");
  for (const windowState of /** @type {const} */ (["minimized", "normal"])) {
    await session.send("Browser.setWindowBounds", { windowId, bounds: { windowState } });
  }
  await session.detach();
  await tab.until("it is visible again", PROMPT_MS, () => document.visibilityState === "visible");
}

/**
 * Opens another tab before this one, so that it is hidden. Firefox opens it in its newest window, so that must be the tab's.
 * @param {Tab} tab
 */
export async function cover(tab) {
  const before = await tab.page.browserContext().newPage({ type: "tab" });
  await before.bringToFront();
  await tab.until("it is hidden", PROMPT_MS, () => document.visibilityState === "hidden");
  assert.equal(await before.evaluate("document.visibilityState"), "visible", `what covers ${tab.label}`);
}
