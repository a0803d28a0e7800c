// @ts-check
// The frame of every test file: one server and one browser of each kind for the file, fresh tabs and a fresh room for
// each test, and, when one fails, a folder with everything that one would want to see.
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { keepArtifacts } from "./artifacts.mjs";
import { Browser } from "./browsers.mjs";
import { expectEverybody } from "./demo.mjs";
import { record } from "./recorder.mjs";
import { Server } from "./server.mjs";
import { buildSite } from "./site.mjs";
import { Tab } from "./tab.mjs";

/** @typedef {import("./browsers.mjs").BrowserName} BrowserName */
/** @typedef {"presence" | "chat" | "board" | "vote" | "invite"} Demo */

/**
 * @typedef {object} Whereabouts of a tab, if not in the browser that the tests of a file share
 * @property {boolean} [alone] in a browser of its own, which can be killed with it
 * @property {Browser} [within] in this one
 */

/** How long a page may take from its address to being in the room, before a test gives up on it. */
const JOIN_MS = 10_000;

/** A tab that is in a room. */
export class Visitor extends Tab {
  /** The name that it shows. */
  name = "";
  /** Its member's id; another one after each reload. */
  id = "";

  /** Waits until the page is in its room, and begins to record. */
  async arrive() {
    const { value } = await this.until("it is in the room", JOIN_MS, () => {
      const { room, error } = window.chinwag ?? {};
      return error === undefined ? room && { id: room.self.id } : { error: String(error) };
    });
    if (value === undefined || !("id" in value)) throw new Error(`${this.label} could not join: ${value?.error}`);
    this.id = value.id;
    await this.evaluate(record);
  }

  /** Everything recorded since it arrived. @returns {Promise<import("./recorder.mjs").Recording>} */
  async recording() {
    return this.evaluate(() => window.recording);
  }
}

/** What one test works with. */
export class Scene {
  /** A room that no other test uses. */
  room = `e2e ${randomUUID().slice(0, 8)}`;
  /** @type {Visitor[]} */
  tabs = [];
  /** @type {Server} */
  server;
  /** Adds a line of measurement to the report. @type {(line: string) => void} */
  note;
  #browsers;
  /** @type {Browser[]} */
  #own = [];
  #opened = 0;

  /**
   * @param {Server} server
   * @param {Browsers} browsers
   * @param {(line: string) => void} note
   */
  constructor(server, browsers, note) {
    this.server = server;
    this.#browsers = browsers;
    this.note = note;
  }

  /**
   * A browser for this test alone, which ends with it.
   * @param {BrowserName} kind
   * @param {import("./browsers.mjs").Launching} options
   */
  async browser(kind, options = {}) {
    const browser = await Browser.launch(kind, options);
    this.#own.push(browser);
    return browser;
  }

  /**
   * A new tab, not yet anywhere.
   * @param {BrowserName} kind
   * @param {Whereabouts} options
   */
  async tab(kind, { alone = false, within } = {}) {
    this.#opened += 1;
    const label = `${kind} ${this.#opened}`;
    const browser = within ?? (alone ? await this.browser(kind) : await this.#browsers.get(kind));
    const visitor = new Visitor(label, browser, await browser.newPage());
    visitor.name = label;
    this.tabs.push(visitor);
    return visitor;
  }

  /**
   * The address of a demo in this test's room.
   * @param {Demo} demo
   * @param {string} name
   */
  address(demo, name, room = this.room) {
    return `${this.server.url}/${demo}/?${new URLSearchParams({ room, name })}`;
  }

  /**
   * A new tab in this test's room.
   * @param {BrowserName} kind
   * @param {Demo} demo
   * @param {Whereabouts & { name?: string, room?: string }} options
   */
  async join(kind, demo, { name, room = this.room, ...where } = {}) {
    const visitor = await this.tab(kind, where);
    visitor.name = name ?? visitor.label;
    await visitor.goto(this.address(demo, visitor.name, room));
    await visitor.arrive();
    return visitor;
  }

  /**
   * New tabs in this test's room, opened at once, who all see each other.
   * @param {readonly BrowserName[]} kinds
   * @param {Demo} demo
   * @param {{ room?: string }} options
   */
  async company(kinds, demo, { room = this.room } = {}) {
    const tabs = await Promise.all(kinds.map((kind) => this.join(kind, demo, { room })));
    await expectEverybody(tabs, JOIN_MS);
    return tabs;
  }

  /** Closes what the test opened. */
  async clear() {
    const shared = this.tabs.filter((tab) => tab.open && !this.#own.includes(tab.browser));
    await Promise.all(shared.map((tab) => tab.close()));
    await Promise.all(this.#own.map((browser) => browser.kill()));
  }
}

/** The browsers that the tests of a file share, each started when it is first wanted. */
class Browsers {
  /** @type {Map<BrowserName, Promise<Browser>>} */
  #running = new Map();

  /** @param {BrowserName} kind */
  get(kind) {
    const running = this.#running.get(kind) ?? Browser.launch(kind);
    this.#running.set(kind, running);
    return running;
  }

  async killAll() {
    await Promise.all([...this.#running.values()].map(async (browser) => (await browser).kill()));
  }
}

/**
 * @typedef {object} Surroundings of the tests of a file
 * @property {string | false} [skip] why they cannot be run here, if so
 * @property {() => Promise<import("./host.mjs").Host | undefined>} [open] makes them, and tells where the server runs, if not on this machine
 * @property {() => Promise<void>} [close] ends them
 */

/**
 * Sets up a test file, and gives the function that declares its tests.
 * @param {Surroundings} surroundings
 */
export function suite({ skip = false, open = async () => undefined, close = async () => undefined } = {}) {
  /** @type {Server} */
  let server;
  const browsers = new Browsers();
  before(async () => {
    if (skip !== false) return;
    server = new Server(buildSite(), await open());
    await server.start();
  });
  after(async () => {
    await Promise.all([browsers.killAll(), server?.kill()]);
    if (skip === false) await close();
  });

  /**
   * @param {string} name the rule that it checks
   * @param {(scene: Scene) => Promise<void>} play
   */
  return (name, play) =>
    test(name, { skip }, async (context) => {
      const scene = new Scene(server, browsers, (line) => context.diagnostic(`${name}: ${line}`));
      try {
        await play(scene);
      } catch (error) {
        const folder = await keepArtifacts(name, scene.tabs, server, error);
        // The reporter prints the stack, which was made when the message was.
        if (error instanceof Error) error.stack = `${error.stack}\n    what the tabs showed: ${folder}`;
        throw error;
      } finally {
        await scene.clear();
        if (!server.running) await server.start();
      }
    });
}
