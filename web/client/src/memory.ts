/** Which way over plain HTTP has worked, for as long as the tab is there: the next page begins with it. */

import type { TransportName } from "./transport.ts";

const keyOf = (url: string) => `holdfast ${new URL(url).host}`;

/** Null if a WebSocket is to be tried first. */
export function recall(url: string): string | null {
  try {
    return sessionStorage.getItem(keyOf(url));
  } catch {
    // There is none here, or the page may not use it.
    return null;
  }
}

/** Null forgets. */
export function remember(url: string, way: TransportName | null): void {
  try {
    if (way) {
      sessionStorage.setItem(keyOf(url), way);
    } else {
      sessionStorage.removeItem(keyOf(url));
    }
  } catch {
    // As above: the next page finds out by itself.
  }
}
