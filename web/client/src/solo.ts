/**
 * One channel, on a connection of its own, as a WebSocket would have it. What was sent and is not acknowledged is sent
 * again behind the replay of what was missed: that tells what of it is stored.
 */

import { type Closed, createConnection, type TransportOptions } from "./connection.ts";
import type { Fault } from "./error.ts";
import { nextId } from "./link.ts";
import { createOutbox } from "./outbox.ts";
import { createSubscription, type State, type SubscriptionEvents } from "./subscription.ts";
import { utf8 } from "./wire.ts";

export interface Solo {
  /** As of a WebSocket. While it reconnects it is open. */
  readonly readyState: 0 | 1 | 2 | 3;
  binaryType: BinaryType;
  /** That which was asked for, from when it is open. */
  protocol: string;
  /** The bytes that were sent and that are not acknowledged. */
  readonly bufferedAmount: number;
  readonly state: State;
  /** A Blob is read later, and whatever is sent behind it waits for that. */
  send(data: string | Blob): void;
  /** Ends when all is acknowledged, or a time is over. `sent` is the close code that the server is told. */
  close(closed: Closed, sent: number): void;
}

/** `at` is the URL of the channel: `/channels/…`, and what it asks for. `socket` is where events go. */
export function createSolo(socket: EventTarget, at: URL, options: TransportOptions, protocol = ""): Solo {
  const url = new URL(at);
  const take = (name: string) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value;
  };
  const [base, path] = url.pathname.split(/\/channels\/(.+)/);
  url.pathname = `${path ? base : ""}/socket`;
  let channel = "";
  try {
    channel = decodeURIComponent(path ?? "");
  } catch {
    // The server refuses a channel without a name.
  }
  const where = { since: take("since"), last: +(take("last") as string) || undefined };
  const echo = take("echo") !== "false";

  /** Ends when all that was sent has been handed on. */
  let sending: Promise<unknown> = Promise.resolve();
  let readyState: Solo["readyState"] = 0;
  let bufferedAmount = 0;
  let flush: ReturnType<typeof setTimeout> | undefined;

  const tell = (
    type: string,
    detail: object = {},
    Kind: new (type: string, detail: object) => Event = Event,
  ) => socket.dispatchEvent(Object.assign(new Kind(type, detail), Kind === Event && detail));
  const fail = (code: number, reason = "") => connection.end({ code, reason, clean: false });

  /** As on the channel's own URL, who is refused or can't be given what was sent is told by a close. */
  const refused = ({ code, message = code }: Fault) => fail(code === "too_large" ? 1009 : 1008, message);

  type Events = { [Type in keyof SubscriptionEvents]: (detail: SubscriptionEvents[Type]) => void };
  /** Those that are told otherwise than by an event of their own name. */
  const events: Omit<Events, "state" | "gap" | "lost"> = {
    subscribed(link) {
      connection.moved(link);
      if (!readyState) {
        readyState = 1;
        self.protocol = protocol;
        tell("open");
      }
    },
    message(message) {
      const own = outbox.echoed(message);
      // As the standard: what comes while it is closing is not told any more.
      if (readyState === 1 && (echo || !own)) {
        const { data } = message;
        const asBlob = typeof data !== "string" && self.binaryType === "blob";
        tell("message", { data: asBlob ? new Blob([data]) : data, origin: at.origin }, MessageEvent);
      }
    },
    live: (link) => outbox.use(link),
    push() {},
    ended: refused,
  };

  const closed = ({ code, reason, clean }: Closed) => {
    clearTimeout(flush);
    readyState = 3;
    outbox.end();
    subscription.end();
    if (!clean) {
      tell("error");
    }
    // Not every platform has a CloseEvent.
    tell("close", { code, reason, wasClean: clean }, globalThis.CloseEvent);
  };

  // What was sent long ago, and before messages were lost, may be stored or not.
  const outbox = createOutbox(({ sentAt = Number.POSITIVE_INFINITY }, { welcome: { dedup = 0 } }) =>
    sentAt <= Math.min(subscription.lostAt, Date.now() - dedup * 500) ? "outcome_unknown" : undefined,
  );
  const subscription = createSubscription(nextId(), { channel }, where, (type, detail) => {
    const happened = (events as Partial<Events>)[type];
    if (happened) {
      happened(detail);
    } else {
      tell(type, detail as object);
    }
  });
  const connection = createConnection([url.href], options, { ...subscription, closed });

  const self: Solo = {
    binaryType: "blob",
    protocol: "",
    get readyState() {
      return readyState;
    },
    get bufferedAmount() {
      return bufferedAmount;
    },
    get state() {
      return subscription.state;
    },
    send(data) {
      /** What can't be sent yet is held up to so many bytes. */
      const mostBuffered = 2 ** 24;
      const size = (data as Partial<Blob>).size ?? utf8.encode(data as string).length;
      bufferedAmount += size;
      if (readyState === 1) {
        sending = sending
          .then(async () => {
            const read = typeof data === "string" ? data : new Uint8Array(await data.arrayBuffer());
            outbox.publish({ channel, data: read }, (fault) => {
              if (fault) {
                refused(fault);
              } else {
                bufferedAmount -= size;
              }
            });
          })
          .catch(() => fail(1006));
        if (bufferedAmount > mostBuffered) {
          fail(1008, "queue_full");
        }
      }
    },
    close(closed, sent) {
      /** For how long it waits for what is not acknowledged. */
      const flushMs = 5_000;
      if (readyState < 2) {
        flush = setTimeout(fail, readyState * flushMs, 1006);
        if (readyState) {
          sending.then(() => outbox.whenEmpty(() => connection.end(closed, sent, closed.reason)));
        }
        readyState = 2;
      }
    },
  };
  return self;
}
