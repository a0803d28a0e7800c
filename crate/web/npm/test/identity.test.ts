import { afterEach, beforeEach, expect, test, vi } from "vitest";

const KEY = "chinwag identity me";

const kept = new Map<string, string>();
const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };

/** The module as a page has it that was just loaded. */
async function freshPage(): Promise<typeof import("../src/identity.js")> {
  vi.resetModules();
  return await import("../src/identity.js");
}

beforeEach(() => {
  kept.clear();
  vi.stubGlobal("localStorage", storage);
});
afterEach(() => void vi.unstubAllGlobals());

test("a kept identity is the same object in a page, and the same member after a reload", async () => {
  const first = await freshPage();
  const me = first.loadIdentity("me");
  expect(first.loadIdentity("me")).toBe(me);
  const secret = [...first.Identity.secretOf(me)];
  expect(secret).toHaveLength(32);
  expect([...first.Identity.secretOf(first.loadIdentity("you"))]).not.toEqual(secret);
  const second = await freshPage();
  expect([...second.Identity.secretOf(second.loadIdentity("me"))]).toEqual(secret);
});

test("what is kept and is no identity is replaced by one", async () => {
  for (const wrong of ["", "me", "zz".repeat(32), "00".repeat(31), `${"0".repeat(63)} `]) {
    kept.set(KEY, wrong);
    const { Identity, loadIdentity } = await freshPage();
    expect(Identity.secretOf(loadIdentity("me")).some((byte) => byte !== 0)).toBe(true);
    expect(kept.get(KEY)).toMatch(/^[0-9a-f]{64}$/);
  }
});

test("where nothing can be kept, the error says what to do", async () => {
  const blocked = () => {
    throw new DOMException("no", "SecurityError");
  };
  for (const broken of [undefined, { getItem: blocked, setItem: blocked }, { getItem: () => null, setItem: blocked }]) {
    vi.stubGlobal("localStorage", broken);
    const { loadIdentity } = await freshPage();
    expect(() => loadIdentity("me")).toThrow(expect.objectContaining({ code: "bad-argument", message: expect.stringContaining("createIdentity()") }));
  }
});
