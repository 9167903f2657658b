/** One connection for all tabs of an origin. */

import { orHTTP } from "../choice.ts";
import type { Tabs } from "../connection.ts";
import { json } from "../json.ts";
import type { Carrier } from "../transport.ts";
import { createHub } from "./hub.ts";
import type { Platform } from "./pipe.ts";
import { share } from "./share.ts";

/** What there is of it here: not outside of secure pages, nor in older browsers and Node. */
function platform(): Platform | undefined {
  const { navigator, BroadcastChannel } = globalThis;
  const locks = navigator?.locks;
  return locks && BroadcastChannel ? { locks, BroadcastChannel } : undefined;
}

/**
 * For the option `tabs`: tabs with the same URLs and the same identity have one connection and one session.
 *
 * `identity` stands for who is logged in, such as the id of a user; "" if nobody ever is. Tabs with the same one are
 * believed to be the same user: the server sees the token of one of them.
 *
 * `worker` makes the SharedWorker that has the connection, with a script that calls `serve()`. Without it, it is one of
 * the tabs.
 */
export function shared(identity: string, worker?: (name: string) => SharedWorker): Tabs {
  return (urls, carrier) => {
    const here = platform();
    const name = ["holdfast/1", carrier.encoding.protocol, identity, ...urls].join(" ");
    if (!here) {
      return carrier;
    }
    let works = false;
    try {
      works = !!worker?.(name);
    } catch {
      // There are none here, or the page's policy forbids it: it is one of the tabs.
    }
    return share(name, here, carrier, works);
  };
}

/** In the script of a SharedWorker: has the connection of all tabs that were given it. */
export function serve({ dial = orHTTP(), encoding = json }: Partial<Carrier> = {}): void {
  const { name } = globalThis as unknown as { name: string };
  const here = platform();
  if (here) {
    let hub: ReturnType<typeof createHub> | undefined;
    const lead = () => {
      hub = createHub(name, here, { dial, encoding });
      return hub.over;
    };
    // Again after the last tab has left, or after one that could not wait has taken it.
    const again = () => {
      here.locks.request(name, lead).then(again, (cause: DOMException) => {
        hub?.end();
        if (cause.name === "AbortError") {
          again();
        }
      });
    };
    again();
  }
}
