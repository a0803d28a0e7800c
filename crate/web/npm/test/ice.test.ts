import { expect, test, vi } from "vitest";
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

test("a function is asked once a minute, and again at once after it failed", async () => {
  vi.useFakeTimers();
  const failures: unknown[] = [];
  const ask = vi.fn().mockResolvedValueOnce(own).mockRejectedValueOnce(new Error("no")).mockResolvedValue(own);
  const source = iceSource(ask as () => Promise<RTCIceServer[]>, "chat.example", (error) => failures.push(error));
  expect(await source(offered)).toBe(own);
  expect(await source(offered)).toBe(own);
  expect(ask).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(60_000);
  await expect(source(offered)).rejects.toThrow("no");
  expect(failures).toHaveLength(1);
  expect(await source(offered)).toBe(own);
  vi.useRealTimers();
});
