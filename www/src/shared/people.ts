/** Who is who: names and colours of members, present and lately gone. */

import type { Member, Room } from "chinwag";
import { PALETTE, colorOf, type Color } from "./color.js";
import { namelessName } from "./names.js";
import { readFace } from "./wire.js";

/** How many of those who have gone are remembered. */
const REMEMBERED_MAX = 500;

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly color: Color;
}

/** What a member says of itself, and a stand-in for what it does not say. */
export function personOf(member: Pick<Member, "id" | "presence">): Person {
  const { name, color } = readFace(member.presence);
  return { id: member.id, name: name ?? namelessName(member.id), color: color ?? colorOf(member.id) };
}

/**
 * Remembers how a member was last called: when it has gone, its presence has gone with it, and its messages and its
 * departure still want a name. A member that says no colour gets one here, and keeps it: that of its id, or another if
 * somebody seen lately wears that one.
 */
export class People {
  readonly #known = new Map<string, Person>();

  /** The member as it is now; what its presence no longer says is remembered. */
  see(member: Pick<Member, "id" | "presence">): Person {
    const before = this.#known.get(member.id);
    const now = personOf(member);
    const silent = readFace(member.presence).name === undefined;
    const color = readFace(member.presence).color ?? before?.color ?? this.#freeColor(member.id);
    const person = { ...(silent && before !== undefined ? before : now), color };
    this.#known.delete(member.id);
    this.#known.set(member.id, person);
    if (this.#known.size > REMEMBERED_MAX) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return person;
  }

  #freeColor(id: string): Color {
    const worn = new Set([...this.#known.values()].slice(1 - PALETTE.length).map(({ color }) => color));
    const start = PALETTE.indexOf(colorOf(id));
    const turned = [...PALETTE.slice(start), ...PALETTE.slice(0, start)];
    return turned.find((color) => !worn.has(color)) ?? colorOf(id);
  }
}

/** Me first, then in the order in which they came: a list in which nobody jumps about when somebody renames. */
export function inOrder(members: readonly Member[], selfId: string): readonly Member[] {
  const joined = (member: Member): number => (Number.isFinite(member.joinedAt) ? member.joinedAt : 0);
  const rank = (member: Member): number => (member.id === selfId ? 0 : 1);
  return [...members].sort((a, b) => rank(a) - rank(b) || joined(a) - joined(b) || (a.id < b.id ? -1 : 1));
}

/** So long a newcomer may take to say its name before it is told of without one. */
const NAMELESS_MS_MAX = 1500;

/**
 * Tells of newcomers, as soon as they have a name: a presence may come a moment after its member.
 *
 * Those who were here before me are told of by `join`, too, but they have not just come.
 */
export function onArrival(room: Pick<Room, "members" | "on">, tell: (member: Member) => void): void {
  const before = new Set(room.members.map((member) => member.id));
  const nameless = new Map<string, ReturnType<typeof setTimeout>>();
  const settle = (id: string): boolean => {
    clearTimeout(nameless.get(id));
    return nameless.delete(id);
  };
  room.on("join", (member) => {
    if (before.delete(member.id)) return;
    if (readFace(member.presence).name !== undefined) return tell(member);
    const late = (): void => {
      if (settle(member.id)) tell(member);
    };
    nameless.set(member.id, setTimeout(late, NAMELESS_MS_MAX));
  });
  room.on("presence", (member) => {
    if (readFace(member.presence).name !== undefined && settle(member.id)) tell(member);
  });
  room.on("leave", (member) => {
    before.delete(member.id);
    settle(member.id);
  });
}

/** The links that I hold. */
export function linkCount(room: Pick<Room, "members" | "self">): number {
  return room.members.filter((member) => member.linked && member.id !== room.self.id).length;
}
