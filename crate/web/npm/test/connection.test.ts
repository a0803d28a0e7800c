import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection } from "../src/connection.js";

/** What a browser does for a connection, as far as it is looked at here. */
class FakeConnection {
  iceGatheringState = "gathering";
  closed = 0;
  constructor(public configuration: RTCConfiguration) {}
  createDataChannel(): object {
    return { close() {} };
  }
  setConfiguration(configuration: RTCConfiguration): void {
    if (JSON.stringify(configuration).includes("nonsense")) throw new DOMException("no URL", "SyntaxError");
    this.configuration = configuration;
  }
  close(): void {
    this.closed += 1;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function made(iceServers: unknown, relayOnly: boolean): { connection: Connection; browsers: FakeConnection } {
  const connection = new Connection(iceServers, relayOnly);
  return { connection, browsers: connection.connection as unknown as FakeConnection };
}

test.each([[true, "relay"], [false, "all"]])("other ICE servers change nothing else, and servers that are none change nothing: relayOnly %s", (relayOnly, iceTransportPolicy) => {
  const { connection, browsers } = made([{ urls: "stun:one" }], relayOnly);
  expect(browsers.configuration).toEqual({ iceServers: [{ urls: "stun:one" }], iceTransportPolicy });
  connection.configure([{ urls: "turn:two" }]);
  expect(browsers.configuration).toEqual({ iceServers: [{ urls: "turn:two" }], iceTransportPolicy });
  connection.configure([{ urls: "nonsense" }]);
  expect(browsers.configuration).toEqual({ iceServers: [{ urls: "turn:two" }], iceTransportPolicy });
  connection.configure(undefined);
  expect(browsers.configuration).toEqual({ iceServers: [], iceTransportPolicy });
});

test("a connection that gathers candidates is closed a moment later, and any other at once", async () => {
  const [early, late] = [made(undefined, false), made(undefined, false)];
  late.browsers.iceGatheringState = "complete";
  early.connection.close();
  late.connection.close();
  expect([early.browsers.closed, late.browsers.closed]).toEqual([0, 1]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([early.browsers.closed, late.browsers.closed]).toEqual([1, 1]);
});
