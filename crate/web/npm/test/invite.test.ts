import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Room } from "../src/api.js";
import { createIdentity } from "../src/identity.js";
import { joinWith } from "../src/join.js";
import { FakeHost, lastHost, stubPage } from "./fake-host.js";

const join = joinWith(() => Promise.resolve(FakeHost));
const ADA = "aa".repeat(16);
const BOB = "bb".repeat(16);
let room: Room;
let page: ReturnType<typeof stubPage>;
let ada: FakeHost;

/** A connection that has no network. */
class FakeConnection {
  static made: FakeConnection[] = [];
  connectionState = "new";
  iceConnectionState = "checking";
  iceGatheringState = "complete";
  localDescription = { sdp: `a=ice-ufrag:abcd\r\na=ice-pwd:${"p".repeat(24)}\r\na=fingerprint:sha-256 ${"AB:".repeat(31)}CD\r\na=candidate:1 1 udp 5 10.0.0.1 9 typ host\r\n` };
  remote: unknown;
  readonly tried: string[] = [];
  onicecandidate: ((event: { candidate: null }) => void) | undefined;
  constructor() {
    FakeConnection.made.push(this);
  }
  createDataChannel(): object {
    return { close() {} };
  }
  setLocalDescription(): Promise<void> {
    queueMicrotask(() => this.onicecandidate?.({ candidate: null }));
    return Promise.resolve();
  }
  setRemoteDescription(description: unknown): Promise<void> {
    this.remote = description;
    return Promise.resolve();
  }
  addIceCandidate({ candidate }: { candidate: string }): Promise<void> {
    this.tried.push(candidate);
    return Promise.resolve();
  }
  close(): void {
    this.connectionState = "closed";
  }
}

