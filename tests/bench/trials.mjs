// @ts-check
// The trials. In each of them ours and theirs take turns, so that what slows the machine down slows down both; and what counts is the
// ratio within a round.
import { nowMs } from "../e2e/harness/clock.mjs";

/** @typedef {import("./stage.mjs").Stage} Stage */
/** @typedef {import("../e2e/harness/tab.mjs").Tab} Tab */
/** @typedef {import("./pages/flow.js").PipeName} PipeName */

/**
 * @typedef {object} Figure something that was measured, in each round
 * @property {string} what
 * @property {string} unit
 * @property {string} than whom it is compared with
 * @property {"more" | "less"} better
 * @property {number} [aim] for the ratio of ours to theirs
 * @property {number[]} ours
 * @property {number[]} theirs
 */

/**
 * @typedef {object} Trial
 * @property {string} name for the command line
 * @property {number} steps how often it reports that it goes on
 * @property {(stage: Stage, step: (what: string) => void) => Promise<Figure[]>} run
 */

const FLOW_ROUNDS = 5;
const FLOOD_MS = 1_000;
/** A fresh channel runs for a moment, stands still for two seconds, and only then shows what it can do. */
const WARM_UP_MS = 4_000;
const PINGS = 100;
const PING_BYTES = 32;
const LINK_ROUNDS = 9;
const COMPANY_ROUNDS = 5;
const COMPANY = 10;
const DEATH_ROUNDS = 3;
/** y-webrtc gives up a connection when the browser does, or when nothing was heard of a member for 30 s. */
const DEATH_MS_MAX = 60_000;
const MEET_MS_MAX = 30_000;

/** A message of 15 KiB fits into one frame, and one of 16 KiB takes two: each is signed, and verified. */
const MESSAGES = [
  { name: "16 KiB", bytes: 16 << 10, unit: "MB/s", of: (/** @type {number} */ perMs) => (perMs * (16 << 10)) / 1e3 },
  { name: "15 KiB", bytes: 15 << 10, unit: "MB/s", of: (/** @type {number} */ perMs) => (perMs * (15 << 10)) / 1e3 },
  { name: "200 B", bytes: 200, unit: "messages/s", of: (/** @type {number} */ perMs) => perMs * 1e3 },
];

/**
 * Two pages with each kind of pipe between them, warm.
 * @param {Stage} stage
 */
async function pair(stage) {
  const tabs = await Promise.all([stage.page(), stage.page()]);
  const [sender, receiver] = tabs;
  const room = stage.room();
  await receiver.evaluate((relay, topic) => window.bench.raw.wait(relay, topic), stage.relay, room);
  await sender.evaluate((relay, topic) => window.bench.raw.dial(relay, topic), stage.relay, room);
  await Promise.all(tabs.map((tab) => tab.evaluate((name) => window.bench.ours.openPipes(name), room)));
  return { tabs, sender, receiver };
}

/**
 * @param {Tab} sender
 * @param {Tab} receiver
 * @param {PipeName} name
 * @param {number} bytes
 * @param {number} ms
 * @returns {Promise<number>} messages a millisecond, at the receiver
 */
async function flood(sender, receiver, name, bytes, ms) {
  await receiver.evaluate((pipe) => {
    window.bench.tally = window.bench.flow.tally(window.bench.pipe(pipe));
  }, name);
  await sender.evaluate((pipe, size, forMs) => window.bench.flow.flood(window.bench.pipe(pipe), size, forMs), name, bytes, ms);
  const counted = await receiver.evaluate(async () => window.bench.tally);
  if (counted === undefined) throw new Error("nothing was counted");
  return counted.messages / counted.ms;
}

/** @type {Trial} */
const throughput = {
  name: "throughput",
  steps: 1 + FLOW_ROUNDS * MESSAGES.length,
  async run(stage, step) {
    step("warming up the channels");
    const { tabs, sender, receiver } = await pair(stage);
    const names = /** @type {const} */ (["raw", "ours", "oursToOne"]);
    for (const name of names) await flood(sender, receiver, name, 16 << 10, WARM_UP_MS);
    const figures = [];
    for (const { name: size, bytes, unit, of } of MESSAGES) {
      /** @type {Record<PipeName, number[]>} */
      const rates = { raw: [], ours: [], oursToOne: [] };
      for (let round = 1; round <= FLOW_ROUNDS; round += 1) {
        step(`messages of ${size}, round ${round}`);
        for (const name of names) rates[name].push(of(await flood(sender, receiver, name, bytes, FLOOD_MS)));
      }
      const compared = { unit, than: "a data channel", better: /** @type {const} */ ("more"), aim: 0.9, theirs: rates.raw };
      figures.push({ what: `messages of ${size}, to all`, ...compared, ours: rates.ours });
      figures.push({ what: `messages of ${size}, to one`, ...compared, ours: rates.oursToOne });
    }
    await stage.clear(tabs);
    return figures;
  },
};

