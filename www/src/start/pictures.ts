/** The start page's pictures, drawn from the demos' own parts: the same faces, the same arrows, the same strings. */

import { PALETTE, type Color } from "../shared/color.js";
import { reducedMotion, svg } from "../shared/dom.js";
import { face, type Mood } from "../shared/face.js";
import { stringPath } from "../presence/strings.js";

interface Friend {
  readonly id: string;
  readonly color: Color;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly mood?: Mood;
}

const color = (at: number): Color => PALETTE[at] ?? PALETTE[0];

function placed(friend: Friend): SVGElement {
  const head = face(friend.id, friend.color, friend.mood);
  const { x, y, size } = friend;
  for (const [name, value] of Object.entries({ x: x - size / 2, y: y - size / 2, width: size, height: size })) head.setAttribute(name, String(value));
  return head;
}

/** A word on its way: a dot that runs along a link, there and back. */
function word(path: string, seconds: number, delay: number): SVGElement {
  const run = svg("animateMotion", {
    path,
    dur: `${seconds}s`,
    begin: `${-delay}s`,
    repeatCount: "indefinite",
    keyPoints: "0;1;0",
    keyTimes: "0;0.5;1",
    calcMode: "spline",
    keySplines: ".5 0 .5 1;.5 0 .5 1",
  });
  return svg("circle", { r: 4, class: "word" }, run);
}

/** Friends and the links that hang between them, with words running along some. */
function mesh(friends: readonly Friend[], links: readonly (readonly [number, number])[], talking: boolean): SVGElement[] {
  const paths = links.flatMap(([from, to]) => {
    const [a, b] = [friends[from], friends[to]];
    return a === undefined || b === undefined ? [] : [stringPath(a, b)];
  });
  const words = talking && !reducedMotion() ? paths.map((path, at) => word(path, 3.2 + (at % 3) * 0.9, at * 1.1)) : [];
  return [...paths.map((d) => svg("path", { d, class: "string" })), ...words, ...friends.map(placed)];
}

function picture(width: number, height: number, ...children: SVGElement[]): SVGSVGElement {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" }, ...children);
}

export function heroPicture(): SVGSVGElement {
  const friends: readonly Friend[] = [
    { id: "hero-ann", color: color(0), x: 92, y: 84, size: 104 },
    { id: "hero-bo", color: color(1), x: 282, y: 64, size: 88 },
    { id: "hero-cleo", color: color(3), x: 432, y: 136, size: 96 },
    { id: "hero-dee", color: color(2), x: 176, y: 246, size: 92 },
    { id: "hero-eli", color: color(7), x: 350, y: 286, size: 108 },
  ];
  return picture(500, 350, ...mesh(friends, [[0, 1], [1, 2], [0, 3], [3, 1], [3, 4], [4, 2]], true));
}

/** An arrow with its name tag, wandering about. */
function wanderer(name: string, shade: Color, x: number, y: number, way: string): SVGElement {
  const width = name.length * 8 + 20;
  return svg(
    "g",
    { transform: `translate(${x} ${y})` },
    svg(
      "g",
      { class: `wanderer ${way}` },
      svg("path", { d: "M0 0L21 9.6 12 13 8 22.5Z", fill: shade, stroke: "#24122e", "stroke-width": 1.6, "stroke-linejoin": "round" }),
      svg("rect", { x: 17, y: 19, width, height: 25, rx: 12, fill: shade }),
      svg("text", { x: 17 + width / 2, y: 36, class: "tag-text" }, name),
    ),
  );
}

export function presencePicture(): SVGSVGElement {
  const dots = Array.from({ length: 13 * 7 }, (_, at) => svg("circle", { cx: 20 + (at % 13) * 30, cy: 10 + Math.floor(at / 13) * 30, r: 1.5, class: "ground" }));
  return picture(
    400,
    200,
    ...dots,
    wanderer("Ann", color(0), 66, 52, "way-a"),
    wanderer("Bo", color(1), 246, 34, "way-b"),
    wanderer("Cleo", color(2), 176, 118, "way-c"),
  );
}

function bubble(x: number, y: number, width: number, shade: string, lines: readonly number[], beat: string): SVGElement {
  return svg(
    "g",
    { class: `bubble-group ${beat}` },
    svg("rect", { x, y, width, height: 18 + lines.length * 16, rx: 17, fill: shade }),
    ...lines.map((length, at) => svg("rect", { x: x + 18, y: y + 14 + at * 16, width: length, height: 6, rx: 3, class: "line" })),
  );
}

export function chatPicture(): SVGSVGElement {
  const dots = [0, 1, 2].map((at) => svg("circle", { cx: 98 + at * 14, cy: 166, r: 4.5, class: `typing-dot beat-${at}` }));
  return picture(
    400,
    200,
    placed({ id: "hero-bo", color: color(1), x: 48, y: 44, size: 42 }),
    bubble(80, 22, 190, color(1), [150, 104], "beat-0"),
    bubble(208, 86, 132, "#ffc233", [96], "beat-1"),
    placed({ id: "hero-eli", color: color(7), x: 364, y: 104, size: 42 }),
    placed({ id: "hero-dee", color: color(2), x: 48, y: 164, size: 42 }),
    svg("rect", { x: 80, y: 149, width: 64, height: 34, rx: 17, fill: color(2) }),
    ...dots,
  );
}

