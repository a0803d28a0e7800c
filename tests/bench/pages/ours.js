// @ts-check
// Chinwag: the package as it is built, which the page loads as it is.
import { join } from "chinwag";
import { join as joinSlim } from "chinwag/slim";
import { Company } from "./company.js";

/** @type {Map<string, import("chinwag").Room>} */
const rooms = new Map();

/** Joins a room, and nothing else. @param {string} name */
export async function reside(name) {
  rooms.set(name, await join(name));
}

/** Leaves a room. @param {string} name */
export async function leave(name) {
  await rooms.get(name)?.leave();
}

/**
 * Joins a room in which somebody is.
 * @param {string} name
 * @param {boolean} slim whether the WebAssembly is a file of its own
 * @returns {Promise<number>} ms from the call of `join` until the event that tells of the first other member
 */
export async function firstLink(name, slim) {
  const startMs = performance.now();
  const room = await (slim ? joinSlim : join)(name);
  rooms.set(name, room);
  return new Promise((resolve) => room.on("join", () => resolve(performance.now() - startMs)));
}

/**
 * The channels of a room with one other member: to all, and to that one.
 * @param {string} name
 */
export async function openPipes(name) {
  const room = rooms.get(name) ?? (await join(name));
  rooms.set(name, room);
  /** @type {string} */
  const other = await new Promise((resolve) => room.on("join", ({ id }) => resolve(id)));
  window.bench.pipes.ours = pipeOf(room.channel("all"));
  window.bench.pipes.oursToOne = pipeOf(room.channel("one"), other);
}

/**
 * @param {import("chinwag").Channel<Uint8Array>} channel
 * @param {string} [to]
 * @returns {import("./flow.js").Pipe}
 */
function pipeOf(channel, to) {
  /** @type {(data: Uint8Array) => void} */
  let onMessage = () => undefined;
  channel.on("message", (data) => onMessage(data));
  return {
    send: (data) => channel.send(data, { to }),
    listen(listener) {
      onMessage = listener;
    },
  };
}

/** @type {import("./company.js").Enter} */
export async function enter(name) {
  return companyOf(await join(name));
}

/** @type {import("./company.js").Enter} */
export async function enterSlim(name) {
  return companyOf(await joinSlim(name));
}

/** @param {import("chinwag").Room} room */
function companyOf(room) {
  const company = new Company(room.self.id);
  room.on("join", ({ id }) => company.came(id));
  room.on("leave", ({ id }) => company.left(id));
  return company;
}
