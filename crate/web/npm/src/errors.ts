/** What can go wrong, for programs. */
export type ChinwagErrorCode =
  | "signaling-unreachable"
  | "join-timeout"
  | "wrong-secret"
  | "message-too-large"
  | "webrtc-unavailable"
  | "connection-budget"
  | "left"
  | "bad-argument"
  | "protocol";

/** Every error of this package. `message` says what happened, and what to do about it. */
export class ChinwagError extends Error {
  override readonly name = "ChinwagError";
  /** What went wrong, for programs. */
  readonly code: ChinwagErrorCode;

  constructor(code: ChinwagErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An argument that cannot be used. */
export function badArgument(message: string, cause?: unknown): ChinwagError {
  return new ChinwagError("bad-argument", message, cause === undefined ? undefined : { cause });
}

/** What a host throws: see `refusal` in the Rust side. */
interface Failure {
  readonly code?: unknown;
  readonly bytes?: number;
  readonly max?: number;
}

/** The error of what a host has thrown, or rejected with. */
export function fromHost(failure: unknown): ChinwagError {
  const { code, bytes, max } = (failure ?? {}) as Failure;
  const tooLarge = (what: string, remedy: string, knob: string) =>
    new ChinwagError("message-too-large", `The ${what} has ${bytes} bytes, and the room takes at most ${max}. ${remedy}, or join with a greater config.${knob}BytesMax.`);
  switch (code) {
    case "left":
      return left();
    case "message-too-large":
      return tooLarge("message", "Nothing was sent: send it in parts", "message");
    case "presence-too-large":
      return tooLarge("presence", "It was not changed: keep what is large out of it", "presence");
    case "channel-name":
      return badArgument(`The name or key has ${bytes} bytes of UTF-8: it may have at most ${max}.`);
    case "value-too-large":
      return tooLarge("value", "Nothing was written: send what is large over a channel", "entry");
    case "too-many-entries":
    case "too-many-bytes": {
      const what = code === "too-many-bytes" ? "Bytes" : "Entries";
      return new ChinwagError("message-too-large", `There is no room for it: ${max} ${what.toLowerCase()} are as much as there may be. Nothing was written: delete keys that nobody needs, or join with a greater config.owner${what}Max or config.state${what}Max.`);
    }
    case "clock-behind":
      return new ChinwagError("protocol", "Others have written at a time that is far ahead of this computer's clock, so what is written here would be refused. Set the clock right.");
    case "unknown-member":
      return badArgument("Nobody in the room has this id: `to` is the `id` of one of `room.members`.");
    case "bad-argument":
      return badArgument("The value cannot be sent: values are JSON and, anywhere inside, Uint8Array.");
    default:
      return new ChinwagError("protocol", `This is a bug in chinwag: ${String(failure)}`, { cause: failure });
  }
}

/** What every method throws after `leave()`. */
export function left(): ChinwagError {
  return new ChinwagError("left", "This page has left the room. Call join() again to come back.");
}
