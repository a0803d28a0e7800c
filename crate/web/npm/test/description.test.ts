import { expect, test } from "vitest";
import { packDescription, unpackDescription } from "../src/description.js";

/** What Chromium says, and what Firefox says. */
const CHROMIUM = `v=0\r
o=- 1560627617640952791 2 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
m=application 40970 UDP/DTLS/SCTP webrtc-datachannel\r
c=IN IP4 127.0.0.1\r
a=candidate:1926156995 1 udp 2122260223 1b2c3d4e-0001-4a5b-8c6d-00ff1a2b3c4d.local 40970 typ host generation 0 network-id 1\r
a=candidate:2 1 udp 1686052607 203.0.113.7 61000 typ srflx raddr 0.0.0.0 rport 0 generation 0\r
a=candidate:3 1 udp 41885439 2001:db8::7 3479 typ relay raddr 203.0.113.7 rport 61000\r
a=candidate:201404507 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active generation 0\r
a=ice-ufrag:m8h9\r
a=ice-pwd:iw6zczf92yo0tdPYSBnczppQ\r
a=ice-options:trickle\r
a=fingerprint:sha-256 2B:80:56:78:E8:C5:94:C6:E8:DB:12:D1:12:8C:37:37:D7:36:13:6F:75:BA:E0:69:29:90:35:A1:3B:77:24:BF\r
a=setup:actpass\r
a=mid:0\r
a=sctp-port:5000\r
a=max-message-size:262144\r
`;
const FIREFOX = `v=0\r
a=fingerprint:sha-256 C6:F5:22:95:0A:2E:38:07:6C:44:51:66:E1:48:39:F2:BE:97:21:96:40:23:A3:1C:5D:8A:9B:DF:9C:CE:11:EB\r
m=application 45618 UDP/DTLS/SCTP webrtc-datachannel\r
a=candidate:0 1 UDP 2122252543 127.0.0.1 45618 typ host\r
a=candidate:1 1 TCP 2105524479 127.0.0.1 9 typ host tcptype active\r
a=ice-pwd:a30056e087029ef2ba7901b14a7e0d3c\r
a=ice-ufrag:cdab6de0\r
`;

const lines = (sdp: string, start: string) => sdp.split("\r\n").filter((line) => line.startsWith(start));

test.each([["Chromium", CHROMIUM], ["Firefox", FIREFOX]])("what a description of %s says of ICE and DTLS survives packing", (_, sdp) => {
  const unpacked = unpackDescription(packDescription(sdp), true);
  for (const kept of ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:"]) expect(lines(unpacked, kept)).toEqual(lines(sdp, kept));
  const heads = (from: string) => [...from.matchAll(/ 1 udp (\d+ \S+ \d+) typ/gi)].map(([, head]) => head);
  expect(heads(unpacked)).toEqual(heads(sdp));
  expect(lines(unpacked, "m=")).toEqual(["m=application 9 UDP/DTLS/SCTP webrtc-datachannel"]);
  expect(lines(unpacked, "a=setup:")).toEqual(["a=setup:active"]);
  expect(lines(unpackDescription(packDescription(sdp), false), "a=setup:")).toEqual(["a=setup:passive"]);
});

test("a hidden address takes 16 bytes", () => {
  expect(packDescription(CHROMIUM)[3]).toEqual(Uint8Array.of(0x1b, 0x2c, 0x3d, 0x4e, 0, 1, 0x4a, 0x5b, 0x8c, 0x6d, 0, 0xff, 0x1a, 0x2b, 0x3c, 0x4d));
});

test("nobody smuggles in a line", () => {
  const [user, password, print, ...candidate] = packDescription(FIREFOX);
  for (const parts of [
    ["a\r\nm=audio 9 RTP 0", password, print, ...candidate],
    [user, "b\nx", print, ...candidate],
    [user, password, print, "1.1.1.1\n", 1, 2],
    [user, password, print, "1.1.1.1", "9\r\na=x", 2],
    [user, password, print, "1.1.1.1", 9, { toString: "\n" }],
    [user, password, print, ["\n"], 9, 1],
  ]) {
    expect(() => unpackDescription(parts, true)).toThrow();
  }
});

test("whatever was packed, what comes of it has one section, and no line of another's making", () => {
  const pool = ["", "x", "a b", "\r\n", 0, -1, 2 ** 40, null, true, {}, { a: "\n" }, [], ["m=audio"], new Uint8Array(), new Uint8Array(16), new Uint8Array(99)];
  let seed = 7;
  const draw = () => pool[(seed = (seed * 48_271) % 2_147_483_647) % pool.length];
  for (let round = 0; round < 5_000; round += 1) {
    const parts = Array.from({ length: round % 12 }, draw);
    let sdp: string;
    try {
      sdp = unpackDescription(parts, round % 2 === 0);
    } catch {
      continue;
    }
    expect(lines(sdp, "m=")).toHaveLength(1);
    expect(sdp.split("\r\n").every((line) => line === "" || /^[a-z]=[^\r\n]*$/.test(line))).toBe(true);
  }
});
