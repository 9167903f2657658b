/** The hub's end of a call: what it says to one tab. */

import type { TransportName } from "../transport.ts";
import type { Incoming } from "../wire.ts";
import type { Down, Pipe } from "./pipe.ts";
import type { Ear } from "./streams.ts";

export interface Line extends Ear {
  /** Commands can be sent; what carries them on to the server is told. */
  open(by: TransportName | undefined): void;
  /** The tab has read so many. */
  read(count: number): void;
  /** It is over, which the tab is told. */
  close(code: number, reason: string): void;
  /** It is over: nothing is said any more. */
  shut(): void;
}

/** A tab that leaves so many messages unread is frozen: it comes back when it can, and gets what it missed. */
const mostUnread = 4096;

/** `cut` runs when the tab does not read. */
export function createLine(pipe: Pipe, hub: string, cut: () => void): Line {
  let over = false;
  let unread = 0;
  /** What is heard in one go is posted in one go. */
  let batch: Incoming[] = [];

  const post = (message: Omit<Down, "hub">) => pipe.postMessage({ hub, ...message });
  const flush = () => {
    if (batch.length > 0) {
      post({ incoming: batch });
      batch = [];
    }
  };
  const line: Line = {
    open: (by = "websocket") => post({ open: by }),
    hear(incoming) {
      // Answers may still come for a tab that is gone.
      if (over) {
        return;
      }
      unread++;
      if (unread > mostUnread) {
        line.close(1013, "the tab did not read");
        cut();
      } else if (batch.push(incoming) === 1) {
        queueMicrotask(flush);
      }
    },
    read(count) {
      unread -= count;
    },
    close(...closed) {
      if (!over) {
        flush();
        post({ closed });
        line.shut();
      }
    },
    shut() {
      over = true;
      batch = [];
      pipe.close();
    },
  };
  post({ taken: true });
  return line;
}
