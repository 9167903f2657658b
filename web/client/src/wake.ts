/** When it is worth to try at once: the page is seen again, or the network is back. */

/** Calls back at each such moment, where the platform tells; returns what ends it. */
export function onWake(run: () => void): () => void {
  const { document, addEventListener } = globalThis;
  // These options are an object with a `signal`, and so is what ends it.
  const end = new AbortController();
  addEventListener?.("online", run, end);
  document?.addEventListener("visibilitychange", () => document.hidden || run(), end);
  return () => end.abort();
}
