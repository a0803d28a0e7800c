// @ts-check
// A small internet in network namespaces: a public network with the servers, two homes behind routers with NAT, and a café without. Nothing of it has a
// name outside this process, so nothing is left of it when the test ends, however it ends.
//
//     street 203.0.113.10 ─┬─ router 203.0.113.2 ─ LAN 10.1.0.0/24 ─┬─ ada 10.1.0.2
//     (server, STUN, TURN) │                                         └─ amy 10.1.0.3
//                          ├─ router 203.0.113.3 ─ LAN 10.2.0.0/24 ─── bob 10.2.0.2
//                          └─ cafe 203.0.113.30
import { spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Host } from "./host.mjs";
import { guard, killGroup, scratchFolder } from "./processes.mjs";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/** What a lab is made of, and the Debian packages that it comes in. */
const TOOLS = { unshare: "util-linux", nsenter: "util-linux", ip: "iproute2", nft: "nftables", turnserver: "coturn" };

const START_MS = 10_000;
const TURN_PORT = 3478;
const TURN_SECRET = "only this lab knows";

/** Why there can be no lab on this machine, if so. @returns {string | false} */
export function whyNoLab() {
  const missing = Object.entries(TOOLS).filter(([tool]) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  if (missing.length > 0) return `there is no ${missing.map(([tool, from]) => `${tool} (of ${from})`).join(", ")}`;
  const trial = spawnSync("unshare", ["--net", "nft", "--file", "-"], { input: rules({ symmetric: true, udp: false }), encoding: "utf8" });
  return trial.status === 0 ? false : `network namespaces with NAT are not allowed here: ${trial.stderr.trim()}`;
}

/** @typedef {"ada" | "amy" | "bob" | "cafe"} Client */

/** The whole of it. */
export class NatLab {
  /** Where the servers are. @type {Host} */
  street;
  /** @type {Readonly<Record<Client, Host>>} */
  clients;
  #routers;
  /** @type {ChildProcess | undefined} */
  #turn;
  /** What the TURN server wrote. @type {string[]} */
  log = [];

  /**
   * @param {Host} street
   * @param {Readonly<Record<Client, Host>>} clients
   * @param {readonly Host[]} routers
   */
  constructor(street, clients, routers) {
    this.street = street;
    this.clients = clients;
    this.#routers = routers;
  }

  static async start() {
    const start = Host.start;
    const [street, ada, amy, bob, cafe, first, second] = await Promise.all([
      start("street", "203.0.113.10"),
      start("ada", "10.1.0.2"),
      start("amy", "10.1.0.3"),
      start("bob", "10.2.0.2"),
      start("cafe", "203.0.113.30"),
      start("first-router", "203.0.113.2"),
      start("second-router", "203.0.113.3"),
    ]);
    const lab = new NatLab(street, { ada, amy, bob, cafe }, [first, second]);
    // Where addresses lead that nobody has: the TURN server is asked to send to private ones, and shall not fail at it.
    street.ip("link add street type bridge", "addr add 203.0.113.10/24 dev street", "link set street up", "link add nowhere type bridge", "link set nowhere arp off up", "route add default dev nowhere");
    lab.#join(cafe, street, "street", "203.0.113.30/24");
    lab.#home(first, [ada, amy], "10.1.0.1");
    lab.#home(second, [bob], "10.2.0.1");
    lab.setNat({ symmetric: false, udp: true });
    await lab.#startTurn();
    return lab;
  }

  /**
   * A cable from a machine to a bridge on another.
   * @param {Host} host
   * @param {Host} to
   * @param {string} bridge
   * @param {string} address
   */
  #join(host, to, bridge, address, device = "eth0") {
    this.street.ip(`link add ${device} netns ${host.pid} type veth peer name ${host.name} netns ${to.pid}`);
    to.ip(`link set ${host.name} master ${bridge} up`);
    host.ip(`addr add ${address} dev ${device}`, `link set ${device} up`);
  }

  /**
   * A home: a router on the street, and who lives behind it.
   * @param {Host} router
   * @param {readonly Host[]} people
   * @param {string} gateway the router's address at home
   */
  #home(router, people, gateway) {
    this.#join(router, this.street, "street", `${router.address}/24`, "wan");
    router.ip("link add lan type bridge", `addr add ${gateway}/24 dev lan`, "link set lan up");
    router.run("sh", ["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    for (const host of people) {
      this.#join(host, router, "lan", `${host.address}/24`);
      host.ip(`route add default via ${gateway}`);
    }
  }

  /**
   * How the routers are from now on.
   * @param {Nat} nat
   */
  setNat(nat) {
    for (const router of this.#routers) router.run("nft", ["--file", "-"], rules(nat));
  }

  /** STUN alone. */
  get stun() {
    return { urls: `stun:${this.street.address}:${TURN_PORT}` };
  }

  /**
   * TURN, with credentials as its REST API has them (draft-uberti-behave-turn-rest-00, section 2.2).
   * @param {"udp" | "tcp"} transport
   * @param {number} lifeS for how many seconds they are good
   * @returns {RTCIceServer}
   */
  turn(transport, lifeS = 3_600) {
    const username = `${Math.floor(Date.now() / 1_000) + lifeS}:somebody`;
    const credential = createHmac("sha1", TURN_SECRET).update(username).digest("base64");
    return { urls: `turn:${this.street.address}:${TURN_PORT}?transport=${transport}`, username, credential };
  }

  async #startTurn() {
    const { address } = this.street;
    const only = ["-n", "--listening-ip", address, "--listening-port", `${TURN_PORT}`, "--relay-ip", address, "--no-tls", "--no-dtls", "--no-cli", "--fingerprint"];
    const files = ["--pidfile", join(scratchFolder, "turn.pid"), "--userdb", join(scratchFolder, "turn.db"), "--log-file", "stdout", "--simple-log"];
    const turn = spawn(...this.street.command("turnserver", [...only, ...files, "--realm", "chinwag.test", "--use-auth-secret", "--static-auth-secret", TURN_SECRET]), { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    guard(turn);
    this.#turn = turn;
    for (const input of [turn.stdout, turn.stderr]) createInterface({ input }).on("line", (line) => this.log.push(line));
    await this.#listening();
  }

  /** Resolves when the TURN server takes connections. */
  async #listening() {
    const deadlineMs = Date.now() + START_MS;
    const knock = `exec 3<>/dev/tcp/${this.street.address}/${TURN_PORT}`;
    while (spawnSync(...this.street.command("bash", ["-c", knock])).status !== 0) {
      if (Date.now() > deadlineMs) throw new Error(`the TURN server does not listen:\n${this.log.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop() {
    if (this.#turn) await killGroup(this.#turn);
    await Promise.all([this.street, ...Object.values(this.clients), ...this.#routers].map((host) => host.stop()));
  }
}

/**
 * @typedef {object} Nat
 * @property {boolean} symmetric a connection to another address goes out by another port, so that nobody can tell anybody where to send to
 * @property {boolean} udp whether it goes out at all
 */

/**
 * A router's rules: addresses are translated on the way out, and nothing comes in that is no answer. What comes in for the router itself is dropped before it
 * is remembered: else the port would count as taken, and the way out to whoever sent it would get another.
 * @param {Nat} nat
 */
const rules = ({ symmetric, udp }) => `
flush ruleset
table ip home {
  chain translate {
    type nat hook postrouting priority 100
    oifname "wan" masquerade ${symmetric ? "fully-random" : ""}
  }
  chain through {
    type filter hook forward priority 0; policy drop
    ${udp ? "" : "meta l4proto udp drop"}
    ct state established,related accept
    iifname "lan" accept
  }
  chain inward {
    type filter hook input priority 0
    iifname "wan" ct state new drop
  }
}`;
