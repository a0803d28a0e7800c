/**
 * A gossip mesh for browser tabs: presence, messages and shared state without a backend in the data path.
 *
 * This entry brings the WebAssembly along; `chinwag/slim` fetches it from a file beside itself.
 *
 * @module
 */
import type { JoinOptions, Room } from "./api.js";
import { loadInline } from "./load-inline.js";
import { joinWith } from "./join.js";

/**
 * Joins a room, and resolves when its members are known.
 *
 * A second call for the same room gives the same {@link Room}, unless it brings another identity.
 *
 * @throws ChinwagError with a `code` that says what went wrong; the signal's reason if that is aborted.
 */
export const join: (room: string, options?: JoinOptions) => Promise<Room> = /* @__PURE__ */ joinWith(loadInline);

export * from "./public.js";
