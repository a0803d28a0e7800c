/** Finds the links in a text. Only http and https, only ones that parse, and only as an anchor whose text is its target. */

const LINK_CHARS_MAX = 2048;
const CANDIDATE = /\bhttps?:\/\/[^\s<>"'`\\]+/giu;
/** Ends a sentence rather than an address. */
const TRAILING = /[.,:;!?…]+$/u;

export type Piece = { readonly kind: "text"; readonly text: string } | { readonly kind: "link"; readonly text: string; readonly href: string };

/** The address without the sentence's end, and without a closing bracket whose partner stands before the address. */
function trimmed(candidate: string): string {
  let end = candidate.replace(TRAILING, "").length;
  let unpaired_count = 0;
  for (const letter of candidate.slice(0, end)) {
    if (letter === "(" || letter === "[") unpaired_count -= 1;
    else if (letter === ")" || letter === "]") unpaired_count += 1;
  }
  while (unpaired_count > 0 && /[)\].,:;!?…]/u.test(candidate.charAt(end - 1))) {
    end -= 1;
    if (candidate.charAt(end) === ")" || candidate.charAt(end) === "]") unpaired_count -= 1;
  }
  return candidate.slice(0, end).replace(TRAILING, "");
}

function safeHref(link: string): string | undefined {
  if (link.length > LINK_CHARS_MAX || !URL.canParse(link)) return undefined;
  const url = new URL(link);
  // An address with a user name in it mostly wants to look like another.
  const plain = (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "";
  return plain ? url.href : undefined;
}

/** Cuts a text into plain pieces and links; put together again, they are the text. */
export function pieces(text: string): readonly Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const link = trimmed(match[0]);
    const href = safeHref(link);
    if (href === undefined) continue;
    if (match.index > from) found.push({ kind: "text", text: text.slice(from, match.index) });
    found.push({ kind: "link", text: link, href });
    from = match.index + link.length;
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}
