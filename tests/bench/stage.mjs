// @ts-check
// Where the measuring takes place: our signaling server, which also serves the page; the relay that y-webrtc brings along; a browser.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Browser } from "../e2e/harness/browsers.mjs";
import { guard, killGroup, scratchFolder } from "../e2e/harness/processes.mjs";
import { Server } from "../e2e/harness/server.mjs";
import { Tab } from "../e2e/harness/tab.mjs";

const START_MS = 10_000;

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** What all trials share. */
export class Stage {
  #server;
  #relay;
  #browser;
  /** The address of the relay. */
  relay;
  #rooms = 0;
  #pages = 0;

  /**
   * @param {Server} server
   * @param {{ process: import("node:child_process").ChildProcess, url: string }} relay
   * @param {Browser} browser
   */
  constructor(server, relay, browser) {
    this.#server = server;
    this.#relay = relay.process;
    this.relay = relay.url;
    this.#browser = browser;
  }

  static async open() {
    const server = new Server(await site());
    await server.start();
    return new Stage(server, await startRelay(), await Browser.launch("chromium"));
  }

  /** The name of a room in which nobody has been. */
  room() {
    this.#rooms += 1;
    return `bench ${this.#rooms} ${randomUUID().slice(0, 8)}`;
  }

  /** What the browser calls itself. */
  async browserVersion() {
    return this.#browser.driver.version();
  }

  /** Another browser, for those who will be killed with it. */
  async another() {
    return Browser.launch("chromium");
  }

  /**
   * A fresh page, in a process of its own, that has loaded everything and done nothing.
   * @param {Browser} browser
   */
  async page(browser = this.#browser) {
    this.#pages += 1;
    const tab = new Tab(`page ${this.#pages}`, browser, await browser.newPage());
    await tab.goto(`${this.#server.url}/bench/`);
    await tab.until("everything is loaded", START_MS, () => window.bench !== undefined);
    return tab;
  }

  /** Ends a page without a word to anybody. @param {readonly Tab[]} tabs */
  async clear(tabs) {
    await Promise.all(tabs.map((tab) => tab.page.browserContext().close()));
  }

  async close() {
    await Promise.all([this.#browser.kill(), this.#server.kill(), killGroup(this.#relay)]);
  }
}

/** Puts together what the server serves. */
async function site() {
  const folder = join(scratchFolder, "bench-site");
  const built = here("../../crate/web/npm/dist");
  if (!existsSync(join(built, "index.js"))) throw new Error(`no package in ${built}: build it with npm run build -w chinwag`);
  mkdirSync(folder);
  cpSync(built, join(folder, "package"), { recursive: true });
  cpSync(here("pages/index.html"), join(folder, "bench/index.html"));
  await build({
    entryPoints: [here("pages/main.js")],
    outfile: join(folder, "bench/main.js"),
    bundle: true,
    format: "esm",
    minify: true,
    define: { global: "globalThis" },
    plugins: [
      {
        name: "the package as it is built",
        setup: ({ onResolve }) => 
          onResolve({ filter: /^chinwag(\/slim)?$/ }, ({ path }) => ({ path: `/package/${path.includes("slim") ? "slim" : "index"}.js`, external: true })),
      },
    ],
  });
  return folder;
}

async function startRelay() {
  const port = await freePort();
  const child = spawn(process.execPath, [here("node_modules/y-webrtc/bin/server.js")], {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, PORT: String(port) },
  });
  guard(child);
  const deadlineMs = Date.now() + START_MS;
  // It says that it listens before it does.
  while (!(await fetch(`http://127.0.0.1:${port}`).catch(() => undefined))) {
    if (child.exitCode !== null || Date.now() > deadlineMs) throw new Error("y-webrtc's signaling server does not start");
  }
  return { process: child, url: `ws://127.0.0.1:${port}` };
}

/** A port that was free a moment ago: the relay can only be told a certain one. @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no free port"))));
    });
  });
}
