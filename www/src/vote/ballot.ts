/** What is voted on, and what the figures mean. */

import { counted } from "../shared/text.js";

/** The choices: what is counted, as it is shown, in the colour that it is shown in. */
export const CHOICES = [
  { id: "tea", label: "Tea", color: "#8bd45f" },
  { id: "coffee", label: "Coffee", color: "#ffad52" },
  { id: "cocoa", label: "Cocoa", color: "#dcb48f" },
  { id: "water", label: "Just water", color: "#66bff5" },
] as const;

export type ChoiceId = (typeof CHOICES)[number]["id"];

/** The counter of a choice. */
export function counterOf(id: ChoiceId): string {
  return `votes for ${id}`;
}

/**
 * What to add to which counter when I choose `next` and had chosen `mine`: what was chosen is taken back, and choosing it again takes it back, too.
 */
export function ballots(mine: ChoiceId | undefined, next: ChoiceId): readonly (readonly [ChoiceId, 1 | -1])[] {
  if (mine === next) return [[next, -1]];
  return mine === undefined ? [[next, 1]] : [[mine, -1], [next, 1]];
}

/** A share in hundredths, for the width of a bar. A page of another version may have counted below nothing. */
export function share(votes: number, total: number): number {
  return total <= 0 ? 0 : Math.min(100, Math.max(0, (100 * votes) / total));
}

/** Who leads: "Tea is ahead", "Tea and Coffee are level", or that nobody has voted. */
export function verdict(votes: ReadonlyMap<ChoiceId, number>): string {
  const most = Math.max(...votes.values());
  if (most <= 0) return "Nobody has voted yet.";
  const first = CHOICES.filter(({ id }) => votes.get(id) === most).map(({ label }) => label);
  const total = [...votes.values()].reduce((sum, count) => sum + Math.max(0, count), 0);
  const said = first.length === 1 ? `${first[0] ?? ""} is ahead` : `${first.slice(0, -1).join(", ")} and ${first.at(-1) ?? ""} are level`;
  return `${said}, with ${counted(total, "vote")} in all.`;
}
