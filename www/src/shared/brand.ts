/** The mark: two dots and a smile, in a speech bubble. */

import type { Color } from "./color.js";
import { html, svg } from "./dom.js";
import { face } from "./face.js";

export function mark(): SVGSVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 40 40", class: "mark", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: "M20 3C30.5 3 38 9.6 38 18.5S30.5 34 20 34c-1.6 0-3.1-.15-4.6-.45L6 38l2.2-7.6C4.2 27.5 2 23.3 2 18.5 2 9.6 9.5 3 20 3Z", class: "bubble" }),
    svg("path", { d: "M11.5 17Q20 31 28.5 17", class: "smile" }),
    svg("circle", { cx: 11.5, cy: 16, r: 3.4, class: "dot" }),
    svg("circle", { cx: 28.5, cy: 16, r: 3.4, class: "dot" }),
  );
}

/** Two peers and the link that hangs between them. */
export function linkGlyph(): SVGSVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 26 14", class: "link-glyph", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: "M4 4Q13 17 22 4" }),
    svg("circle", { cx: 4, cy: 4, r: 3 }),
    svg("circle", { cx: 22, cy: 4, r: 3 }),
  );
}

/** Me, holding one end of a string whose other end nobody has taken yet. */
export function waitingPicture(id: string, color: Color): SVGSVGElement {
  const me = face(id, color);
  for (const [name, value] of Object.entries({ width: 44, height: 44, x: 2, y: 2 })) me.setAttribute(name, String(value));
  return svg(
    "svg",
    { viewBox: "0 0 170 56", class: "waiting-picture", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: "M48 30Q84 66 122 30", class: "thread-to-nobody" }),
    svg("circle", { cx: 146, cy: 24, r: 21, class: "nobody" }),
    me,
  );
}

export function brandLink(href: string): HTMLAnchorElement {
  return html("a", { class: "brand", href, "aria-label": "Chinwag: all demos" }, mark(), html("span", { class: "wordmark" }, "Chinwag"));
}
