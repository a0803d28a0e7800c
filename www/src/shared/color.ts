/**
 * The members' colours. All are light enough to carry dark ink (contrast above 7), on a light page and on a dark
 * one, so a colour need not know the theme, and is the same for everyone who sees it.
 */

export const PALETTE = [
  "#ff7d6b", "#66bff5", "#8bd45f", "#e394f0", "#ffad52", "#4ccfd0", "#ff93b8",
  "#b7a2ff", "#c3d244", "#8faeff", "#55d6a0", "#f0c93c", "#dcb48f", "#b5c2d6",
] as const;

export type Color = (typeof PALETTE)[number];

/** FNV-1a, 32 bits: spreads ids over a small table; nothing secret hangs on it. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // FNV's low bits are weak for short texts; the high ones are folded into them.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The colour of a member that has not said any. */
export function colorOf(id: string): Color {
  return PALETTE[hash32(id) % PALETTE.length] ?? PALETTE[0];
}

/**
 * The colour that I should wear: my present one, unless a member with a lesser id wears it and another is free.
 * Of two that meet only one gives way, so after a few rounds all differ, as long as the palette suffices.
 */
export function chooseColor(selfId: string, mine: Color, others: ReadonlyMap<string, Color>): Color {
  const clashes = [...others].some(([id, color]) => color === mine && id < selfId);
  if (!clashes) return mine;
  const worn = new Set(others.values());
  const start = hash32(selfId) % PALETTE.length;
  const turned = [...PALETTE.slice(start), ...PALETTE.slice(0, start)];
  return turned.find((color) => !worn.has(color)) ?? mine;
}
