import { describe, expect, test } from "vitest";
import { cleanName, firstName, keepName, namelessName, randomName, type NameSources, type Shelf } from "../src/shared/names.js";

function shelf(): Shelf {
  const items = new Map<string, string>();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}

/** One browser: what is kept is shared by its tabs, and one tab at a time can claim the kept name. */
function browser() {
  const kept = shelf();
  let holder: Shelf | undefined;
  let draws = 0;
  return {
    kept,
    open(tab: Shelf, url: string | null = null): Promise<string> {
      const from: NameSources = {
        url,
        tab,
        kept,
        claim: () => Promise.resolve((holder ??= tab) === tab),
        random: () => ((draws += 1) * 0.137) % 1,
      };
      return firstName(from);
    },
    close(): void {
      holder = undefined;
    },
  };
}

describe("the first name", () => {
  test("the address comes first, is cleaned, and is not kept", async () => {
    const { open, kept } = browser();
    expect(await open(shelf(), "  Ann\n\u202e")).toBe("Ann");
    expect(kept.getItem("chinwag:name")).toBeNull();
  });

  test("without one it is drawn by lot, and kept for the next visit", async () => {
    const { open, close } = browser();
    const name = await open(shelf());
    expect(name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/u);
    close();
    expect(await open(shelf())).toBe(name);
  });

  test("a second tab draws a name of its own", async () => {
    const { open } = browser();
    const [first, second] = [await open(shelf()), await open(shelf())];
    expect(second).not.toBe(first);
  });

  test("a reloaded tab keeps its name, first or second", async () => {
    const { open } = browser();
    const [one, two] = [shelf(), shelf()];
    const names = [await open(one), await open(two)];
    expect([await open(one), await open(two)]).toEqual(names);
  });

  test("a name that was chosen is for all tabs to come", async () => {
    const { open, kept } = browser();
    const tab = shelf();
    await open(tab);
    keepName("Ann", tab, kept);
    expect([await open(tab), await open(shelf()), await open(shelf())]).toEqual(["Ann", "Ann", "Ann"]);
  });

  test("what is kept is not trusted to be a name", async () => {
    const { open, kept } = browser();
    kept.setItem("chinwag:name", " \u200b ");
    expect(cleanName(await open(shelf()))).toBeDefined();
  });
});

test.each([0, 0.5, 0.999_999])("a lot of %d draws a name", (lot) => {
  expect(cleanName(randomName(() => lot))).toMatch(/^\S+ \S+$/u);
});

test("a nameless member is called by its id", () => {
  expect(namelessName("3fa94c01")).toBe("Guest 3fa9");
});
