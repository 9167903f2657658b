/** When it is worth to try at once: the page is seen again, or the network has changed. */

/** Calls back at each such moment, where the platform tells; returns what ends it. */
export function onWake(run: () => void): () => void {
  const { document, navigator } = globalThis as {
    document?: Document;
    navigator?: { connection?: EventTarget };
  };
  const end = new AbortController();
  const listen = (target: Partial<EventTarget> | undefined, type: string, heard: () => void) =>
    target?.addEventListener?.(type, heard, { signal: end.signal });
  listen(globalThis, "online", run);
  listen(navigator?.connection, "change", run);
  listen(document, "visibilitychange", () => document?.hidden || run());
  return () => end.abort();
}
