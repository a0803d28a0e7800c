// What the measured pages put on `window` for whoever drives them.
import type { Company, Libraries } from "./pages/company.js";
import type * as flow from "./pages/flow.js";
import type * as ours from "./pages/ours.js";
import type * as raw from "./pages/raw.js";

declare global {
  interface Window {
    bench: {
      /** The ways to the other page of a pair. */
      pipes: Partial<Record<flow.PipeName, flow.Pipe>>;
      /** One that must be there. */
      pipe: (name: flow.PipeName) => flow.Pipe;
      /** What comes of the flood that is under way. */
      tally: ReturnType<typeof flow.tally> | undefined;
      flow: typeof flow;
      raw: typeof raw;
      ours: typeof ours;
      libraries: Libraries;
      /** Who is in the room, by library. */
      companies: Partial<Record<keyof Libraries, Company>>;
    };
  }
}
