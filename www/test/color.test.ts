import { describe, expect, test } from "vitest";
import { PALETTE, chooseColor, colorOf, hash32, type Color } from "../src/shared/color.js";

const INK = "#24122e";

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

test.each(PALETTE)("ink on %s is easy to read", (color) => {
  const contrast = (luminance(color) + 0.05) / (luminance(INK) + 0.05);
  expect(contrast).toBeGreaterThan(6.5);
});

test("the same id has the same colour everywhere", () => {
  expect(colorOf("3fa9")).toBe(colorOf("3fa9"));
  expect(hash32("chinwag")).toBe(hash32("chinwag"));
});

test("ids spread over the whole palette", () => {
  const worn = new Set(Array.from({ length: 400 }, (_, at) => colorOf(`member-${at}`)));
  expect(worn.size).toBe(PALETTE.length);
});

describe("a free colour", () => {
  const [red, blue] = PALETTE;

  test("I keep mine while nobody else wears it", () => {
    expect(chooseColor("b", red, new Map([["a", blue]]))).toBe(red);
  });

  test("of two in one colour, the lesser id keeps it", () => {
    expect(chooseColor("a", red, new Map([["b", red]]))).toBe(red);
    expect(chooseColor("b", red, new Map([["a", red]]))).not.toBe(red);
  });

  test("I keep mine when all are worn", () => {
    const all = new Map(PALETTE.map((color, at) => [`a${at}`, color]));
    expect(chooseColor("b", red, all)).toBe(red);
  });

  test("a full room settles with every colour worn once, when all choose at the same time", () => {
    const ids = PALETTE.map((_, at) => `member-${at}`);
    let worn = new Map<string, Color>(ids.map((id) => [id, red]));
    for (let round = 0; round < PALETTE.length * 2; round += 1) {
      worn = new Map(ids.map((id) => [id, chooseColor(id, worn.get(id) ?? red, new Map([...worn].filter(([other]) => other !== id)))]));
    }
    expect(new Set(worn.values()).size).toBe(PALETTE.length);
  });
});
