/** Tries, while plain HTTP is used, whether a WebSocket gets through by now. */

import type { Dial, Transport } from "../transport.ts";

/** The first trial comes after this, each other one after twice as long. Half of it is jitter. */
const firstMs = 60_000;
const longestMs = 10 * 60_000;

/** A WebSocket that has not opened by then does not get through. */
const patienceMs = 10_000;

/** Begins trials; returns what ends them. `opens` is told of each that succeeds. */
export type Upgrade = (url: string, subprotocol: string, opens: () => void) => () => void;

/** The waits go on growing over all connections of a client: who goes to and fro gains nothing by it. */
export function createUpgrade(webSocket: Dial): Upgrade {
  let trials = 0;

  return (url, subprotocol, opens) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let trial: Transport | undefined;

    const giveUp = () => {
      clearTimeout(timer);
      trial?.close(1000, "");
      trial = undefined;
    };
    const later = () => {
      giveUp();
      const waitMs = Math.min(firstMs * 2 ** trials, longestMs);
      timer = setTimeout(run, waitMs * (0.75 + Math.random() / 2));
    };
    const run = () => {
      trials++;
      giveUp();
      timer = setTimeout(later, patienceMs);
      trial = webSocket(url, subprotocol, {
        onOpen() {
          later();
          opens();
        },
        onFrame() {},
        onClose: later,
      });
    };
    const stop = () => {
      globalThis.removeEventListener?.("online", run);
      giveUp();
    };

    // Another network may have another proxy, or none.
    globalThis.addEventListener?.("online", run);
    later();
    return stop;
  };
}
