/** Making short strings from strangers fit to show in the middle of our own words. */

// Control characters; marks that turn the direction of text or join it to its surroundings; line and
// paragraph separators; characters without width. The zero-width (non-)joiners stay: emoji and Persian need them.
const unfit =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/**
 * Returns s on one line, without control, direction and invisible characters, with single spaces, and cut after
 * `limit` characters (code points) with "…" in the last place. It may be empty.
 */
export function plain(s: string, limit: number): string {
  // The cut before the cleaning keeps the cost bounded for a megabyte of anything.
  const clean = s
    .slice(0, limit * 16)
    .replace(unfit, " ")
    .toWellFormed()
    .replace(/\s+/gu, " ")
    .trim();
  const characters = [...clean];
  return characters.length <= limit
    ? clean
    : `${characters
        .slice(0, limit - 1)
        .join("")
        .trimEnd()}…`;
}

/** Says whether s has something to see: a letter, a digit, a sign or a symbol. */
export function visible(s: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(s);
}