/** A sticky note, a little askew. */
function note(x: number, y: number, turn_deg: number, shade: Color, lines: readonly number[]): SVGElement {
  return svg(
    "g",
    { transform: `translate(${x} ${y}) rotate(${turn_deg})` },
    svg("rect", { x: -46, y: -40, width: 92, height: 80, rx: 9, fill: shade }),
    ...lines.map((length, at) => svg("rect", { x: -32, y: -20 + at * 16, width: length, height: 6, rx: 3, class: "line" })),
  );
}

export function boardPicture(): SVGSVGElement {
  return picture(
    400,
    200,
    note(92, 76, -4, color(0), [64, 40]),
    note(204, 122, 3, color(11), [58, 64, 30]),
    note(316, 78, -2, color(2), [50]),
    wanderer("Eli", color(7), 226, 84, "way-d"),
  );
}

/** A choice with its bar, as full as its share of the votes, and the faces of those who chose it. */
function choice(y: number, width: number, shade: Color, friends: readonly Friend[]): SVGElement {
  return svg(
    "g",
    {},
    svg("rect", { x: 56, y, width: 288, height: 40, rx: 13, class: "track" }),
    svg("rect", { x: 56, y, width, height: 40, rx: 13, fill: shade }),
    svg("rect", { x: 74, y: y + 17, width: 54, height: 6, rx: 3, class: "line" }),
    ...friends.map(placed),
  );
}

export function votePicture(): SVGSVGElement {
  return picture(
    400,
    200,
    choice(24, 232, color(5), [
      { id: "hero-ann", color: color(0), x: 210, y: 44, size: 30 },
      { id: "hero-bo", color: color(1), x: 242, y: 44, size: 30 },
      { id: "hero-eli", color: color(7), x: 274, y: 44, size: 30 },
    ]),
    choice(80, 96, color(4), [{ id: "hero-cleo", color: color(3), x: 172, y: 100, size: 30 }]),
    choice(136, 150, color(2), [
      { id: "hero-dee", color: color(2), x: 226, y: 156, size: 30 },
    ]),
  );
}

/** A slip with a code on it, as one hands it to somebody. */
function slip(x: number, y: number, turn_deg: number): SVGElement {
  const at = [0, 1, 2, 4, 5, 8, 10, 12, 13, 15, 17, 19, 20, 21, 23, 24];
  return svg(
    "g",
    { transform: `translate(${x} ${y}) rotate(${turn_deg})` },
    svg("rect", { x: -26, y: -26, width: 52, height: 52, rx: 8, class: "slip" }),
    ...at.map((cell) => svg("rect", { x: -17.5 + (cell % 5) * 7, y: -17.5 + Math.floor(cell / 5) * 7, width: 7, height: 7, class: "slip-ink" })),
  );
}

export function handPicture(): SVGSVGElement {
  return picture(
    400,
    200,
    ask("M92 84Q200 22 308 84"),
    ask("M308 124Q200 186 92 124"),
    placed({ id: "hero-dee", color: color(2), x: 62, y: 104, size: 72 }),
    placed({ id: "hero-ann", color: color(0), x: 338, y: 104, size: 72 }),
    slip(176, 54, -7),
    slip(224, 152, 6),
  );
}

/** The server: a doorman of square build, who sleeps when there is nothing to do. */
function doorman(x: number, y: number, asleep: boolean): SVGElement {
  const eyes = asleep ? svg("path", { d: "M-13 -3h8M5 -3h8", class: "server-line" }) : svg("path", { d: "M-9 -6v5M9 -6v5", class: "server-line" });
  return svg(
    "g",
    { transform: `translate(${x} ${y})`, class: asleep ? "server asleep" : "server" },
    svg("rect", { x: -28, y: -24, width: 56, height: 48, rx: 8, class: "server-box" }),
    eyes,
    svg("path", { d: asleep ? "M-4 9h8" : "M-7 8Q0 14 7 8", class: "server-line" }),
    ...(asleep ? [svg("text", { x: 34, y: -14, class: "zzz" }, "z"), svg("text", { x: 45, y: -26, class: "zzz small" }, "z")] : []),
  );
}

function ask(d: string): SVGElement {
  return svg("path", { d, class: "ask" });
}

/** The three steps of a newcomer. */
export function stepPictures(): readonly SVGSVGElement[] {
  const friends: readonly Friend[] = [
    { id: "hero-ann", color: color(0), x: 62, y: 76, size: 54 },
    { id: "hero-bo", color: color(1), x: 146, y: 62, size: 50 },
    { id: "hero-dee", color: color(2), x: 112, y: 148, size: 54 },
  ];
  const newcomer: Friend = { id: "hero-cleo", color: color(3), x: 262, y: 136, size: 56 };
  const old: readonly (readonly [number, number])[] = [[0, 1], [0, 2], [2, 1]];
  return [
    picture(320, 190, ask("M262 104L262 62"), ask("M214 38L176 50"), doorman(252, 34, false), ...mesh([...friends, newcomer], old, false)),
    picture(320, 190, doorman(252, 34, false), ...mesh([...friends, newcomer], [...old, [1, 3]], true)),
    picture(320, 190, doorman(252, 34, true), ...mesh([...friends, newcomer], [...old, [1, 3], [2, 3]], true)),
  ];
}
