// @ts-check
// Cuts links between tabs, and only those: each page's connections are noted as they are made, and two pages have a link between
// them if one's connection was made with what the other's says of itself.

/** @typedef {import("./suite.mjs").Visitor} Visitor */

/**
 * Notes all connections that a tab makes. To be called before it goes anywhere.
 * @param {Visitor} tab
 */
export async function noteConnections(tab) {
  await tab.page.evaluateOnNewDocument(() => {
    const Original = RTCPeerConnection;
    /** @type {RTCPeerConnection[]} */
    const made = [];
    window.connections = made;
    window.RTCPeerConnection = class extends Original {
      /** @param {RTCConfiguration} [configuration] */
      constructor(configuration) {
        super(configuration);
        made.push(this);
      }
    };
  });
}

/** Runs in the page: the names that both ends of each open connection gave to it (RFC 8839, section 5.4). */
const openConnections = () => {
  const name = (/** @type {RTCSessionDescription | null} */ description) => /a=ice-ufrag:(\S+)/.exec(description?.sdp ?? "")?.[1] ?? "";
  return window.connections
    .map((connection, index) => ({ index, open: connection.connectionState === "connected", own: name(connection.localDescription), other: name(connection.remoteDescription) }))
    .filter(({ open }) => open);
};

/**
 * Cuts every link between two groups of tabs, at both ends.
 * @param {readonly Visitor[]} half
 * @param {readonly Visitor[]} otherHalf
 * @returns {Promise<number>} how many there were
 */
export async function cutLinks(half, otherHalf) {
  const list = async (/** @type {readonly Visitor[]} */ tabs) =>
    (await Promise.all(tabs.map(async (tab) => (await tab.evaluate(openConnections)).map((connection) => ({ tab, ...connection }))))).flat();
  const [here, there] = await Promise.all([list(half), list(otherHalf)]);
  const pairs = here.flatMap((one) => there.filter((other) => one.own === other.other && one.other === other.own).map((other) => [one, other]));
  await Promise.all(pairs.flat().map(({ tab, index }) => tab.evaluate((at) => window.connections[at]?.close(), index)));
  return pairs.length;
}
