/** The bytes that hexadecimal digits stand for, whatever stands between each two of them. */
export const bytes = (digits: string): Uint8Array<ArrayBuffer> => Uint8Array.from(digits.match(/[\da-f]{2}/gi) ?? [], (byte) => parseInt(byte, 16));

export const hex = (bytes: Iterable<number>, between = ""): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(between);

/** The names under which browsers hide addresses: UUIDs, of 16 bytes instead of 42. */
const HIDDEN = /^.{8}-.{4}-.{4}-.{4}-.{12}\.local$/;

/**
 * What differs between two descriptions (RFC 8829) of a connection with nothing but data channels: user name and password for ICE, the certificate's
 * fingerprint, and then address, port and priority of each candidate. The rest is the same for all.
 */
export function packDescription(sdp: string): (string | number | Uint8Array)[] {
  const field = (name: string): string => new RegExp(`^a=${name}(\\S+)`, "m").exec(sdp)?.[1] ?? "";
  // Those for TCP lead nowhere: browsers only dial by it.
  const candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 udp (\d+) (\S+) (\d+)/gim)];
  return [
    field("ice-ufrag:"),
    field("ice-pwd:"),
    bytes(field("fingerprint:sha-256 ")),
    ...candidates.flatMap(([, priority, address = "", port]) => [HIDDEN.test(address) ? bytes(address.slice(0, 36)) : address, Number(port), Number(priority)]),
  ];
}

/** The description that was packed: of the one who offers, or of the one who answers. What a candidate is makes no difference to the other side, so each is a host's. */
export function unpackDescription(parts: readonly unknown[], offers: boolean): string {
  // Nobody smuggles in a line.
  if (/[\s\\]/.test(JSON.stringify(parts))) throw new TypeError();
  const [user, password, fingerprint, ...candidates] = parts;
  const lines = [
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sctp-port:5000",
    `a=ice-ufrag:${String(user)}`,
    `a=ice-pwd:${String(password)}`,
    `a=fingerprint:sha-256 ${hex(fingerprint as Uint8Array, ":").toUpperCase()}`,
    // Who offers begins with DTLS, when it knows with whom: of several who hold one invite, the first to begin would shut out the others.
    `a=setup:${offers ? "active" : "passive"}`,
  ];
  for (let at = 0; at < candidates.length; at += 3) {
    const address = candidates[at];
    const name = address instanceof Uint8Array ? `${hex(address).replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}.local` : String(address);
    lines.push(`a=candidate:${at} 1 udp ${String(candidates[at + 2])} ${name} ${String(candidates[at + 1])} typ host`);
  }
  return `${lines.join("\r\n")}\r\n`;
}