/** @type {Trial} */
const roundTrips = {
  name: "round-trips",
  steps: FLOW_ROUNDS,
  async run(stage, step) {
    const { tabs, sender, receiver } = await pair(stage);
    const names = /** @type {const} */ (["raw", "ours", "oursToOne"]);
    /** @type {Record<typeof names[number], number[]>} */
    const tookMs = { raw: [], ours: [], oursToOne: [] };
    for (let round = 1; round <= FLOW_ROUNDS; round += 1) {
      step(`round trips, round ${round}`);
      for (const name of names) {
        await receiver.evaluate((pipe) => window.bench.flow.echo(window.bench.pipe(pipe)), name);
        const took = await sender.evaluate((pipe, bytes, count) => window.bench.flow.roundTrips(window.bench.pipe(pipe), bytes, count), name, PING_BYTES, PINGS);
        tookMs[name].push(took);
      }
    }
    await stage.clear(tabs);
    const compared = { unit: "ms", than: "a data channel", better: /** @type {const} */ ("less"), aim: 1.2, theirs: tookMs.raw };
    return [
      { what: `round trip of ${PING_BYTES} B, to all`, ...compared, ours: tookMs.ours },
      { what: `round trip of ${PING_BYTES} B, to one`, ...compared, ours: tookMs.oursToOne },
    ];
  },
};

/** @type {Trial} */
const firstLink = {
  name: "first-link",
  steps: LINK_ROUNDS,
  async run(stage, step) {
    const resident = await stage.page();
    /** @type {Record<"raw" | "inline" | "slim" | "loaded", number[]>} */
    const tookMs = { raw: [], inline: [], slim: [], loaded: [] };
    for (let round = 1; round <= LINK_ROUNDS; round += 1) {
      step(`first link, round ${round}`);
      tookMs.raw.push(await rawLink(stage, resident));
      for (const way of /** @type {const} */ (["inline", "slim", "loaded"])) tookMs[way].push(await ourLink(stage, resident, way));
    }
    await stage.clear([resident]);
    const compared = { unit: "ms", than: "a data channel", better: /** @type {const} */ ("less"), aim: 1.5, theirs: tookMs.raw };
    return [
      { what: "first link, WebAssembly loaded", ...compared, ours: tookMs.loaded },
      { what: "first link of a page, chinwag/slim", ...compared, ours: tookMs.slim },
      { what: "first link of a page", ...compared, ours: tookMs.inline },
    ];
  },
};

/**
 * @param {Stage} stage
 * @param {Tab} resident
 */
async function rawLink(stage, resident) {
  const topic = stage.room();
  const newcomer = await stage.page();
  await resident.evaluate((relay, name) => window.bench.raw.wait(relay, name), stage.relay, topic);
  const tookMs = await newcomer.evaluate((relay, name) => window.bench.raw.dial(relay, name), stage.relay, topic);
  await stage.clear([newcomer]);
  return tookMs;
}

/**
 * @param {Stage} stage
 * @param {Tab} resident
 * @param {"inline" | "slim" | "loaded"} way how the newcomer comes by its WebAssembly; "loaded" if it has been in another room before
 */
async function ourLink(stage, resident, way) {
  const [room, elsewhere] = [stage.room(), stage.room()];
  const newcomer = await stage.page();
  await resident.evaluate((name) => window.bench.ours.reside(name), room);
  if (way === "loaded") {
    await newcomer.evaluate(async (name) => {
      await window.bench.ours.reside(name);
      await window.bench.ours.leave(name);
    }, elsewhere);
  }
  const tookMs = await newcomer.evaluate((name, slim) => window.bench.ours.firstLink(name, slim), room, way === "slim");
  await newcomer.evaluate((name) => window.bench.ours.leave(name), room);
  await resident.evaluate((name) => window.bench.ours.leave(name), room);
  await stage.clear([newcomer]);
  return tookMs;
}

