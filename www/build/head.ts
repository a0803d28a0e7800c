/**
 * What every page's head gets: the theme before the first paint, and a content security policy.
 *
 * The policy is a second lock. The first is that nothing from the network ever becomes markup.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const early = readFileSync(new URL("../src/shared/early.js", import.meta.url), "utf8");

/** The policy: own scripts and styles only, WebAssembly, and sockets to wherever the signaling server is. */
export function policy(inline: string): string {
  const hash = createHash("sha256").update(inline).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'self' 'wasm-unsafe-eval' 'sha256-${hash}'`,
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self' http: https: ws: wss: data:",
    "base-uri 'none'",
    "form-action 'self'",
  ].join("; ");
}

/** The plugin. While developing there is no policy, because Vite itself works with inline styles. */
export function head(): Plugin {
  let building = false;
  return {
    name: "chinwag-head",
    configResolved(config) {
      building = config.command === "build";
    },
    transformIndexHtml() {
      const theme = { tag: "script", children: early, injectTo: "head-prepend" as const };
      const meta = { "http-equiv": "Content-Security-Policy", content: policy(early) };
      return building ? [{ tag: "meta", attrs: meta, injectTo: "head-prepend" as const }, theme] : [theme];
    },
  };
}
