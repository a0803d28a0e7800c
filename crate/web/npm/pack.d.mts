import type { Packed } from "./src/unpack.js";

/** Bytes as text that is short after brotli, too; `unpack` makes them of it. */
export function pack(bytes: Uint8Array): Packed;
