// @ts-check
// A data channel without any library, made as fast as it can be.

/** With more than this in the channel the sender waits, until half of it has gone out: any more makes nothing faster. */
const BUFFER_BYTES = 1 << 20;

/**
 * A page that waits for another one on a topic of the relay. Resolves when it can be found there.
 * @param {string} relay
 * @param {string} topic
 * @returns {Promise<void>}
 */
export async function wait(relay, topic) {
  const { socket, say, connection } = approach(relay, topic);
  await new Promise((resolve) => {
    socket.addEventListener("message", async ({ data }) => {
      const message = JSON.parse(data);
      // The relay sends everything to everybody, ourselves too: then it knows us.
      if (message.here) return resolve(undefined);
      if (message.description?.type !== "offer") return;
      await connection.setRemoteDescription(message.description);
      await connection.setLocalDescription();
      void say({ description: connection.localDescription });
    });
    void say({ here: true });
  });
}

/**
 * Dials the page that waits on a topic of the relay: the offer is made while the socket opens, candidates go as they come.
 * @param {string} relay
 * @param {string} topic
 * @returns {Promise<number>} ms from the beginning, with no socket yet, until the channel is open
 */
export async function dial(relay, topic) {
  const startMs = performance.now();
  const { socket, say, connection, channel } = approach(relay, topic);
  socket.addEventListener("message", ({ data }) => {
    const { description } = JSON.parse(data);
    if (description?.type === "answer") void connection.setRemoteDescription(description);
  });
  const open = new Promise((resolve) => channel.addEventListener("open", () => resolve(performance.now())));
  await connection.setLocalDescription();
  void say({ description: connection.localDescription });
  return (await open) - startMs;
}

/**
 * A connection with its channel, and a socket to the relay.
 * @param {string} relay
 * @param {string} topic
 */
function approach(relay, topic) {
  const connection = new RTCPeerConnection();
  const channel = connection.createDataChannel("raw", { negotiated: true, id: 0 });
  channel.binaryType = "arraybuffer";
  const me = crypto.randomUUID();
  const socket = new WebSocket(relay);
  const attached = new Promise((resolve) => socket.addEventListener("open", resolve));
  void attached.then(() => socket.send(JSON.stringify({ type: "subscribe", topics: [topic] })));
  const say = async (/** @type {object} */ what) => {
    await attached;
    socket.send(JSON.stringify({ type: "publish", topic, from: me, ...what }));
  };
  connection.addEventListener("icecandidate", ({ candidate }) => void say({ candidate }));
  socket.addEventListener("message", ({ data }) => {
    const { from, candidate } = JSON.parse(data);
    if (candidate && from !== me) void connection.addIceCandidate(candidate);
  });
  window.bench.pipes.raw = pipeOf(channel);
  return { socket, say, connection, channel };
}

/**
 * @param {RTCDataChannel} channel
 * @returns {import("./flow.js").Pipe}
 */
function pipeOf(channel) {
  channel.bufferedAmountLowThreshold = BUFFER_BYTES / 2;
  return {
    send(data) {
      channel.send(data);
      if (channel.bufferedAmount <= BUFFER_BYTES) return undefined;
      return new Promise((resolve) => channel.addEventListener("bufferedamountlow", () => resolve(), { once: true }));
    },
    listen(listener) {
      channel.onmessage = ({ data }) => listener(new Uint8Array(data));
    },
  };
}
