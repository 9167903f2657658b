/** How long to wait before connecting again. */

/** The longest wait before the first new attempt, in milliseconds. */
export const firstWaitMs = 500;
/** The longest wait before any attempt, in milliseconds. */
export const longestWaitMs = 20_000;

/**
 * Exponential backoff with full jitter: a random time between nothing and a bound that doubles with each attempt
 * (0 is the first). Thousands of clients that lost the same server so come back spread out, not all at once.
 */
export function waitMs(attempt: number, random: () => number): number {
  return random() * Math.min(longestWaitMs, firstWaitMs * 2 ** attempt);
}
