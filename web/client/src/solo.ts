/**
 * One channel, on a connection of its own, as a WebSocket would have it. What was sent and is not acknowledged is sent
 * again behind the replay of what was missed: that tells what of it is stored.
 */

import { type Closed, carry, createConnection, type TransportOptions } from "./connection.ts";
import { nextId } from "./link.ts";
import { createOutbox } from "./outbox.ts";
import { createSubscription, type State, type SubscriptionEvents } from "./subscription.ts";
import { byteLength } from "./wire.ts";

export interface Solo {
  /** As of a WebSocket. While it reconnects it is open. */
  readyState: 0 | 1 | 2 | 3;
  binaryType: BinaryType;
  /** The bytes that were sent and that are not acknowledged. */
  bufferedAmount: number;
  readonly state: State;
  /** A Blob is read later, and whatever is sent behind it waits for that. */
  send(data: string | Uint8Array<ArrayBuffer> | Blob): void;
  /** Ends when all is acknowledged, or a time is over. */
  close(code: number | undefined, reason: string): void;
}

/** What can't be sent yet is held up to so many bytes. */
const mostBuffered = 16 * 2 ** 20;
/** For how long close() waits for what is not acknowledged. */
const flushMs = 5_000;

/** `at` is the URL of the channel: `/channels/…`, and what it asks for. `socket` is where events go. */
export function createSolo(socket: EventTarget, at: URL, options: TransportOptions): Solo {
  const url = new URL(at);
  const take = (name: string) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value;
  };
  const [, base = "", path = ""] = /^(.*?)\/channels\/(.+)$/.exec(url.pathname) ?? [];
  url.pathname = `${base}/socket`;
  let channel = "";
  try {
    channel = decodeURIComponent(path);
  } catch {
    // The server refuses a channel without a name.
  }
  const where = { since: take("since"), last: Number(take("last")) || undefined };
  const echo = take("echo") !== "false";
  const urls = [url.href];

  /** When messages were last lost: what was sent before, and long ago, may be stored or not. */
  let lostAt = 0;
  /** Ends when all that was sent has been handed on. */
  let sending: Promise<unknown> = Promise.resolve();
  let flush: ReturnType<typeof setTimeout> | undefined;

  const tell = (
    type: string,
    detail: object = {},
    Kind: new (type: string, detail: object) => Event = Event,
  ) => socket.dispatchEvent(Object.assign(new Kind(type, detail), Kind === Event && detail));
  const fail = (code: number, reason = "") => connection.end({ code, reason, clean: false });

  const events: { [Type in keyof SubscriptionEvents]: (detail: SubscriptionEvents[Type]) => void } = {
    subscribed() {
      connection.moved();
      if (self.readyState === 0) {
        self.readyState = 1;
        tell("open");
      }
    },
    message(message) {
      const own = outbox.echoed(message);
      // As the standard: what comes while it is closing is not told any more.
      if (self.readyState === 1 && (echo || !own)) {
        const { data } = message;
        const blob = self.binaryType === "blob" && typeof data !== "string";
        tell("message", { data: blob ? new Blob([data]) : data, origin: at.origin }, MessageEvent);
      }
    },
    live: (link) => outbox.use(link),
    state: (change) => tell("state", change),
    gap: (gap) => tell("gap", gap),
    lost(lost) {
      lostAt = Date.now();
      tell("lost", lost);
    },
    push() {},
    ended: ({ code, message = code }) => fail(1008, message),
  };

  const publish = (data: string | Uint8Array, size: number) =>
    outbox.publish({ channel, data }, (fault) => {
      if (fault) {
        // As on the channel's own URL: who can't be given what was sent is told by a close.
        fail(fault.code === "too_large" ? 1009 : 1008, `${fault.code}: ${fault.message ?? ""}`);
      } else {
        self.bufferedAmount -= size;
      }
    });

  const closed = ({ code, reason, clean }: Closed) => {
    clearTimeout(flush);
    self.readyState = 3;
    outbox.abandon();
    subscription.end();
    if (!clean) {
      tell("error");
    }
    // Not every platform has a CloseEvent.
    tell("close", { code, reason, wasClean: clean }, globalThis.CloseEvent);
  };

  const outbox = createOutbox(({ sentAt = lostAt }, { welcome: { dedup = 0 } }) =>
    sentAt < lostAt && sentAt < Date.now() - dedup * 500 ? "outcome_unknown" : undefined,
  );
  const subscription = createSubscription(nextId(), { channel }, where, (type, detail) =>
    events[type](detail),
  );
  const connection = createConnection(urls, carry(urls, options), {
    opened: subscription.begin,
    pushed: subscription.push,
    lost: subscription.detach,
    closed,
  });

  const self: Solo = {
    readyState: 0,
    binaryType: "blob",
    bufferedAmount: 0,
    get state() {
      return subscription.state;
    },
    send(data) {
      const size = data instanceof Blob ? data.size : byteLength(data);
      self.bufferedAmount += size;
      if (self.readyState === 1) {
        const reading =
          data instanceof Blob ? data.arrayBuffer().then((buffer) => new Uint8Array(buffer)) : data;
        sending = sending
          .then(async () => publish(await reading, size))
          .catch((cause) => fail(1006, `${cause}`));
        if (self.bufferedAmount > mostBuffered) {
          fail(1008, "queue_full");
        }
      }
    },
    close(code = 1005, reason) {
      if (self.readyState < 2) {
        flush = setTimeout(fail, self.readyState * flushMs, 1006);
        if (self.readyState) {
          sending.then(() =>
            outbox.whenEmpty(() =>
              connection.end({ code, reason, clean: true }, code === 1005 ? 1000 : code, reason),
            ),
          );
        }
        self.readyState = 2;
      }
    },
  };
  return self;
}
