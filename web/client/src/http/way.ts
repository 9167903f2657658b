/** What the ways over plain HTTP have in common: they send by POST, and end alike. They differ in how they hear. */

import type { Transport, TransportEvents, TransportName } from "../transport.ts";
import { Refusal } from "./request.ts";
import { createUplink, type Uplink } from "./uplink.ts";

/** Whom a way tells what happens: as any transport, or that it is none here. */
export interface WayEvents extends TransportEvents {
  /** In the place of onClose, before it is open: what the server says is held back on the way. */
  onHeldBack(): void;
}

/** Begins to connect. The URL is one of HTTP; frames are JSON. */
export type Way = (endpoint: string, events: WayEvents) => Transport;

/** What hears tells it here. What is told behind the end does not count. */
export interface Hearing {
  readonly signal: AbortSignal;
  opened(connection: string): void;
  /** One message of the protocol; an empty array is a sign of life. */
  heard(frame: string): void;
  closed(code: number, reason: string): void;
  /** Does nothing once it is opened. */
  heldBack(): void;
  /** Sees to it that the server hears something now, unless it has in so many milliseconds. */
  answer(withinMs: number): void;
}

/** `hear` runs until the connection is over; it ends that by failing, too. */
export function createWay(
  name: TransportName,
  hear: (endpoint: string, hearing: Hearing) => Promise<void>,
): Way {
  return (endpoint, events) => {
    const requests = new AbortController();
    const { signal } = requests;
    let uplink: Uplink | undefined;
    let over = false;

    /** Returns whether it was not over before. */
    const end = (done: boolean) => {
      if (over) {
        return false;
      }
      over = true;
      globalThis.removeEventListener?.("pagehide", leave);
      if (done && uplink) {
        // The server is told first: whoever hears no more by then seems to be one whose network broke.
        void uplink.leave().then(() => requests.abort());
      } else {
        requests.abort();
      }
      return true;
    };
    const closed = (code: number, reason: string, done = false) => {
      if (end(done)) {
        events.onClose(code, reason);
      }
    };
    const failed = (cause: Error) => closed(cause instanceof Refusal ? cause.code : 1006, cause.message);
    const leave = () => closed(1001, "the page was left", true);

    globalThis.addEventListener?.("pagehide", leave);
    hear(endpoint, {
      signal,
      opened(connection) {
        uplink = createUplink(endpoint, connection, signal, failed);
        events.onOpen(name);
      },
      heard(frame) {
        if (!over) {
          events.onFrame(frame);
        }
      },
      closed,
      answer: (withinMs) => uplink?.answer(withinMs),
      heldBack() {
        if (!uplink && end(false)) {
          events.onHeldBack();
        }
      },
    }).catch(failed);
    return {
      send: (frame) => uplink?.send(frame as string),
      // Any other code is that of a client that comes back: what it has is kept for it.
      close(code) {
        end(code === 1000);
      },
    };
  };
}
