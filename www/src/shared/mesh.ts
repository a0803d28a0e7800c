/** The state of the mesh, in plain words. */

import type { RoomEvents } from "chinwag";
import { counted } from "./text.js";

/** What has become of the server; `none` if the room has none at all. */
export type Signaling = RoomEvents["signaling"][0] | "none";

export interface MeshState {
  readonly member_count: number;
  readonly link_count: number;
  readonly signaling: Signaling;
}

const SERVER: Readonly<Record<Signaling, { readonly short: string; readonly long: string }>> = {
  connecting: {
    short: "looking for the server",
    long: "This tab is looking for the server that introduces newcomers.",
  },
  attached: {
    short: "server attached",
    long: "The server only introduces newcomers. Whatever is said and seen here travels from tab to tab.",
  },
  detached: {
    short: "server stepped out",
    long: "The server has introduced this tab and stepped out. The room runs on its own links.",
  },
  none: {
    short: "no server",
    long: "There is no server here. People carried the introductions by hand; all else travels from tab to tab.",
  },
  unreachable: {
    short: "server unreachable, the room goes on",
    long: "The server cannot be reached. The room goes on without it; only newcomers have to wait until it is back.",
  },
};

/** The short line, as "4 here · 3 links · server stepped out". */
export function meshLine({ member_count, link_count, signaling }: MeshState): readonly [string, string, string] {
  return [`${member_count} here`, counted(link_count, "link"), SERVER[signaling].short];
}

/** What the line says of a tab that is in no room. */
export const OUTSIDE_LINE = { joining: "not in the room yet", failed: "not in the room" } as const;

/** One sentence or two about what the line means. */
export function meshMeaning({ signaling }: MeshState): string {
  return SERVER[signaling].long;
}

/** Rows of the details at most: the statistics are ours, and still there is no reason to trust their number. */
const STATS_MAX = 80;

/** Statistics as rows: "bytesSent" and "bytes_sent" become "bytes sent"; nested ones are flattened, one level. */
export function statRows(stats: object): readonly (readonly [label: string, value: string])[] {
  const rows: [string, string][] = [];
  const add = (label: string, value: unknown, nested: boolean): void => {
    if (typeof value === "number") rows.push([label, value.toLocaleString("en", { maximumFractionDigits: 2 })]);
    else if (nested && typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) add(`${label}, ${spaced(key)}`, inner, false);
    }
  };
  for (const [key, value] of Object.entries(stats)) add(spaced(key), value, true);
  return rows.slice(0, STATS_MAX);
}

function spaced(key: string): string {
  return key.replace(/_/gu, " ").replace(/(?<=[a-z0-9])(?=[A-Z])/gu, " ").toLowerCase();
}
