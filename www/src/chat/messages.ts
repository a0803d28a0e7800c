/**
 * The messages on the page.
 *
 * The view stays at the newest message while the reader is there, and stays where it is while the reader looks back;
 * then a pill counts what has come since.
 */

import { html, setText } from "../shared/dom.js";
import { face } from "../shared/face.js";
import { pieces } from "./links.js";
import { clock, continues, newCount, woven, type Entry, type Message } from "./thread.js";

const ENTRIES_MAX = 500;
/** Nearer to the end than this, the reader is reading the newest. */
const NEAR_PX = 60;

/** A message on the page; `refuse` marks it as not sent. */
export interface Shown {
  refuse(reason: string, retry: () => void): void;
  remove(): void;
}

/** An entry and its element. */
interface Row {
  readonly entry: Entry;
  readonly item: HTMLElement;
}

export class Messages {
  readonly element: HTMLElement;
  readonly #list = html("div", { class: "messages", "data-testid": "messages", role: "log", "aria-label": "Messages", tabindex: 0 });
  readonly #pill = html("button", { type: "button", class: "pill", hidden: true });
  /** Everything on the page, oldest first. */
  #rows: Row[] = [];
  /** The messages of the log that `show` was last given. */
  #shown: ReadonlySet<string> = new Set();
  #unseen_count = 0;
  #following = true;
  /** A frame is due, in which the view goes to the end. */
  #framed = false;

  readonly #opening: HTMLElement;

  constructor(opening: HTMLElement) {
    this.#opening = opening;
    this.#list.append(opening);
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

  /** Adds something at the end. */
  add(entry: Entry): Shown {
    const first = this.#beginFrame();
    const row = { entry, item: itemOf(entry) };
    // In a burst only one moves in: hundreds of animations at once would hold up the page.
    row.item.classList.toggle("fresh", first);
    this.#append(row);
    while (this.#rows.length > ENTRIES_MAX) removeItem(this.#rows.shift()?.item);
    if (entry.kind === "message") {
      if (entry.own) this.#following = true;
      else if (!this.#following) this.#count(this.#unseen_count + 1);
    }
    return {
      refuse: (reason, retry) => this.#refuse(row.item, reason, retry),
      remove: () => this.#remove(row),
    };
  }

  /**
   * Shows the messages of the log that are not on the page yet, each in its place. Most are said now, and belong at the end; those from before
   * `joined_ms` belong above what tells that I joined. Of those, only what the log shows stays: they come in any order, and the oldest may come first.
   */
  show(messages: readonly Message[], joined_ms: number): void {
    const fresh = messages.filter(({ id }) => !this.#shown.has(id));
    const shown = new Set(messages.map(({ id }) => id));
    const hasGivenWay = ({ entry }: Row): boolean => entry.kind === "message" && entry.at_ms < joined_ms && this.#shown.has(entry.id) && !shown.has(entry.id);
    this.#rows.filter(hasGivenWay).forEach((row) => this.#remove(row));
    this.#shown = shown;
    const isTail = fresh[0] === messages[messages.length - fresh.length];
    if (isTail && fresh.every(({ at_ms }) => at_ms >= joined_ms)) fresh.forEach((message) => this.add(message));
    else if (fresh.length > 0) this.#weave(messages, fresh);
  }

  /** Puts messages between those that are there: in the order of the log, and among the rest by time. */
  #weave(messages: readonly Message[], fresh: readonly Message[]): void {
    this.#beginFrame();
    this.#rows = woven(this.#rows, messages, fresh, (entry) => ({ entry, item: itemOf(entry) })).slice(-ENTRIES_MAX);
    const rows = this.#rows;
    this.#rows = [];
    this.#list.replaceChildren(this.#opening);
    rows.forEach((row) => {
      row.item.classList.remove("fresh");
      this.#append(row);
    });
  }

  #append(row: Row): void {
    const { entry, item } = row;
    if (entry.kind === "message") {
      if (!continues(this.#rows.at(-1)?.entry, entry)) this.#list.append(groupOf(entry));
      this.#list.lastElementChild?.querySelector(".said")?.append(item);
    } else this.#list.append(item);
    this.#rows.push(row);
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

  #remove(row: Row): void {
    this.#rows = this.#rows.filter((other) => other !== row);
    removeItem(row.item);
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

function itemOf(entry: Entry): HTMLElement {
  return entry.kind === "message" ? messageItem(entry) : html("p", { class: "happening" }, entry.text);
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
