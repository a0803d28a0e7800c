/** Who is typing, and when I am. */

import { listed } from "../shared/text.js";

const NAMED_MAX = 3;
/** So long after the last key I am not typing any more. */
const IDLE_MS = 4000;

/** "Ann is typing", "Ann and Bo are typing", "Ann, Bo and 3 others are typing"; empty when nobody is. */
export function typingWords(names: readonly string[]): string {
  const extra = names.length - NAMED_MAX + 1;
  const who = names.length > NAMED_MAX ? [...names.slice(0, NAMED_MAX - 1), `${extra} others`] : names;
  if (who.length === 0) return "";
  return `${listed(who)} ${who.length === 1 ? "is" : "are"} typing`;
}

/** Tells when I begin to type and when I stop; says nothing in between. */
export class TypingSignal {
  readonly #tell: (typing: boolean) => void;
  #typing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (typing: boolean) => void) {
    this.#tell = tell;
  }

  /** A key; `empty` if nothing is left in the field. */
  key(empty: boolean): void {
    clearTimeout(this.#timer);
    if (!empty) this.#timer = setTimeout(() => this.#set(false), IDLE_MS);
    this.#set(!empty);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#set(false);
  }

  #set(typing: boolean): void {
    if (typing === this.#typing) return;
    this.#typing = typing;
    this.#tell(typing);
  }
}
