/** QR codes, as one path: dark on white whatever the theme, or cameras do not read them. */

import { encode } from "uqr";
import { svg } from "../shared/dom.js";

/** The quiet zone around a code, in modules (ISO/IEC 18004, section 9.1). */
const QUIET = 4;

/** The path of a code's dark modules, each row in runs. */
export function runs(rows: readonly (readonly boolean[])[]): string {
  return rows
    .flatMap((row, y) => {
      const starts = row.flatMap((dark, x) => (dark && row[x - 1] !== true ? [x] : []));
      return starts.map((x) => {
        const end = row.indexOf(false, x);
        const width = (end < 0 ? row.length : end) - x;
        return `M${x} ${y}h${width}v1h-${width}z`;
      });
    })
    .join("");
}

/** A text as a picture for a camera; `label` says what it is. */
export function qrCode(text: string, label: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: "L", border: QUIET });
  return svg(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, class: "qr-ground" }),
    svg("path", { d: runs(data), class: "qr-ink" }),
  );
}
