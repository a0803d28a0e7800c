import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { IceServer } from "../src/api.js";
import { iceSource, isLocal } from "../src/ice.js";

const offered = [{ urls: "turn:offered" }];
const own = [{ urls: "stun:own" }];

test.each(["localhost", "demo.localhost", "127.0.0.1", "127.1.2.3", "[::1]"])("%s is this machine", (host) => expect(isLocal(host)).toBe(true));
test.each(["localhost.example", "notlocalhost", "128.0.0.1", "127.0.0.1.example", ""])("%s is not", (host) => expect(isLocal(host)).toBe(false));

test("the user's servers come first, then those of the signaling server, and none on this machine", () => {
  expect(iceSource(own, "chat.example", () => {})(offered)).toBe(own);
  expect(iceSource(own, "localhost", () => {})(offered)).toBe(own);
  expect(iceSource(undefined, "chat.example", () => {})(offered)).toBe(offered);
  expect(iceSource(undefined, "localhost", () => {})(offered)).toBeUndefined();
});

/** A function that answers in turn with what it is given: servers, or an error; and a source that asks it. */
function asking(...answers: (readonly IceServer[] | Error)[]) {
  const failures: unknown[] = [];
  let asked = 0;
  const ask = vi.fn((): Promise<readonly IceServer[]> => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { ask, failures, source: iceSource(ask, "chat.example", (error) => failures.push(error)) };
}

/** Servers whose credentials expire in so many seconds, by their name. */
const named = (seconds: number): IceServer[] => [{ urls: "stun:any" }, { urls: "turn:own", username: `${Math.floor(Date.now() / 1_000) + seconds}:ada`, credential: "secret" }];

describe("a function that gets the servers", () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-01-01") }));
  afterEach(() => void vi.useRealTimers());

  test("is asked once a minute where nothing tells when the credentials expire", async () => {
    const { ask, source } = asking(own);
    expect(await source(offered)).toBe(own);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(await source(offered)).toBe(own);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    await source(offered);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("is asked once by connections that are made at once", async () => {
    const { ask, source } = asking(own);
    expect(await Promise.all([source(offered), source(offered)])).toEqual([own, own]);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test.each([
    ["its username", () => named(3_600)],
    ["its ttl", () => [{ urls: "turn:own", username: "ada", ttl: 3_600 }]],
    ["the first that expires", () => [{ urls: "turn:later", ttl: 90_000 }, ...named(3_600)]],
    ["its ttl, rather than the time in its name, for clocks differ", () => [{ urls: "turn:own", username: "1:ada", ttl: 3_600 }]],
  ])("is asked again when the first half of the time is over that %s tells", async (_, servers) => {
    const [first, second] = [servers(), servers()];
    const { ask, source } = asking(first, second);
    expect(await source(offered)).toBe(first);
    await vi.advanceTimersByTimeAsync(1_799_000);
    expect(await source(offered)).toBe(first);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await source(offered)).toBe(second);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test.each(["1:ada", "49123456:", "ada:4102444800", "4102444800ada", ""])('reads no time in the username "%s"', async (username) => {
    const { ask, source } = asking([{ urls: "turn:own", username }]);
    await source(offered);
    await vi.advanceTimersByTimeAsync(60_000);
    await source(offered);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("that fails leaves the old answer in use until that expires, and each failure is told", async () => {
    const first = named(100);
    const { ask, failures, source } = asking(first, new Error("down"), new Error("down"), new Error("down"), own);
    expect(await source(offered)).toBe(first);
    await vi.advanceTimersByTimeAsync(50_000);
    expect(await source(offered)).toBe(first);
    await vi.advanceTimersByTimeAsync(49_999);
    expect(await source(offered)).toBe(first);
    expect(failures).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    await expect(source(offered)).rejects.toThrow("down");
    expect(await source(offered)).toBe(own);
    expect([ask.mock.calls.length, failures.length]).toEqual([5, 3]);
  });

  test("that fails where nothing tells when the old answer expires leaves that in use", async () => {
    const { failures, source } = asking(own, new Error("down"));
    await source(offered);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await source(offered)).toBe(own);
    expect(failures).toHaveLength(1);
  });

  test("that does not answer holds no connection up for longer than 2 s while the old answer is good", async () => {
    const first = named(100);
    const { ask, source } = asking(first);
    await source(offered);
    ask.mockReturnValue(new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(50_000);
    const servers = vi.fn();
    void Promise.resolve(source(offered)).then(servers);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(servers).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(servers).toHaveBeenCalledWith(first);
  });

  test("may throw, or return what is no array: both are failures", async () => {
    for (const wrong of [() => { throw new Error("thrown"); }, () => Promise.resolve(undefined)]) {
      const failures: unknown[] = [];
      const source = iceSource(wrong as unknown as () => Promise<IceServer[]>, "chat.example", (error) => failures.push(error));
      await expect(source(offered)).rejects.toThrow();
      await expect(source(offered)).rejects.toThrow();
      expect(failures).toHaveLength(2);
    }
  });
});
