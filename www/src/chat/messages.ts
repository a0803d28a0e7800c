/**
 * The messages on the page.
 *
 * The view stays at the newest message while the reader is there, and stays where it is while the reader looks back;
 * then a pill counts what has come since.
 */

import { html, setText } from "../shared/dom.js";
import { face } from "../shared/face.js";
import { pieces } from "./links.js";
import { clock, continues, newCount, type Entry, type Message } from "./thread.js";

const ENTRIES_MAX = 500;
/** Nearer to the end than this, the reader is reading the newest. */
const NEAR_PX = 60;

/** A message on the page; `refuse` marks it as not sent. */
export interface Shown {
  refuse(reason: string, retry: () => void): void;
  remove(): void;
}

export class Messages {
  readonly element: HTMLElement;
  readonly #list = html("div", { class: "messages", "data-testid": "messages", role: "log", "aria-label": "Messages", tabindex: 0 });
  readonly #pill = html("button", { type: "button", class: "pill", hidden: true });
  /** One element for each entry, oldest first. */
  readonly #items: HTMLElement[] = [];
  #last: Entry | undefined;
  #unseen_count = 0;
  #following = true;
  /** A frame is due, in which the view goes to the end. */
  #framed = false;

  constructor(empty: HTMLElement) {
    this.#list.append(empty);
    this.element = html("div", { class: "thread" }, this.#list, this.#pill);
    this.#pill.addEventListener("click", () => this.toEnd());
    const onScroll = (): void => {
      // While a frame is due, what is new is not in view yet: that is no reader who has scrolled away.
      if (this.#framed) return;
      this.#following = this.#nearEnd();
      if (this.#following) this.#seen();
    };
    this.#list.addEventListener("scroll", onScroll, { passive: true });
    // On a phone the keyboard comes up and the list shrinks: the end stays in view.
    new ResizeObserver(() => {
      if (this.#following) this.toEnd();
    }).observe(this.#list);
  }

  add(entry: Entry): Shown {
    const first = this.#beginFrame();
    const item = entry.kind === "message" ? messageItem(entry) : html("p", { class: "happening" }, entry.text);
    // In a burst only one moves in: hundreds of animations at once would hold up the page.
    item.classList.toggle("fresh", first);
    if (entry.kind === "message") {
      if (!continues(this.#last, entry)) this.#list.append(groupOf(entry));
      this.#list.lastElementChild?.querySelector(".said")?.append(item);
    } else this.#list.append(item);
    this.#last = entry;
    this.#items.push(item);
    while (this.#items.length > ENTRIES_MAX) removeItem(this.#items.shift());
    if (entry.kind === "message") {
      if (entry.own) this.#following = true;
      else if (!this.#following) this.#count(this.#unseen_count + 1);
    }
    return {
      refuse: (reason, retry) => this.#refuse(item, reason, retry),
      remove: () => this.#remove(item),
    };
  }

  toEnd(): void {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#following = true;
    this.#seen();
  }

  /**
   * Before the first change of a frame: where does the reader stand? And after the last one, goes to the end, if that is
   * where the reader was. Measuring makes the browser lay the page out, so once a frame is as often as it may happen:
   * messages can come by the hundred. True for the first change.
   */
  #beginFrame(): boolean {
    if (this.#framed) return false;
    this.#framed = true;
    // Measured, not remembered: the reader may have scrolled in this very frame, and the event is yet to come.
    this.#following = this.#nearEnd();
    requestAnimationFrame(() => {
      this.#framed = false;
      if (this.#following) this.toEnd();
    });
    return true;
  }

  #nearEnd(): boolean {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_PX;
  }

  #seen(): void {
    this.#count(0);
  }

  #count(count: number): void {
    this.#unseen_count = count;
    this.#pill.hidden = count === 0;
    setText(this.#pill, newCount(count));
  }

  #remove(item: HTMLElement): void {
    const at = this.#items.indexOf(item);
    if (at < 0) return;
    if (at === this.#items.length - 1) this.#last = undefined;
    this.#items.splice(at, 1);
    removeItem(item);
  }

  #refuse(item: HTMLElement, reason: string, retry: () => void): void {
    const again = html("button", { type: "button", class: "link-button" }, "Try again");
    again.addEventListener("click", retry);
    this.#beginFrame();
    item.classList.add("refused");
    item.append(html("p", { class: "refusal", role: "alert" }, `Not sent. ${reason} `, again));
  }
}

/** The frame for what one author says in a row. */
function groupOf({ author, own, at_ms }: Message): HTMLElement {
  const time = html("time", { datetime: new Date(at_ms).toISOString() }, clock(at_ms));
  return html(
    "div",
    { class: own ? "group own" : "group" },
    html("span", { class: "face-holder" }, face(author.id, author.color)),
    html("p", { class: "byline" }, html("bdi", { class: "name" }, author.name), own ? html("span", { class: "you" }, "you") : "", " ", time),
    html("div", { class: "said" }),
  );
}

function messageItem({ id, author, text, at_ms }: Message): HTMLElement {
  const item = html("div", { class: "message", "data-testid": "message", "data-from": author.id, "data-message-id": id, dir: "auto", title: clock(at_ms) });
  item.style.setProperty("--color", author.color);
  const words = html("p", { class: "words" });
  for (const piece of pieces(text)) {
    if (piece.kind === "text") words.append(piece.text);
    else words.append(html("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer nofollow" }, piece.text));
  }
  item.append(words);
  return item;
}

/** Takes an entry away, and its group when that was all of it. */
function removeItem(item: HTMLElement | undefined): void {
  const group = item?.closest(".group");
  item?.remove();
  if (group?.querySelector(".message") === null) group.remove();
}
