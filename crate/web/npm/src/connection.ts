/**
 * Chromium never collects a connection that is closed at certain moments before it has gathered its candidates, and counts it for as long as the page lives.
 * So one that has not is closed after so long, when nothing of what was begun is under way any more.
 */
const CLOSING_MS = 1_000;

/** A connection with its two channels. Their ids are agreed on beforehand (docs/PROTOCOL.md, "Transport"), so no message announces them. */
export class Connection {
  readonly connection: RTCPeerConnection;
  /** Ordered and retransmitted. */
  readonly reliable: RTCDataChannel;
  /** Unordered, never retransmitted. */
  readonly unreliable: RTCDataChannel;

  constructor(iceServers: unknown, readonly relayOnly: boolean) {
    this.connection = new RTCPeerConnection(this.#configuration(iceServers));
    const channel = (id: number, more?: RTCDataChannelInit) => this.connection.createDataChannel("chinwag", { negotiated: true, id, ...more });
    this.reliable = channel(0);
    this.unreliable = channel(1, { ordered: false, maxRetransmits: 0 });
  }

  /** Whether both channels are open. */
  get isOpen(): boolean {
    return this.reliable.readyState === "open" && this.unreliable.readyState === "open";
  }

  get hasFailed(): boolean {
    return this.connection.connectionState === "failed";
  }

  /** Our description, if there is one. */
  get sdp(): string | undefined {
    return this.connection.localDescription?.sdp;
  }

  /** Whether that is an answer. */
  get answers(): boolean {
    return this.connection.localDescription?.type === "answer";
  }

  /** Makes an offer, or the answer to one. */
  describe(): Promise<void> {
    return this.connection.setLocalDescription();
  }

  /** Takes the other side's description. */
  take(type: RTCSdpType, sdp: string): Promise<void> {
    return this.connection.setRemoteDescription({ type, sdp });
  }

  /** Takes a candidate of the other side. */
  add(candidate: string, sdpMid: string | null = null, sdpMLineIndex: number | null = null): Promise<void> {
    return this.connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex });
  }

  /** The next offer is for another way. */
  restart(): void {
    this.connection.restartIce();
  }

  /** Other ICE servers from the next description on. */
  configure(iceServers: unknown): void {
    try {
      this.connection.setConfiguration(this.#configuration(iceServers));
    } catch {
      // Servers that are none leave those that it had.
    }
  }

  /** Has handlers called for every event, and for messages; for none any more, but for the ends of channels. */
  listen(onEvent: ((event: Event) => void) | null, onMessage: ((event: MessageEvent) => void) | null): void {
    const { connection, reliable, unreliable } = this;
    connection.onicecandidate = connection.onconnectionstatechange = connection.ondatachannel = reliable.onbufferedamountlow = onEvent;
    for (const channel of [reliable, unreliable]) {
      channel.binaryType = "arraybuffer";
      channel.onopen = channel.onerror = onEvent;
      if (onEvent) channel.onclose = onEvent;
      channel.onmessage = onMessage;
    }
  }

  /** Closes the reliable channel in order: its end comes when everything that was put in has arrived (RFC 8831, section 6.7). */
  part(): void {
    this.listen(null, null);
    this.reliable.close();
  }

  /** Closes everything at once, or as soon as it may be. */
  close(): void {
    this.listen(null, null);
    for (const channel of [this.reliable, this.unreliable]) {
      channel.onclose = null;
      channel.close();
    }
    const { connection } = this;
    if (connection.iceGatheringState === "complete") connection.close();
    else setTimeout(() => connection.close(), CLOSING_MS);
  }

  #configuration(iceServers: unknown): RTCConfiguration {
    return { iceServers: (iceServers ?? []) as RTCIceServer[], iceTransportPolicy: this.relayOnly ? "relay" : "all" };
  }
}
