/** When it is worth to try at once: the page is seen again, or the network has changed. */

/** Calls back at each such moment, where the platform tells; returns what ends it. */
export function onWake(run: () => void): () => void {
  const seen = () => {
    if (document.visibilityState === "visible") {
      run();
    }
  };
  const connection = (globalThis.navigator as { connection?: EventTarget } | undefined)?.connection;
  const listen = (change: "addEventListener" | "removeEventListener") => {
    globalThis[change]?.("online", run);
    connection?.[change]?.("change", run);
    globalThis.document?.[change]("visibilitychange", seen);
  };
  listen("addEventListener");
  return () => listen("removeEventListener");
}
