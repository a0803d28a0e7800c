// @ts-check
// Networks that change under tabs: a path between two pages that breaks, and a machine that gets another address. What is changed are the addresses and
// rules of network namespaces, so it is done only where this process is in one of its own that holds nothing but loopback, as `cargo xtask` starts it.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { networkInterfaces } from "node:os";
import { Host } from "./host.mjs";

/** Where this process's network ends and a roaming machine's begins. */
const HERE = "10.77.0.1";

/** @param {readonly string[]} args */
const ip = (...args) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });

/** Why nothing can be changed here, or `false`. @returns {string | false} */
export function whyNoRoaming() {
  const others = Object.keys(networkInterfaces()).filter((name) => name !== "lo");
  if (others.length > 0) return `this machine's own network (${others.join(", ")}) is left alone: run it by cargo xtask e2e, where namespaces are allowed`;
  try {
    breakPath(9, 10)();
    return false;
  } catch (error) {
    return `the network cannot be changed here: ${String(error)}`;
  }
}

/**
 * Lets nothing through any more between two UDP ports of this machine, until the function that it returns is called. Other ports are not touched, and whoever
 * sends hears of nothing: it goes to a bridge with nobody on it.
 * @param {number} port
 * @param {number} other
 */
export function breakPath(port, other) {
  ip("link", "add", "sink", "type", "bridge");
  ip("link", "set", "sink", "arp", "off", "up");
  writeFileSync("/proc/sys/net/ipv4/conf/sink/route_localnet", "1");
  ip("route", "add", "default", "dev", "sink", "table", "77");
  // Before the table of local addresses, which otherwise comes before all rules.
  ip("rule", "add", "pref", "100", "lookup", "local");
  ip("rule", "del", "pref", "0");
  for (const [sport, dport] of [[port, other], [other, port]]) {
    ip("rule", "add", "pref", "10", "ipproto", "udp", "sport", String(sport), "dport", String(dport), "lookup", "77");
  }
  return () => {
    ip("link", "del", "sink");
    ip("rule", "add", "pref", "0", "lookup", "local");
    for (const pref of ["10", "10", "100"]) ip("rule", "del", "pref", pref);
  };
}

/** A machine with a network of its own, which is linked to this one's and may get another address. */
export class Roamer {
  #host;
  #gate;
  /** What runs through it: those of a former address never end by themselves. @type {Set<import("node:net").Socket>} */
  #sockets = new Set();
  #last = 1;

  /**
   * @param {Host} host
   * @param {URL} server
   */
  constructor(host, { hostname, port }) {
    this.#host = host;
    this.#gate = createServer((socket) => {
      const onward = connect(Number(port), hostname);
      for (const [from, to] of /** @type {const} */ ([[socket, onward], [onward, socket]])) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on("error", () => to.destroy());
      }
    });
  }

  /**
   * @param {string} serverUrl the signaling server, which the machine reaches through a gate
   */
  static async start(serverUrl) {
    const host = await Host.start("roamer", "");
    ip("link", "add", "there", "type", "veth", "peer", "name", "eth0", "netns", String(host.pid));
    ip("address", "add", `${HERE}/24`, "dev", "there");
    ip("link", "set", "there", "up");
    const roamer = new Roamer(host, new URL(serverUrl));
    roamer.#gate.listen(0, HERE);
    await once(roamer.#gate, "listening");
    roamer.arrive();
    return roamer;
  }

  /** The server's address, as seen from there. */
  get url() {
    return `http://${HERE}:${/** @type {import("node:net").AddressInfo} */ (this.#gate.address()).port}`;
  }

  /** A program that runs another one there. @param {string} program */
  executable(program) {
    return this.#host.executable(program);
  }

  /** The machine is in another network, from one moment to the next: what was on its way to the old address comes to nobody, and nobody is told. */
  move() {
    this.#host.ip(`address del ${this.#address} dev eth0`);
    this.arrive();
  }

  /** The machine has no network any more, and knows it. */
  leave() {
    this.#host.ip("address flush dev eth0", "link set eth0 down");
  }

  /** The machine gets an address that it had not before. */
  arrive() {
    this.#last += 1;
    this.#host.ip("link set eth0 up", `address add ${this.#address} dev eth0`, `route add default via ${HERE}`);
  }

  async end() {
    this.#gate.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#host.stop();
  }

  get #address() {
    return `10.77.0.${this.#last}/24`;
  }
}
