/** What people call themselves. A name proves nothing: anyone may use any. */

import { plain, visible } from "./plain.ts";

/** The longest name, in characters (code points). */
export const maxNameLength = 32;

/** The name of whoever sent a message without one. */
export const someone = "someone";

/** Makes a name fit to show; undefined if nothing of it can be seen. */
export function cleanName(name: string): string | undefined {
  const clean = plain(name, maxNameLength);
  return visible(clean) ? clean : undefined;
}

const moods =
  "Brave Bright Brisk Calm Clever Curious Gentle Happy Jolly Kind Lucky Merry Nimble Quiet Sunny Swift Warm Wise";
const creatures =
  "Auk Cormorant Curlew Dolphin Eider Gannet Grebe Heron Kittiwake Manta Narwhal Otter Petrel Puffin Sandpiper Seal Starfish Tern Turtle Whale";

/** Makes up a friendly name such as "Calm Otter". `random` returns numbers from 0 up to, but not including, 1. */
export function inventName(random: () => number = Math.random): string {
  return `${pick(moods.split(" "), random)} ${pick(creatures.split(" "), random)}`;
}

function pick(words: string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? "Calm";
}
