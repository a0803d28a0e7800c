// @ts-check
// The real signaling server, as a process that a test can kill and start again on the same port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { guard, killGroup } from "./processes.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const START_MS = 10_000;

/** Where the server's binary is: `CHINWAG_SERVER_BIN`, or the release build. */
export function serverBinary() {
  const binary = resolve(process.env["CHINWAG_SERVER_BIN"] ?? `${root}target/release/chinwag-signaling`);
  if (!existsSync(binary)) {
    throw new Error(`no signaling server at ${binary}: build it with cargo build --release -p chinwag-signaling, or set CHINWAG_SERVER_BIN`);
  }
  return binary;
}

/** A signaling server that serves one folder of pages. */
export class Server {
  /** Everything that it wrote, over all its lives. @type {string[]} */
  log = [];
  /** `http://127.0.0.1:PORT` @type {string} */
  url = "";
  #site;
  #host;
  #args;
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #process;

  /**
   * @param {string} site the folder of pages
   * @param {import("./host.mjs").Host} [host] the machine of a lab on which it runs; by default this one, and its loopback
   * @param {readonly string[]} args further ones
   */
  constructor(site, host, args = []) {
    this.#site = site;
    this.#host = host;
    this.#args = args;
  }

  /**
   * Starts it: on a port of the system's choice, or, after a `kill`, on the port that it had.
   */
  async start() {
    const listen = this.url === "" ? `${this.#host?.address ?? "127.0.0.1"}:0` : new URL(this.url).host;
    const args = ["--listen", listen, "--static", this.#site, ...this.#args];
    const child = spawn(...(this.#host?.command(serverBinary(), args) ?? [serverBinary(), args]), {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    guard(child);
    this.#process = child;
    createInterface({ input: child.stderr }).on("line", (line) => this.log.push(line));
    this.url = await this.#listening(child);
  }

  /**
   * The address that it prints once it accepts connections.
   * @param {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} child
   * @returns {Promise<string>}
   */
  async #listening(child) {
    return new Promise((resolvePromise, reject) => {
      const fail = (/** @type {string} */ why) => reject(new Error(`the signaling server ${why}:\n${this.log.join("\n")}`));
      const deadline = setTimeout(() => fail(`did not listen within ${START_MS} ms`), START_MS);
      child.once("error", (error) => fail(`did not start (${error.message})`));
      child.once("exit", (code, signal) => fail(`ended with ${signal ?? code} before it listened`));
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.log.push(line);
        const url = /listening on (http:\S+)/.exec(line)?.[1];
        if (url === undefined) return;
        clearTimeout(deadline);
        resolvePromise(url.replace(/\/$/, ""));
      });
    });
  }

  /** How many signaling sockets it holds, by its own count. */
  async sockets() {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const count = /^chinwag_signaling_sockets (\d+)$/m.exec(text)?.[1];
    if (count === undefined) throw new Error(`the signaling server tells no number of sockets:\n${text}`);
    return Number(count);
  }

  /** Whether the process lives. */
  get running() {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** SIGKILL: every socket is cut, and nobody is told. */
  async kill() {
    if (this.#process === undefined) return;
    this.log.push("[killed by the test]");
    await killGroup(this.#process);
  }

  /** SIGTERM, as an operator ends it: resolves with the exit code. @returns {Promise<number | null>} */
  async stop() {
    const child = this.#process;
    if (child === undefined || !this.running) return child?.exitCode ?? null;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const [code] = await gone;
    return code;
  }
}
