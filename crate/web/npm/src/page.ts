/** What a room does when its page comes and goes. */
export interface PageListener {
  /** The page is going away: there is time for what is synchronous. */
  leaving(): void;
  /** So it has, and stands still from now on: whatever is still open keeps it from coming back. */
  frozen(): void;
  /** The page is back after that, from the back/forward cache. */
  restored(): void;
  hidden(hidden: boolean): void;
  /** The browser has a network again, or none any more, or has been frozen: what led anywhere before may lead nowhere now. */
  moved(): void;
}

/** Listens to the life of the page; returns what ends that. */
export function watchPage(listener: PageListener): () => void {
  const watching = new AbortController();
  const { signal } = watching;
  let left = false;
  let hiding: ReturnType<typeof setTimeout> | undefined;
  const leave = () => {
    clearTimeout(hiding);
    left = true;
    listener.leaving();
  };
  addEventListener("pagehide", awaitAbort, { signal, capture: true });
  addEventListener("pagehide", () => leave(), { signal });
  // Once more, for the case that the first was aborted before it began; otherwise it does nothing.
  addEventListener("pagehide", () => leave(), { signal });
  addEventListener("pageshow", (event) => {
    if (!event.persisted || !left) return;
    left = false;
    listener.restored();
  }, { signal });
  document.addEventListener("freeze", () => {
    if (left) listener.frozen();
  }, { signal });
  const moved = () => {
    if (!left) listener.moved();
  };
  addEventListener("online", moved, { signal });
  addEventListener("offline", moved, { signal });
  document.addEventListener("resume", moved, { signal });
  // Not at once: a page that is closed is hidden first, and nobody needs to know that.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    hiding = setTimeout(() => listener.hidden(document.hidden), 0);
  }, { signal });
  return () => watching.abort();
}

/** How long a page that goes away waits to be aborted. */
const ABORT_MS_MAX = 8;

/**
 * Takes an abort that is meant for nobody in particular. When Firefox closes the last tab of a process, it aborts the
 * script that runs there at that moment, or the next one: just when we say goodbye. Nothing can be done after that by
 * the same script, but the other listeners run. So this one has nothing to do, and does it for long enough.
 */
function awaitAbort(): void {
  const untilMs = performance.now() + ABORT_MS_MAX;
  // The count is for a clock that stands still.
  for (let turns = 0; turns < 1_000_000 && performance.now() < untilMs; turns += 1);
}
