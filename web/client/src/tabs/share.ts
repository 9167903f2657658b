/**
 * A tab's side. What a session dials is not the server but the hub, wherever that is, and whoever dials is ready to be
 * the hub: the lock goes to the one that has waited longest when its holder is gone.
 */

import type { Carrier, Transport } from "../transport.ts";
import { onWake } from "../wake.ts";
import type { Incoming } from "../wire.ts";
import { createHub, type Hub } from "./hub.ts";
import {
  callName,
  type Down,
  gone,
  onLeave,
  type Platform,
  readsAtOnce,
  type Shout,
  type Up,
} from "./pipe.ts";

/** A hub that does not answer for so long is frozen, or has not started: the lock is taken from it. */
const patienceMs = 5_000;
/** What was said last arrives before the lock is let go, which goes another way. */
const lastWordsMs = 1_000;

/** With a worker that would be the hub, a tab is it only if that does not answer. */
export function share(name: string, platform: Platform, carrier: Carrier, worker = false): Carrier {
  const { locks, BroadcastChannel } = platform;

  const dial: Carrier["dial"] = (url, subprotocol, events) => {
    const call = crypto.randomUUID();
    const bus = new BroadcastChannel(name);
    const pipe = new BroadcastChannel(callName(name, call));
    const candidate = new AbortController();
    let opened = false;
    let over = false;
    /** The hub that has taken the call. */
    let by: string | undefined;
    let hub: Hub | undefined;
    let reads = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let direct: Transport | undefined;
    /** Lets go of the call's lock. Undefined while it is not held. */
    let release: (() => void) | undefined;

    const hangUp = () => {
      over = true;
      clearTimeout(timer);
      unwake();
      unleave();
      candidate.abort();
      bus.close();
      pipe.close();
    };
    const lost = (code: number, reason: string) => {
      hangUp();
      release?.();
      events.onClose(code, reason);
    };
    const orphaned = () => {
      // If it was the worker, it has not started again.
      worker = false;
      lost(1006, gone);
    };
    const tell = (message: Omit<Up, "hub">) => pipe.postMessage({ hub: by, ...message });
    const ask = () => release && bus.postMessage({ call, url });
    /** Waits to be the hub, or takes that from who is. */
    const stand = (how: LockOptions) => {
      const lead = () => {
        if (over) {
          return undefined;
        }
        if (by) {
          // Its hub is gone. The others learn it in the same way, and whoever dials first is the next.
          return orphaned();
        }
        hub = createHub(name, platform, carrier);
        hub.take(call, url);
        return hub.over;
      };
      // It fails when nobody waits any more, or another one has taken it.
      locks.request(name, how, lead).catch(() => hub?.end());
    };
    const hold = () => {
      if (over) {
        return undefined;
      }
      timer = setTimeout(() => {
        candidate.abort();
        stand({ steal: true });
      }, patienceMs);
      return new Promise<void>((resolve) => {
        release = resolve;
        ask();
        if (!worker) {
          stand({ signal: candidate.signal });
        }
      });
    };

    bus.onmessage = ({ data }: { data: Shout }) => {
      if (data.hub && !by) {
        ask();
      } else if (data.hub && data.hub !== by) {
        orphaned();
      }
    };
    pipe.onmessage = ({ data: { hub: from, taken, open, incoming, closed } }: { data: Down }) => {
      if (taken && !opened && (!hub || hub.id === from)) {
        // Of two hubs the later one is there: it has the lock.
        clearTimeout(timer);
        if (worker && !by) {
          stand({ signal: candidate.signal });
        }
        by = from;
      } else if (from !== by) {
        return;
      }
      if (open) {
        opened = true;
        events.onOpen(open);
      } else if (closed) {
        lost(...closed);
      } else if (incoming) {
        reads += incoming.length;
        if (reads >= readsAtOnce) {
          tell({ read: reads });
          reads = 0;
        }
        // It is what the encoding below takes.
        events.onFrame(incoming as unknown as ArrayBuffer);
      }
    };
    const unwake = onWake(() => tell({ doubt: true }));
    const unleave = onLeave(() => lost(1001, "the page was left"));
    locks.request(callName(name, call), hold).catch(() => {
      // There are locks, but not for this page.
      if (!over) {
        hangUp();
        direct = carrier.dial(url, subprotocol, events);
      }
    });
    return {
      send: (frame) => (direct ? direct.send(frame) : tell({ frame })),
      close(code, reason) {
        if (direct) {
          direct.close(code, reason);
        } else if (!over) {
          tell({ closed: [code, reason] });
          hangUp();
          setTimeout(() => release?.(), lastWordsMs);
        }
      },
    };
  };
  const { encoding } = carrier;
  // What comes from the hub is decoded.
  const decode = (frame: unknown) =>
    Array.isArray(frame) ? (frame as Incoming[]) : encoding.decode(frame as string | ArrayBuffer);
  return { dial, encoding: { ...encoding, decode } };
}
