import init, { Host } from "../pkg/chinwag.js";
import type { HostClass } from "./host.js";

let loaded: Promise<HostClass> | undefined;

/** The host of the WebAssembly file beside this module: fetched at the first call, and again if that failed. */
export function loadFile(): Promise<HostClass> {
  return (loaded ??= init({ module_or_path: new URL("./chinwag.wasm", import.meta.url) }).then(
    () => Host,
    (error: unknown) => {
      loaded = undefined;
      throw error;
    },
  ));
}
