import { Host, start } from "../pkg/chinwag.js";
import packed from "../pkg/packed.js";
import type { HostClass } from "./host.js";
import { unpack } from "./unpack.js";

let loaded: Promise<HostClass> | undefined;

/** The host of the WebAssembly that this package brings along: unpacked and compiled at the first call. */
export function loadInline(): Promise<HostClass> {
  return (loaded ??= start(unpack(packed)).then(
    () => Host,
    (error: unknown) => {
      loaded = undefined;
      throw error;
    },
  ));
}
