/** The links that I hold, as strings which hang between my cursor and my peers': the mesh, as one sees it from here. */

import { setAttribute, svg } from "../shared/dom.js";
import type { Point } from "../shared/wire.js";

/** A string's slack, as a part of its span. */
const SAG = 0.16;
const SAG_PX_MAX = 90;

/** The path of a string between two points, in pixels: it hangs, and the further the ends, the more. */
export function stringPath(a: Point, b: Point): string {
  const span = Math.hypot(b.x - a.x, b.y - a.y);
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 + 2 * Math.min(SAG_PX_MAX, span * SAG) };
  const at = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(a)}Q${at(middle)} ${at(b)}`;
}

export class Strings {
  readonly element = svg("svg", { class: "strings", "aria-hidden": "true" });
  readonly #paths = new Map<string, SVGPathElement>();

  /** Draws a string to each of `ends`; none at all while I am not on the stage myself. */
  draw(me: Point | null, ends: ReadonlyMap<string, Point>, size: { readonly width: number; readonly height: number }): void {
    for (const [id, path] of this.#paths) {
      if (me !== null && ends.has(id)) continue;
      path.remove();
      this.#paths.delete(id);
    }
    if (me === null) return;
    const pixels = ({ x, y }: Point): Point => ({ x: x * size.width, y: y * size.height });
    for (const [id, end] of ends) setAttribute(this.#path(id), "d", stringPath(pixels(me), pixels(end)));
  }

  #path(id: string): SVGPathElement {
    const known = this.#paths.get(id);
    if (known !== undefined) return known;
    const path = svg("path");
    this.#paths.set(id, path);
    this.element.append(path);
    return path;
  }
}