beforeEach(async () => {
  vi.useFakeTimers();
  page = stubPage();
  FakeHost.id = ADA;
  FakeConnection.made = [];
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
  room = await join("lobby", { signaling: [], identity: createIdentity() });
  ada = lastHost();
});
afterEach(async () => {
  await room.leave();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Another page takes up an invite: its host, and the answer. */
async function takenUp(invite: string): Promise<{ bob: FakeHost; answer: string; joining: Promise<Room> }> {
  let answer = "";
  FakeHost.id = BOB;
  const joining = join("lobby", { invite, onAnswer: (text) => void (answer = text), identity: createIdentity() });
  joining.catch(() => undefined);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(0);
  return { bob: lastHost(), answer, joining };
}

test("an invite is text for a link, and holds a connection until it is cancelled, expires, or the room is left", async () => {
  const [cancelled, expired, left] = [await room.invite(), await room.invite({ lifetimeMs: 5_000 }), await room.invite()];
  expect(cancelled.text).toMatch(/^[\w-]+$/);
  cancelled.cancel();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(FakeConnection.made.map(({ connectionState }) => connectionState)).toEqual(["closed", "closed", "new"]);
  expect(room.stats().peerConnectionsMade).toBe(ada.stats()[19]! + 2);
  const { answer } = await takenUp(left.text);
  await expect(cancelled.accept(answer)).rejects.toMatchObject({ code: "bad-argument" });
  await expect(expired.accept(answer)).rejects.toMatchObject({ code: "bad-argument" });
  await room.leave();
  expect(FakeConnection.made[2]?.connectionState).toBe("closed");
  await expect(left.accept(answer)).rejects.toMatchObject({ code: "left" });
});

test("a page that goes away keeps no invite, and one that comes back without a server is in its room at once", async () => {
  const invite = await room.invite();
  page("pagehide");
  expect(FakeConnection.made[0]?.connectionState).toBe("closed");
  page("pageshow", { persisted: true });
  expect(lastHost()).not.toBe(ada);
  expect(lastHost().asked("start")).toEqual([["start", true]]);
  const { answer } = await takenUp(invite.text);
  await expect(invite.accept(answer)).rejects.toMatchObject({ code: "left" });
  (await room.invite()).cancel();
});

test("an invited page that goes away and comes back before it is in stays outside", async () => {
  const { bob, joining } = await takenUp((await room.invite({ lifetimeMs: 5_000 })).text);
  const failed = expect(joining).rejects.toMatchObject({ code: "join-timeout" });
  page("pagehide");
  page("pageshow", { persisted: true });
  expect(lastHost()).not.toBe(bob);
  expect(lastHost().asked("start")).toEqual([["start", false]]);
  await vi.advanceTimersByTimeAsync(21_000);
  await failed;
});

test("eight may be open at once", async () => {
  const open = await Promise.all(Array.from({ length: 8 }, () => room.invite()));
  await expect(room.invite()).rejects.toMatchObject({ code: "connection-budget" });
  open[3]?.cancel();
  await room.invite();
});

test.each([999, 3_600_001, NaN, "5000"])("a lifetime of %s is refused", async (lifetimeMs) => {
  await expect(room.invite({ lifetimeMs: lifetimeMs as number })).rejects.toMatchObject({ code: "bad-argument" });
  expect(FakeConnection.made).toHaveLength(0);
});

test("a browser that makes no connection says so, and keeps no place for it", async () => {
  vi.stubGlobal("RTCPeerConnection", class { constructor() { throw new DOMException("too many", "UnknownError"); } });
  for (let round = 0; round < 9; round += 1) await expect(room.invite()).rejects.toMatchObject({ code: "connection-budget" });
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
  await room.invite();
});

test("an answer is accepted once the link is up, and no other", async () => {
  const invite = await room.invite();
  const { bob, answer } = await takenUp(invite.text);
  expect(FakeConnection.made[1]?.remote).toMatchObject({ type: "offer" });
  const accepting = invite.accept(` "https://example.org/x?y=z#answer=${answer}"`);
  await vi.advanceTimersByTimeAsync(0);
  expect(FakeConnection.made[0]?.remote).toMatchObject({ type: "answer" });
  ada.tell("joined", bob.id);
  ada.sink.link(bob.id, true);
  expect((await accepting).id).toBe(bob.id);
  await expect(invite.accept(answer)).rejects.toMatchObject({ code: "bad-argument", message: expect.stringContaining("has been used") as string });
  expect(FakeConnection.made[0]?.connectionState).toBe("new");
});

test("without a place for another link the invite stays open", async () => {
  const invite = await room.invite();
  const { bob, answer } = await takenUp(invite.text);
  ada.hasPlace = false;
  await expect(invite.accept(answer)).rejects.toMatchObject({ code: "connection-budget" });
  ada.hasPlace = true;
  const accepting = invite.accept(answer);
  await vi.advanceTimersByTimeAsync(0);
  ada.sink.link(bob.id, true);
  await accepting;
});

test("an answer of which no link comes is told after 15 s, and at once when the room is left", async () => {
  const [first, second] = [await room.invite(), await room.invite()];
  const [one, two] = [await takenUp(first.text), await takenUp(second.text)];
  const late = expect(first.accept(one.answer)).rejects.toMatchObject({ code: "join-timeout" });
  await vi.advanceTimersByTimeAsync(15_000);
  await late;
  const gone = expect(second.accept(two.answer)).rejects.toMatchObject({ code: "left" });
  await vi.advanceTimersByTimeAsync(0);
  await room.leave();
  await gone;
});

test("a newcomer tries again and again until its invite has expired, and then says so", async () => {
  const invite = await room.invite({ lifetimeMs: 60_000 });
  const { bob, joining } = await takenUp(invite.text);
  expect(bob.asked("unseal")).toEqual([["unseal", expect.closeTo(75_000, -4)]]);
  const failed = expect(joining).rejects.toMatchObject({ code: "join-timeout", message: expect.stringContaining("ask for a new") as string });
  await vi.advanceTimersByTimeAsync(11_000);
  expect(FakeConnection.made[1]?.tried).toEqual([1, 2].map((generation) => `candidate:0 1 udp 5 10.0.0.1 9 typ host generation ${generation}`));
  await vi.advanceTimersByTimeAsync(70_000);
  await failed;
});

test("an invite that has expired, is damaged, another's, or one's own is refused before anything is done", async () => {
  const invite = await room.invite({ lifetimeMs: 1_000 });
  const refused = async (text: string, code: string, message: string, name = "lobby") => {
    const made = FakeConnection.made.length;
    FakeHost.id = code === "join-timeout" ? BOB : ADA;
    await expect(join(name, { invite: text, onAnswer: () => {}, identity: createIdentity() })).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(FakeConnection.made).toHaveLength(made);
  };
  await refused(invite.text, "bad-argument", "This is your own");
  await refused(invite.text, "bad-argument", 'to the room "lobby"', "elsewhere");
  for (const text of ["", "x".repeat(400), invite.text.slice(0, 200), "\u{1f408}".repeat(99)]) await refused(text, "bad-argument", "This is no invite");
  await expect(join("lobby", { invite: invite.text, onAnswer: () => {} })).rejects.toMatchObject({ code: "bad-argument", message: expect.stringContaining("already") as string });
  await vi.advanceTimersByTimeAsync(2_000);
  await refused(invite.text, "join-timeout", "has expired");
});

test("who cannot fetch the code for invites is told so, and what to do", async () => {
  vi.doMock("../src/invite.js", () => {
    throw new TypeError("gone");
  });
  try {
    await expect(room.invite()).rejects.toMatchObject({ code: "protocol", message: expect.stringContaining("reload the page") as string });
  } finally {
    vi.doUnmock("../src/invite.js");
  }
  await expect(room.invite()).resolves.toHaveProperty("text");
});
