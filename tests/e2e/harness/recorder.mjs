// @ts-check
// Runs in a demo page and writes down what a user sees there and what the room tells, each with the time at which it came.
// A test reads it afterwards, so that measuring needs no round trips in between.

/**
 * @typedef {object} Recording times in epoch milliseconds
 * @property {{ atMs: number, x: number, y: number }[]} moves my own pointer, as the page heard it, in fractions of the stage
 * @property {{ atMs: number, from: string, x: number, y: number }[]} cursors of others, as shown
 * @property {{ atMs: number, from: string, id: string, text: string }[]} messages as shown
 * @property {{ atMs: number, member: string, reason: string }[]} departures as shown
 * @property {{ atMs: number, member: string, reason: string }[]} left as the room told
 * @property {{ atMs: number, member: string }[]} joined as the room told
 * @property {{ atMs: number, member: string, endedMs?: number }[]} suspected as the room told, and when that was no longer so
 * @property {{ atMs: number, state: string }[]} signaling as the room told
 */

/** Starts the recording in `window.recording`. A page that has reloaded needs it anew. */
export const record = () => {
  const room = window.chinwag?.room;
  if (room === undefined) throw new Error("there is no room to record");
  /** @type {Recording} */
  const recording = { moves: [], cursors: [], messages: [], departures: [], left: [], joined: [], suspected: [], signaling: [] };
  window.recording = recording;

  const now = () => performance.timeOrigin + performance.now();
  const all = (/** @type {string} */ id) => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-testid="${id}"]`));

  /** Items that were there before, or are written down already. @type {WeakSet<Element>} */
  const known = new WeakSet([...all("message"), ...all("departure")]);
  const fresh = (/** @type {string} */ id) => [...all(id)].filter((item) => !known.has(item) && known.add(item));
  /** @type {Map<string, string>} */
  const places = new Map();

  const look = () => {
    const atMs = now();
    for (const { dataset } of all("cursor")) {
      const { memberId: from = "", x = "", y = "" } = dataset;
      if (x === "" || places.get(from) === `${x} ${y}`) continue;
      places.set(from, `${x} ${y}`);
      recording.cursors.push({ atMs, from, x: Number(x), y: Number(y) });
    }
    for (const { dataset, textContent } of fresh("message")) {
      recording.messages.push({ atMs, from: dataset["from"] ?? "", id: dataset["messageId"] ?? "", text: textContent ?? "" });
    }
    for (const { dataset } of fresh("departure")) {
      recording.departures.push({ atMs, member: dataset["memberId"] ?? "", reason: dataset["reason"] ?? "" });
    }
  };

  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  const heard = (/** @type {PointerEvent} */ { clientX, clientY }) => {
    const atMs = now();
    const box = all("stage")[0]?.getBoundingClientRect();
    if (box === undefined) return;
    recording.moves.push({ atMs, x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height });
  };
  addEventListener("pointermove", heard, { capture: true });
  room.on("leave", ({ id }, reason) => recording.left.push({ atMs: now(), member: id, reason }));
  room.on("join", ({ id }) => recording.joined.push({ atMs: now(), member: id }));
  room.on("suspect", ({ id }) => recording.suspected.push({ atMs: now(), member: id }));
  room.on("members", (members) => {
    const suspects = new Set(members.filter(({ status }) => status === "suspect").map(({ id }) => id));
    for (const suspicion of recording.suspected) if (!suspects.has(suspicion.member)) suspicion.endedMs ??= now();
  });
  room.on("signaling", (state) => recording.signaling.push({ atMs: now(), state }));
};
