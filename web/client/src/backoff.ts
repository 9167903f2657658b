/** How long to wait before trying again. */

/**
 * Exponential backoff with full jitter: a random time between nothing and a bound that doubles with each attempt
 * (0 is the first). Thousands of clients that lost the same server so come back spread out, not all at once. The
 * server may name a time in seconds that it is not to be before: they come spread out behind it.
 */
export function waitMs(attempt: number, after = 0): number {
  const firstWaitMs = 500;
  const longestWaitMs = 30_000;
  return after * 1000 + Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** attempt);
}
