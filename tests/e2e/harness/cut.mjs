// @ts-check
// Cuts groups of tabs from each other, and joins them again. Each page puts its name into the descriptions (RFC 8866, section 6) of its
// connections, in an attribute that browsers pass over, so that it can be told whose connections it shall end and never make.

/** @typedef {import("./suite.mjs").Visitor} Visitor */

/** What a page calls itself. @param {Visitor} tab */
const nameOf = (tab) => tab.label.replaceAll(" ", "-");

/**
 * Makes a tab one that can be cut from others. To be called before it goes anywhere.
 * @param {Visitor} tab
 */
export async function makeCuttable(tab) {
  await tab.page.evaluateOnNewDocument((/** @type {string} */ name) => {
    const Original = RTCPeerConnection;
    window.cutFrom = [];
    window.connections = [];
    window.RTCPeerConnection = class extends Original {
      /** The page at the other end, as soon as it has said so. @type {string | undefined} */
      other;

      /** @param {RTCConfiguration} [configuration] */
      constructor(configuration) {
        super(configuration);
        window.connections.push(this);
      }

      /** @override */
      get localDescription() {
        const description = super.localDescription;
        return description && new RTCSessionDescription({ type: description.type, sdp: `${description.sdp}a=x-page:${name}\r\n` });
      }

      /** @override @param {RTCSessionDescriptionInit} description */
      async setRemoteDescription(description) {
        this.other = /^a=x-page:(\S+)/m.exec(description.sdp ?? "")?.[1];
        if (this.other !== undefined && window.cutFrom.includes(this.other)) {
          this.close();
          throw new DOMException(`There is no way to ${this.other}.`, "OperationError");
        }
        await super.setRemoteDescription(description);
      }
    };
  }, nameOf(tab));
}

/**
 * Cuts two groups of tabs from each other: what there is between them ends at both ends, and nothing new comes about.
 * @param {readonly Visitor[]} half
 * @param {readonly Visitor[]} otherHalf
 * @returns {Promise<number>} how many connections ended
 */
export async function cut(half, otherHalf) {
  const cutOff = (/** @type {readonly Visitor[]} */ tabs, /** @type {readonly Visitor[]} */ from) =>
    tabs.map((tab) =>
      tab.evaluate((names) => {
        window.cutFrom = names;
        const ended = window.connections.filter(({ other, connectionState }) => other !== undefined && names.includes(other) && connectionState !== "closed");
        for (const connection of ended) connection.close();
        return ended.length;
      }, from.map(nameOf)),
    );
  const ended = await Promise.all([...cutOff(half, otherHalf), ...cutOff(otherHalf, half)]);
  return ended.reduce((sum, count) => sum + count, 0);
}

/** Lets tabs find each other again. @param {readonly Visitor[]} tabs */
export async function heal(tabs) {
  await Promise.all(tabs.map((tab) => tab.evaluate(() => void (window.cutFrom = []))));
}
