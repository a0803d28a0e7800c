// @ts-check
// Everything that is measured, on one page, so that all of it is loaded before a clock starts.
import * as flow from "./flow.js";
import * as ours from "./ours.js";
import * as raw from "./raw.js";
import * as rivals from "./rivals.js";

window.bench = {
  pipes: {},
  pipe(name) {
    const pipe = window.bench.pipes[name];
    if (pipe === undefined) throw new Error(`there is no pipe "${name}"`);
    return pipe;
  },
  tally: undefined,
  flow,
  raw,
  ours,
  /** @type {import("./company.js").Libraries} */
  libraries: { chinwag: ours.enter, slim: ours.enterSlim, yWebrtc: rivals.enterYWebrtc, trystero: rivals.enterTrystero },
  companies: {},
};
