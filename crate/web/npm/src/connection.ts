/** A connection with its two channels. */
export interface Connection {
  readonly connection: RTCPeerConnection;
  /** Ordered and retransmitted. */
  readonly reliable: RTCDataChannel;
  /** Unordered, never retransmitted. */
  readonly unreliable: RTCDataChannel;
}

/** A fresh connection. The ids of its channels are agreed on beforehand (docs/PROTOCOL.md, "Transport"), so no message announces them. */
export function connect(iceServers: unknown, relayOnly: boolean): Connection {
  const connection = new RTCPeerConnection({ iceServers: (iceServers ?? []) as RTCIceServer[], iceTransportPolicy: relayOnly ? "relay" : "all" });
  const channel = (id: number, more?: RTCDataChannelInit) => connection.createDataChannel("chinwag", { negotiated: true, id, ...more });
  return { connection, reliable: channel(0), unreliable: channel(1, { ordered: false, maxRetransmits: 0 }) };
}
