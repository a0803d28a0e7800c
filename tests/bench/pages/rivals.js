// @ts-nocheck: what this imports is there only where the benchmark has been run.
// y-webrtc and Trystero, as published, both by the signaling server that y-webrtc brings along.
import { createTopicStrategy, selfId, toJson } from "@trystero-p2p/core";
import { WebrtcProvider } from "y-webrtc";
import { Doc } from "yjs";
import { Company } from "./company.js";

/** Nobody shall wait for a server that cannot be reached from here. */
const NO_SERVERS = { iceServers: [] };

/**
 * Somebody is there when its awareness has come, and gone when its connection or its awareness is: whatever is told first.
 * @type {import("./company.js").Enter}
 */
export async function enterYWebrtc(name, relay) {
  const provider = new WebrtcProvider(name, new Doc(), { signaling: [relay], peerOpts: { config: NO_SERVERS } });
  await provider.key;
  const company = new Company(provider.room.peerId);
  const { awareness } = provider;
  const peers = new Map();
  awareness.setLocalState({ peer: company.self });
  awareness.on("change", ({ added, updated, removed }) => {
    for (const client of [...added, ...updated]) {
      const peer = awareness.getStates().get(client)?.peer;
      if (client === awareness.clientID || peer === undefined) continue;
      peers.set(client, peer);
      company.came(peer);
    }
    for (const client of removed) company.left(peers.get(client));
  });
  provider.on("peers", ({ removed }) => removed.forEach((peer) => company.left(peer)));
  return company;
}

/** A relay that hands on what is published, as Trystero's manual has it for servers of one's own. */
const joinByRelay = createTopicStrategy({
  init: ({ relayConfig }) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(relayConfig.urls[0]);
      socket.addEventListener("open", () => resolve(socket));
      socket.addEventListener("error", reject);
    }),
  subscribeTopic(socket, topic, onMessage) {
    const listener = ({ data }) => {
      const message = JSON.parse(data);
      if (message.topic === topic) onMessage(topic, message.payload);
    };
    socket.addEventListener("message", listener);
    socket.send(toJson({ type: "subscribe", topics: [topic] }));
    return () => {
      socket.removeEventListener("message", listener);
      socket.send(toJson({ type: "unsubscribe", topics: [topic] }));
    };
  },
  publishTopic: (socket, topic, payload) => socket.send(toJson({ type: "publish", topic, payload })),
});

/** @type {import("./company.js").Enter} */
export async function enterTrystero(name, relay) {
  const room = joinByRelay({ appId: "chinwag-bench", rtcConfig: NO_SERVERS, relayConfig: { urls: [relay] } }, name);
  const company = new Company(selfId);
  room.onPeerJoin = (id) => company.came(id);
  room.onPeerLeave = (id) => company.left(id);
  return company;
}