/** @type {Trial} */
const company = {
  name: "ten-tabs",
  steps: 3 * COMPANY_ROUNDS,
  async run(stage, step) {
    const libraries = /** @type {const} */ (["chinwag", "slim", "yWebrtc"]);
    /** @type {Record<typeof libraries[number], number[]>} */
    const tookMs = { chinwag: [], slim: [], yWebrtc: [] };
    for (let round = 1; round <= COMPANY_ROUNDS; round += 1) {
      for (const library of libraries) {
        step(`${COMPANY} tabs, round ${round}, ${library}`);
        const tabs = await Promise.all(Array.from({ length: COMPANY }, () => stage.page()));
        tookMs[library].push(await meet(stage, tabs, library));
        await stage.clear(tabs);
      }
    }
    const compared = { unit: "ms", than: "y-webrtc", better: /** @type {const} */ ("less"), aim: 1, theirs: tookMs.yWebrtc };
    return [
      { what: `${COMPANY} tabs all see all, chinwag/slim`, ...compared, ours: tookMs.slim },
      { what: `${COMPANY} tabs all see all`, ...compared, ours: tookMs.chinwag },
    ];
  },
};

/**
 * Has tabs enter a room at the same moment.
 * @param {Stage} stage
 * @param {readonly Tab[]} tabs
 * @param {keyof import("./pages/company.js").Libraries} library
 * @returns {Promise<number>} ms from the first call until the last tab saw all the others
 */
async function meet(stage, tabs, library) {
  const room = stage.room();
  const seen = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(
        async (kind, name, relay, others, withinMs) => {
          const now = () => performance.timeOrigin + performance.now();
          const beganMs = now();
          const entered = await window.bench.libraries[kind](name, relay);
          window.bench.companies[kind] = entered;
          return { beganMs, completeMs: await entered.others(others, withinMs) };
        },
        library,
        room,
        stage.relay,
        tabs.length - 1,
        MEET_MS_MAX,
      ),
    ),
  );
  return Math.max(...seen.map(({ completeMs }) => completeMs)) - Math.min(...seen.map(({ beganMs }) => beganMs));
}

/** @type {Trial} */
const death = {
  name: "killed-tab",
  steps: DEATH_ROUNDS,
  async run(stage, step) {
    const libraries = /** @type {const} */ (["chinwag", "yWebrtc", "trystero"]);
    /** @type {Record<typeof libraries[number], number[]>} */
    const tookMs = { chinwag: [], yWebrtc: [], trystero: [] };
    for (let round = 1; round <= DEATH_ROUNDS; round += 1) {
      step(`a killed tab, round ${round}`);
      const browser = await stage.another();
      const victim = await stage.page(browser);
      const survivors = await Promise.all([stage.page(), stage.page(), stage.page()]);
      for (const library of libraries) await meet(stage, [victim, ...survivors], library);
      const ids = Object.fromEntries(await Promise.all(libraries.map(async (library) => [library, await idOf(victim, library)])));
      const diedMs = nowMs();
      await victim.kill();
      for (const library of libraries) {
        const noticed = await Promise.all(
          survivors.map((tab) => tab.until(`${library} tells of the death`, DEATH_MS_MAX, (kind, id) => window.bench.companies[kind]?.goneMs[id], library, ids[library])),
        );
        tookMs[library].push(Math.max(...noticed.map(({ value }) => Number(value))) - diedMs);
      }
      await stage.clear(survivors);
    }
    const compared = { what: "a killed tab is known", unit: "ms", better: /** @type {const} */ ("less"), aim: 1, ours: tookMs.chinwag };
    return [
      { ...compared, than: "y-webrtc", theirs: tookMs.yWebrtc },
      { ...compared, than: "Trystero", theirs: tookMs.trystero },
    ];
  },
};

/**
 * @param {Tab} tab
 * @param {keyof import("./pages/company.js").Libraries} library
 */
async function idOf(tab, library) {
  return tab.evaluate((kind) => window.bench.companies[kind]?.self, library);
}

/** In the order in which they run. */
export const TRIALS = [throughput, roundTrips, firstLink, company, death];
