/**
 * Faces: every member gets one, made of its id, so that two of the same name differ at a glance.
 *
 * The whole identity of the demos is here: two dots and a smile. On a face they are eyes and mouth; between two
 * members they are peers and the link that hangs between them.
 */

import { hash32, type Color } from "./color.js";
import { svg } from "./dom.js";

/** `dozing`: suspected; `away`: has left; `lost`: has failed. */
export type Mood = "awake" | "dozing" | "away" | "lost";

const INK = "#24122e";

const HEADS = [
  "M20 2C31 2 38 9 38 20S31 38 20 38 2 31 2 20 9 2 20 2Z",
  "M20 3C33 3 37 8 37 19S34 39 20 39 3 31 3 19 7 3 20 3Z",
  "M20 2C29 2 36 8 37 18S32 38 20 38 1 30 3 18 11 2 20 2Z",
  "M14 3H27C35 3 38 8 38 16V24C38 33 33 38 22 38H19C8 38 2 34 2 24V14C2 7 6 3 14 3Z",
  "M21 2C32 2 39 10 37 21S31 37 21 38 2 34 2 22 10 2 21 2Z",
] as const;

const MOUTHS = [
  "M13 24Q20 31 27 24",
  "M14 24Q20 29 26 25",
  "M12 23Q20 33 28 23Z",
  "M14 26Q21 29 26 23",
  "M15 24Q20 32 25 24Z",
] as const;

function eyes(mood: Mood, apart: number, tall: boolean): SVGElement[] {
  return [20 - apart, 20 + apart].map((x) => {
    if (mood === "awake") return svg("ellipse", { cx: x, cy: 17, rx: 2.3, ry: tall ? 3.2 : 2.3, class: "eye" });
    const line = { dozing: `M${x - 3} 17h6`, away: `M${x - 3} 18q3 -4 6 0`, lost: `M${x - 2.4} 14.6l4.8 4.8m0 -4.8l-4.8 4.8` };
    return svg("path", { d: line[mood], class: "stroke" });
  });
}

/** A member's face, decorative: the name always stands beside it. */
export function face(id: string, color: Color, mood: Mood = "awake"): SVGSVGElement {
  const seed = hash32(id);
  const pick = (shapes: readonly string[], shift: number): string => shapes[(seed >>> shift) % shapes.length] ?? "";
  const smile = pick(MOUTHS, 9);
  const mouth = mood === "awake" || mood === "away" ? smile : mood === "dozing" ? "M16 26h8" : "M14 28Q20 23 26 28";
  return svg(
    "svg",
    { viewBox: "0 0 40 40", class: "face", "data-mood": mood, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: pick(HEADS, 4), fill: color }),
    svg(
      "g",
      { fill: INK, stroke: INK, "stroke-width": 0 },
      ...eyes(mood, 6 + ((seed >>> 14) % 3), (seed >>> 17) % 3 === 0),
      svg("path", { d: mouth, class: mouth.endsWith("Z") ? "mouth open" : "mouth stroke" }),
    ),
  );
}

/** Puts a face into `holder`, unless the same one is there already: a face that is replaced loses its animation. */
export function showFace(holder: HTMLElement, id: string, color: Color, mood: Mood): void {
  const key = `${id}/${color}/${mood}`;
  if (holder.dataset["face"] === key) return;
  holder.dataset["face"] = key;
  holder.replaceChildren(face(id, color, mood));
}
