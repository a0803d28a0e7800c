/**
 * The same as `chinwag`, but the WebAssembly is a file of its own beside this module: for those who serve it as such.
 *
 * @module
 */
import type { JoinOptions, Room } from "./api.js";
import { joinWith } from "./join.js";
import { loadFile } from "./load-file.js";

/** Joins a room: see `join` of `chinwag`. */
export const join: (room: string, options?: JoinOptions) => Promise<Room> = /* @__PURE__ */ joinWith(loadFile);

export * from "./public.js";
