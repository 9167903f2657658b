/** Finding web addresses in text. */

/** A piece of a text: plain, or an address to link to. */
export interface Piece {
  text: string;
  /** The complete http or https address, if this piece is a link. */
  href?: string;
}

// An address goes on to the first space, quote, angle bracket, control or direction mark.
const address = /\bhttps?:\/\/[^\s<>"'`\p{Cc}\p{Cf}]+/giu;

/** Longer ones stay text: no person needs them, and browsers differ in what they do with them. */
const maxAddressLength = 2048;

/**
 * Cuts a text into pieces; together they are exactly the text. Only http and https addresses become links, and not
 * those with a user name ("https://bank.example@evil.example"), which are made to mislead.
 */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const match of text.matchAll(address)) {
    const found = withoutTail(match[0]);
    const href = safeAddress(found);
    if (href === undefined) {
      continue;
    }
    if (match.index > done) {
      pieces.push({ text: text.slice(done, match.index) });
    }
    pieces.push({ text: found, href });
    done = match.index + found.length;
  }
  if (done < text.length) {
    pieces.push({ text: text.slice(done) });
  }
  return pieces;
}

const opening: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

/** Leaves out the punctuation of the sentence around an address; a closing bracket stays if the address opens it. */
function withoutTail(found: string): string {
  if (found.length > maxAddressLength) {
    return found;
  }
  let end = found.length;
  for (; end > 0; end--) {
    const last = found.charAt(end - 1);
    const open = opening[last];
    if (open === undefined ? !".,;:!?…".includes(last) : balanced(found.slice(0, end), open, last)) {
      break;
    }
  }
  return found.slice(0, end);
}

function balanced(text: string, open: string, close: string): boolean {
  return text.split(open).length >= text.split(close).length;
}

function safeAddress(found: string): string | undefined {
  if (found.length > maxAddressLength || !URL.canParse(found)) {
    return undefined;
  }
  const url = new URL(found);
  const web = url.protocol === "http:" || url.protocol === "https:";
  return web && url.username === "" && url.password === "" ? url.href : undefined;
}
