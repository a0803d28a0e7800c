/** The browser's storage, which may be forbidden: then names last as long as the page. */

import { firstName, type Shelf } from "./names.js";

const LOCK = "chinwag:name";

class Forgetful implements Shelf {
  readonly #items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
}

function shelf(open: () => Storage): Shelf {
  try {
    const storage = open();
    storage.setItem("chinwag:probe", "");
    storage.removeItem("chinwag:probe");
    return storage;
  } catch {
    return new Forgetful();
  }
}

export const tabShelf = shelf(() => sessionStorage);
export const keptShelf = shelf(() => localStorage);

let mine = false;

/** Takes the lock on the kept name for as long as this page lives. True if it is ours. */
function claim(): Promise<boolean> {
  // Without locks (an insecure origin) every tab takes the kept name.
  if (mine || !("locks" in navigator)) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks
      .request(LOCK, { ifAvailable: true }, (lock) => {
        mine = lock !== null;
        resolve(mine);
        return mine ? new Promise<void>(() => undefined) : undefined;
      })
      .catch(() => resolve(true));
  });
}

/** The name that this page begins with. */
export function nameHere(given: string | null): Promise<string> {
  return firstName({ url: given, tab: tabShelf, kept: keptShelf, claim, random: Math.random });
}
