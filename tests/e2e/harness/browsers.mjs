// @ts-check
// Chromium and Firefox as the system has them, both driven by Puppeteer: Chromium by CDP, Firefox by WebDriver BiDi.
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";
import { guard, killGroup, signalGroup } from "./processes.mjs";

/** @typedef {"chromium" | "firefox"} BrowserName */

/**
 * @typedef {object} Launching
 * @property {boolean} [throttled] Chromium's hidden pages get as little time as they do for users
 * @property {string[]} [args] further ones, for Chromium
 * @property {{ executable(program: string): string }} [host] what Chromium runs on, if not on this machine
 */

const EXECUTABLES = {
  chromium: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
  firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"],
};

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox", // Tests run as root in containers and namespaces.
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--js-flags=--expose-gc", // Closed peer connections count against a limit until they are collected.
];

const LOOPBACK_ARGUMENTS = [
  "--allow-loopback-in-peer-connection", // Loopback addresses as ICE candidates …
  "--use-fake-ui-for-media-stream", // … and bare addresses rather than mDNS names: needs the microphone's permission.
];

/** What the driver adds lest hidden pages be throttled. Firefox throttles them as it does for users. */
const DRIVERS_UNTHROTTLING = ["--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"];

/** The longest that a page may be asked to wait for something. `Tab.until` tells sooner that it hangs. */
const ANSWER_MS_MAX = 900_000;

const FIREFOX_PREFERENCES = {
  "media.peerconnection.ice.loopback": true, // Loopback addresses as ICE candidates …
  "permissions.default.microphone": 1, // … and bare addresses rather than mDNS names.
};

/**
 * The browser's executable: `CHINWAG_CHROMIUM` or `CHINWAG_FIREFOX`, or where systems usually have it.
 * @param {BrowserName} name
 */
function executable(name) {
  const chosen = process.env[`CHINWAG_${name.toUpperCase()}`];
  const found = chosen ?? EXECUTABLES[name].find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no ${name} in ${EXECUTABLES[name].join(", ")}: install it, or set CHINWAG_${name.toUpperCase()}`);
  return found;
}

/** One running browser. */
export class Browser {
  /** @type {BrowserName} */
  name;
  /** @type {import("puppeteer-core").Browser} */
  driver;

  /**
   * @param {BrowserName} name
   * @param {import("puppeteer-core").Browser} driver
   */
  constructor(name, driver) {
    this.name = name;
    this.driver = driver;
  }

  /**
   * @param {BrowserName} name
   * @param {Launching} options
   */
  static async launch(name, { throttled = false, args = [], host } = {}) {
    const driver = await puppeteer.launch({
      browser: name === "firefox" ? "firefox" : "chrome",
      executablePath: host?.executable(executable(name)) ?? executable(name),
      // Another machine's loopback is not ours.
      pipe: host !== undefined,
      headless: true,
      protocolTimeout: ANSWER_MS_MAX,
      defaultViewport: { width: 1000, height: 700 },
      args: name === "chromium" ? [...CHROMIUM_ARGUMENTS, ...(host ? [] : LOOPBACK_ARGUMENTS), ...args] : [],
      ignoreDefaultArgs: throttled ? DRIVERS_UNTHROTTLING : false,
      extraPrefsFirefox: name === "firefox" ? FIREFOX_PREFERENCES : {},
      // The driver's own signal handlers would end the process before the tests have told what went wrong.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    guard(processOf(driver));
    return new Browser(name, driver);
  }

  /**
   * A page in a window of its own, with storage of its own: visible, so that neither its timers nor its frames are throttled.
   */
  async newPage() {
    const context = await this.driver.createBrowserContext();
    return context.newPage({ type: "window" });
  }

  /** Ends the browser as a user does who quits it. */
  async close() {
    await this.driver.close();
  }

  /** SIGKILL to the browser and all its pages at once: no page gets to say goodbye. */
  async kill() {
    await killGroup(processOf(this.driver));
  }

  /** SIGSTOP to the browser and all its pages: it stands still as when a laptop sleeps, its connections too. */
  pause() {
    signalGroup(processOf(this.driver), "SIGSTOP");
  }

  /** SIGCONT: it goes on where it was. */
  resume() {
    signalGroup(processOf(this.driver), "SIGCONT");
  }
}

/** @param {import("puppeteer-core").Browser} driver */
function processOf(driver) {
  const child = driver.process();
  if (child === null) throw new Error("the browser was not started by this process");
  return child;
}
