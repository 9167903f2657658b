/** How long to wait before trying again. */

const firstWaitMs = 500;
const longestWaitMs = 30_000;

/**
 * Exponential backoff with full jitter: a random time between nothing and a bound that doubles with each attempt
 * (0 is the first). Thousands of clients that lost the same server so come back spread out, not all at once.
 */
export function waitMs(attempt: number): number {
  return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** attempt);
}
