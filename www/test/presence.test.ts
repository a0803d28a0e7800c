import { describe, expect, test } from "vitest";
import { departureWords } from "../src/presence/departures.js";
import { Motion } from "../src/presence/motion.js";
import { fractionIn, stepped } from "../src/presence/pointer.js";
import { stringPath } from "../src/presence/strings.js";

describe("a cursor that glides", () => {
  test("stands still until it is told to move", () => {
    const motion = new Motion({ x: 0.2, y: 0.4 }, 0);
    expect(motion.at(5000)).toEqual({ x: 0.2, y: 0.4 });
    expect(motion.settled(5000)).toBe(true);
  });

  test("arrives exactly, in a tenth of a second and a bit at most", () => {
    const motion = new Motion({ x: 0, y: 0 }, 0);
    motion.aim({ x: 1, y: 0.5 }, 1000);
    expect(motion.at(1120)).toEqual({ x: 1, y: 0.5 });
    expect(motion.settled(1120)).toBe(true);
  });

  test("goes on from where it is drawn when a new report comes: it never jumps", () => {
    const motion = new Motion({ x: 0, y: 0 }, 0);
    motion.aim({ x: 1, y: 1 }, 10);
    const before = motion.at(25);
    motion.aim({ x: 0, y: 1 }, 25);
    expect(motion.at(25)).toEqual(before);
  });

  test("learns the pace of the reports, and then moves at an even speed", () => {
    const motion = new Motion({ x: 0, y: 0 }, 0);
    for (let report = 1; report <= 20; report += 1) motion.aim({ x: report / 100, y: 0 }, report * 50);
    const speeds = [1000, 1010, 1020, 1030].map((now) => motion.at(now + 10).x - motion.at(now).x);
    for (const speed of speeds) expect(speed).toBeCloseTo(0.002, 3);
  });

  test("a pause of the hand is not taken for the pace", () => {
    const motion = new Motion({ x: 0, y: 0 }, 0);
    for (let report = 1; report <= 20; report += 1) motion.aim({ x: 0, y: 0 }, report * 16);
    motion.aim({ x: 1, y: 0 }, 60_000);
    expect(motion.at(60_020).x).toBe(1);
  });

  test("a clock that stands still or runs back leaves it between its ends", () => {
    const motion = new Motion({ x: 0, y: 0 }, 100);
    motion.aim({ x: 1, y: 0 }, 100);
    expect(motion.at(100).x).toBe(0);
    expect(motion.at(50).x).toBe(0);
  });
});

describe("my hand", () => {
  test("places are fractions of the stage, kept on it", () => {
    const box = { left: 100, top: 50, width: 400, height: 200 };
    expect(fractionIn(box, 200, 150)).toEqual({ x: 0.25, y: 0.5 });
    expect(fractionIn(box, -9, 9999)).toEqual({ x: 0, y: 1 });
    expect(fractionIn({ left: 0, top: 0, width: 0, height: 0 }, 5, 5)).toEqual({ x: 0, y: 0 });
  });

  test("arrow keys step, with Shift leap, and stop at the edge", () => {
    expect(stepped({ x: 0.5, y: 0.5 }, "ArrowLeft", false)).toEqual({ x: 0.48, y: 0.5 });
    expect(stepped({ x: 0.5, y: 0.5 }, "ArrowDown", true)).toEqual({ x: 0.5, y: 0.6 });
    expect(stepped({ x: 0.99, y: 0 }, "ArrowRight", true)).toEqual({ x: 1, y: 0 });
    expect(stepped({ x: 0.5, y: 0.5 }, "a", false)).toBeUndefined();
  });
});

test("a string hangs below the middle of its ends, and a long one not without end", () => {
  const low = (path: string): number => Number(/Q\S+ (\S+) /u.exec(path)?.[1]);
  expect(low(stringPath({ x: 0, y: 10 }, { x: 100, y: 10 }))).toBeGreaterThan(10);
  expect(low(stringPath({ x: 0, y: 0 }, { x: 9000, y: 0 }))).toBe(180);
  expect(stringPath({ x: 1, y: 2 }, { x: 3, y: 4 })).toMatch(/^M1\.0 2\.0Q.* 3\.0 4\.0$/u);
});

test("leaving and failing are told apart", () => {
  expect(departureWords("left")).not.toBe(departureWords("failed"));
});
