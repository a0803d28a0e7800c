// @ts-check
// A machine beside this one, in a network namespace that has no name: nothing is left of it when the test ends, however it ends.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guard, killGroup, scratchFolder } from "./processes.mjs";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/** A machine: a network namespace, which lives as long as a process in it waits for this one to end. */
export class Host {
  /** @type {string} */
  name;
  /** Its own address. @type {string} */
  address;
  #keeper;

  /**
   * @param {string} name
   * @param {string} address
   * @param {ChildProcess} keeper
   */
  constructor(name, address, keeper) {
    this.name = name;
    this.address = address;
    this.#keeper = keeper;
  }

  /**
   * A machine with loopback and without IPv6.
   * @param {string} name
   * @param {string} address
   */
  static async start(name, address) {
    const keeper = spawn("unshare", ["--net", "sh", "-c", "echo here; exec cat"], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
    guard(keeper);
    await once(keeper.stdout, "data");
    const host = new Host(name, address, keeper);
    host.run("sh", ["-c", "for off in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $off; done"]);
    host.ip("link set lo up");
    return host;
  }

  /** The process by which others find its network. */
  get pid() {
    return /** @type {number} */ (this.#keeper.pid);
  }

  /**
   * What runs a program on this machine.
   * @param {string} program
   * @param {readonly string[]} args
   * @returns {[string, string[]]}
   */
  command(program, args) {
    return ["nsenter", [`--net=/proc/${this.pid}/ns/net`, "--", program, ...args]];
  }

  /**
   * Runs a program on this machine, to its end.
   * @param {string} program
   * @param {readonly string[]} args
   * @param {string} [input]
   */
  run(program, args, input = "") {
    const { status, stderr } = spawnSync(...this.command(program, args), { input, encoding: "utf8" });
    if (status !== 0) throw new Error(`${program} on ${this.name}: ${stderr}`);
  }

  /** @param {readonly string[]} lines what `ip` shall do */
  ip(...lines) {
    this.run("ip", ["-batch", "-"], lines.join("\n"));
  }

  /**
   * An executable that runs a program on this machine, for whoever wants a file.
   * @param {string} program
   */
  executable(program) {
    const path = join(scratchFolder, `on-${this.name}`);
    const [command, args] = this.command(program, []);
    writeFileSync(path, `#!/bin/sh\nexec ${command} ${args.map((arg) => `'${arg}'`).join(" ")} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  async stop() {
    await killGroup(this.#keeper);
  }
}
