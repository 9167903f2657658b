/** The hub: takes the calls of all tabs, and has the connection to the server. Where it runs holds the lock. */

import type { Carrier } from "../transport.ts";
import { createLine } from "./line.ts";
import { callName, gone, onLeave, type Platform, type Shout, type Up } from "./pipe.ts";
import { createUpstream, goingOn, type Upstream } from "./upstream.ts";

export interface Hub {
  readonly id: string;
  /** Takes a call. Does nothing if it has. */
  take(call: string, url: string): void;
  /** Kept when the last call is over, or by end(). */
  over: Promise<void>;
  end(): void;
}

export function createHub(name: string, { locks, BroadcastChannel }: Platform, carrier: Carrier): Hub {
  const id = crypto.randomUUID();
  const bus = new BroadcastChannel(name);
  /** Ends each call that is not over. */
  const calls = new Map<string, () => void>();
  const watch = new AbortController();
  let newest: Upstream | undefined;
  let settle = () => {};

  const end = () => {
    unleave();
    bus.close();
    for (const hangUp of calls.values()) {
      hangUp();
    }
    watch.abort();
    settle();
  };
  const take = (call: string, url: string) => {
    if (calls.has(call)) {
      return;
    }
    const pipe = new BroadcastChannel(callName(name, call));
    let upstream: Upstream | undefined;
    const line = createLine(pipe, id, () => upstream?.leave(line, goingOn, ""));
    const leave = (code: number, reason: string) => {
      line.shut();
      upstream?.leave(line, code, reason);
      if (calls.delete(call) && calls.size === 0) {
        end();
      }
    };
    pipe.onmessage = ({ data }: { data: Up }) => {
      const { hub, read = 0, closed } = data;
      if (hub === id) {
        line.read(read);
        if (closed) {
          leave(...closed);
        } else {
          upstream?.heard(line, data);
        }
      }
    };
    calls.set(call, () => upstream?.end(1006, gone));
    // Granted when the tab has let go of it, or is dead.
    locks.request(callName(name, call), { signal: watch.signal }, () => leave(goingOn, "")).catch(() => {});
    try {
      newest = upstream = newest?.welcoming ? newest : createUpstream(url, carrier);
      upstream.join(line);
    } catch (cause) {
      line.close(1006, `${cause}`);
    }
  };

  bus.onmessage = ({ data }: { data: Shout }) => {
    if (data.call && data.url) {
      take(data.call, data.url);
    }
  };
  const unleave = onLeave(end);
  bus.postMessage({ hub: id });
  return {
    id,
    take,
    end,
    over: new Promise((resolve) => {
      settle = resolve;
    }),
  };
}
