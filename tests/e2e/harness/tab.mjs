// @ts-check
// One tab of either browser, with what a user does in it, and waits that are assertions.
import assert from "node:assert/strict";
import { nowMs } from "./clock.mjs";

/** @typedef {import("puppeteer-core").Page} Page */
/** @typedef {import("./browsers.mjs").Browser} Browser */

/** How much longer than its own deadline a page may take to answer, before it counts as hung. */
const HUNG_MS = 10_000;

/**
 * Runs in the page: resolves as soon as the predicate's value is truthy, or at the deadline. Looks at every frame, and
 * at least every 50 ms where no frames are drawn.
 * @param {(...args: any[]) => unknown} predicate
 * @param {unknown[]} args
 * @param {number} withinMs
 */
const watch = (predicate, args, withinMs) =>
  new Promise((resolve) => {
    const startMs = performance.now();
    const look = () => {
      const value = predicate(...args);
      const tookMs = performance.now() - startMs;
      if (value || tookMs > withinMs) {
        resolve({ value, tookMs, atMs: performance.timeOrigin + performance.now() });
        return;
      }
      let looked = false;
      const again = () => {
        if (looked) return;
        looked = true;
        look();
      };
      requestAnimationFrame(again);
      setTimeout(again, 50);
    };
    look();
  });

/** One tab. */
export class Tab {
  /** Its place in the test, for messages: "chromium 1". @type {string} */
  label;
  /** @type {Browser} */
  browser;
  /** @type {Page} */
  page;
  /** What the page wrote to its console, and its uncaught errors. @type {string[]} */
  console = [];
  /** False from the moment that it is closed or killed. */
  open = true;

  /**
   * @param {string} label
   * @param {Browser} browser
   * @param {Page} page
   */
  constructor(label, browser, page) {
    this.label = label;
    this.browser = browser;
    this.page = page;
    page.on("console", (message) => this.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.console.push(`uncaught: ${error instanceof Error ? error.stack ?? error.message : String(error)}`));
  }

  /** @param {string} url */
  async goto(url) {
    await this.page.goto(url, { waitUntil: "load" });
  }

  /** Reloads it as a user does. */
  async reload() {
    await this.page.reload({ waitUntil: "load" });
  }

  /** Closes it as a user does: the page hears `pagehide`. */
  async close() {
    this.open = false;
    await this.page.close();
  }

  /** Kills the whole browser that it runs in: for a tab that has a browser of its own. */
  async kill() {
    this.open = false;
    await this.browser.kill();
  }

  /**
   * Runs a function in the page. It is passed as text, so it sees its arguments and the page, and nothing else; and it needs no
   * leave from the page's content security policy.
   * @template {unknown[]} A
   * @template R
   * @param {(...args: A) => R | Promise<R>} run
   * @param {A} args JSON
   * @returns {Promise<R>}
   */
  async evaluate(run, ...args) {
    const list = args.map((arg) => JSON.stringify(arg) ?? "undefined").join(",");
    return /** @type {Promise<R>} */ (this.page.evaluate(`(${run})(${list})`));
  }

  /**
   * Asserts that a predicate in the page becomes true in time, and returns its value, which must be JSON. The deadline is
   * part of the assertion.
   * @template {unknown[]} A
   * @template R
   * @param {string} what what the user should see, for the message
   * @param {number} withinMs
   * @param {(...args: A) => R} predicate
   * @param {A} args JSON
   * @returns {Promise<{ value: R, tookMs: number, atMs: number }>} with the time in the page at which it was seen
   */
  async until(what, withinMs, predicate, ...args) {
    const expression = `(${watch})(${predicate}, ${JSON.stringify(args)}, ${Math.max(0, withinMs)})`;
    const seen = /** @type {{ value: R, tookMs: number, atMs: number }} */ (await this.#answer(this.page.evaluate(expression), withinMs, what));
    if (!seen.value) {
      const state = await this.#answer(this.page.evaluate(`(${summary})()`), 0, what);
      assert.fail(`${this.label}: not within ${Math.round(withinMs)} ms: ${what}; it shows ${JSON.stringify(state)}`);
    }
    return seen;
  }

  /**
   * @template T
   * @param {Promise<T>} answer
   * @param {number} withinMs
   * @param {string} what
   * @returns {Promise<T>}
   */
  async #answer(answer, withinMs, what) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const hung = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.label} hangs; asked: ${what}`)), withinMs + HUNG_MS);
    });
    try {
      return await /** @type {Promise<T>} */ (Promise.race([answer, hung]));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Clicks what carries the test id. @param {string} testId */
  async click(testId) {
    await this.page.locator(byTestId(testId)).click();
  }

  /**
   * Types into a field, key by key; clicks into it first, unless the caret is there already.
   * @param {string} testId
   * @param {string} text
   */
  async type(testId, text) {
    const ready = await this.evaluate((id) => document.activeElement?.getAttribute("data-testid") === id, testId);
    if (!ready) await this.click(testId);
    await this.page.keyboard.type(text);
  }

  /** Presses one key. @param {import("puppeteer-core").KeyInput} key */
  async press(key) {
    await this.page.keyboard.press(key);
  }

  /**
   * Moves the mouse to a place in an element.
   * @param {string} testId
   * @param {{ x: number, y: number }} fractions of its width and height
   */
  async hover(testId, { x, y }) {
    const box = await this.evaluate((id) => {
      const { left, top, width, height } = /** @type {Element} */ (document.querySelector(`[data-testid="${id}"]`)).getBoundingClientRect();
      return { left, top, width, height };
    }, testId);
    await this.page.mouse.move(box.left + x * box.width, box.top + y * box.height);
  }

  /** The text of every element with the test id, as a user reads it. @param {string} testId */
  async texts(testId) {
    return this.evaluate((id) => [...document.querySelectorAll(`[data-testid="${id}"]`)].map((element) => element.textContent ?? ""), testId);
  }

  /**
   * How far this page's clock is ahead of the test's, from the quickest of some round trips; true to half that trip.
   * @returns {Promise<{ offsetMs: number, roundTripMs: number }>}
   */
  async clockOffsetMs() {
    let best = { offsetMs: 0, roundTripMs: Infinity };
    for (let round = 0; round < 20; round += 1) {
      const sentMs = nowMs();
      const pageMs = await this.evaluate(() => performance.timeOrigin + performance.now());
      const roundTripMs = nowMs() - sentMs;
      if (roundTripMs < best.roundTripMs) best = { offsetMs: pageMs - (sentMs + roundTripMs / 2), roundTripMs };
    }
    return best;
  }
}

/** @param {string} testId */
export const byTestId = (testId) => `[data-testid="${testId}"]`;

/** Runs in the page: what matters of a demo, in a line. */
const summary = () => {
  const all = (/** @type {string} */ id) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`[data-testid="${id}"]`)]);
  const { error } = window.chinwag ?? {};
  return {
    mesh: { ...all("mesh-state")[0]?.dataset },
    members: all("member").map((member) => `${member.textContent?.trim()} ${member.dataset["memberId"]?.slice(0, 6)} ${member.dataset["status"]}`),
    messages: all("message").length,
    departures: all("departure").map((item) => `${item.dataset["memberId"]?.slice(0, 6)} ${item.dataset["reason"]}`),
    error: error === undefined ? undefined : String(error),
  };
};
