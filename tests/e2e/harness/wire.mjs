// @ts-check
// What leaves a page on the way to a link: the candidates of its connections, and the frames that it hands to the server. And which way a link took.

/** @typedef {import("./tab.mjs").Tab} Tab */

/**
 * @typedef {object} Wire
 * @property {RTCPeerConnection[]} connections all that the page has made
 * @property {string[]} candidates what the browser gave the page to pass on
 * @property {string[]} frames what the page passed on by way of the server, each byte a character
 */

/**
 * @typedef {object} Way that a connection has taken
 * @property {string} local the type of the candidate here (RFC 8445, section 5.1.1)
 * @property {string} remote and at the other end
 * @property {string | undefined} relayProtocol how the TURN server is reached from here, if over one
 */

/**
 * Lets a page be watched. To be called before it goes anywhere.
 * @param {Tab} tab
 */
export async function watchWire(tab) {
  await tab.page.evaluateOnNewDocument(() => {
    window.wire = { connections: [], candidates: [], frames: [] };
    const Original = RTCPeerConnection;
    window.RTCPeerConnection = class extends Original {
      /** @param {RTCConfiguration} [configuration] */
      constructor(configuration) {
        super(configuration);
        window.wire.connections.push(this);
        this.addEventListener("icecandidate", ({ candidate }) => {
          if (candidate?.candidate) window.wire.candidates.push(candidate.candidate);
        });
      }
    };
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (text) {
      const { data } = JSON.parse(String(text));
      if (data !== undefined) window.wire.frames.push(atob(data));
      send.call(this, text);
    };
  });
}

/**
 * The ways of a page's connections, as they are now.
 * @param {Tab} tab
 * @returns {Promise<Way[]>}
 */
export async function waysOf(tab) {
  return tab.evaluate(async () => {
    /** @type {Way[]} */
    const ways = [];
    for (const connection of window.wire.connections) {
      if (connection.connectionState !== "connected") continue;
      const stats = await connection.getStats();
      const report = (/** @type {unknown} */ id) => /** @type {Record<string, unknown>} */ (stats.get(String(id)) ?? {});
      for (const { type, selectedCandidatePairId } of stats.values()) {
        if (type !== "transport") continue;
        const { localCandidateId, remoteCandidateId } = report(selectedCandidatePairId);
        const { candidateType: local, relayProtocol } = report(localCandidateId);
        ways.push(/** @type {Way} */ ({ local, remote: report(remoteCandidateId)["candidateType"], relayProtocol }));
      }
    }
    return ways;
  });
}
