/** Bytes as text that compresses as well as the bytes themselves; `unpack` takes both parts. */
export function pack(bytes: Uint8Array): { order: string; text: string };
