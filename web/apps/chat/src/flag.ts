/** A flag for every name: a pattern and a colour, like those that ships signal with, always the same for the same name. */

/** The number of patterns that the style sheet draws. */
export const patterns = 9;
/** The number of hues, evenly around the circle. */
export const hues = 15;

/** What a name's flag looks like: the pattern's number, and the hue in degrees. */
export function flagOf(name: string): { pattern: number; hue: number } {
  // FNV-1a over UTF-16 units. It only has to spread well.
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0;
  }
  // The low bits of short names are the worst mixed.
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  return { pattern: (mixed >>> 16) % patterns, hue: ((mixed & 0xffff) % hues) * (360 / hues) };
}
