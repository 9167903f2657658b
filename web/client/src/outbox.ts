/**
 * What the application asked for and the server has not answered, in the order in which it was asked for. It outlives
 * connections: publications are sent again with their ids until they are acknowledged, and are stored once.
 */

import { waitMs } from "./backoff.ts";
import { HoldfastError } from "./error.ts";
import type { Link } from "./link.ts";
import { byteLength, type Command, type Encoding, type Frame, type Reply } from "./wire.ts";

/** Where a publication is stored; empty in a channel without history. */
export interface Stored {
  offset?: number;
  epoch?: string;
  /** It had been stored before. */
  duplicate?: boolean;
}

export interface Publication {
  channel: string;
  data: string | Uint8Array;
  /** Its own, unique in the channel. */
  id: string;
  key?: string | undefined;
}

interface Entry {
  id: number;
  frame: Frame;
  size: number;
  /** Undefined for other commands. */
  publication: Publication | undefined;
  /** Whether it is sent again if the connection is lost before the answer; else it fails then. */
  repeat: boolean;
  /** The connection on which it waits for its reply. */
  link?: Link | undefined;
  /** When it was sent for the first time, in the milliseconds of the clock. */
  sentAt?: number;
  resolve(ok: Reply["ok"]): void;
  reject(error: HoldfastError): void;
}

export interface OutboxOwner {
  state: string;
  nextId(): number;
  /**
   * Whether everything that was stored in a channel while the client was away has come back to it; undefined if it
   * never will, because the client does not subscribe to it.
   */
  caughtUp(channel: string): boolean | undefined;
  /** Something has been answered. */
  progressed(): void;
}

export interface Outbox {
  empty(): boolean;
  /** Sends a command in its turn. */
  ask(verb: string, body: object, repeat: boolean, publication?: Publication): Promise<Reply["ok"]>;
  /** Goes on with another connection, where `connect` has been answered. */
  use(link: Link): void;
  /** Sends what can be sent now. */
  pump(): void;
  /** The connection is gone: what it has not answered is sent again, or has failed. */
  lost(link: Link): void;
  /** A publication of this session came back as a message: it is stored. */
  echoed(id: string, at: Stored): void;
  /** Whether a call that can't be repeated waits for its answer on a connection. */
  callsOn(link: Link): boolean;
  /** Nothing will be sent any more. */
  abandon(): void;
}

/** Commands that wait are held up to so many bytes. */
const mostBytes = 16 * 2 ** 20;

export function createOutbox(owner: OutboxOwner, encoding: Encoding): Outbox {
  const entries = new Map<number, Entry>();
  let bytes = 0;
  let link: Link | undefined;
  /** Publications wait for its end, after a refusal with `retry`. */
  let pause: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;

  const settle = (entry: Entry) => {
    if (entries.delete(entry.id)) {
      bytes -= entry.size;
    }
  };
  const fail = (entry: Entry, code: string) => {
    settle(entry);
    entry.reject(new HoldfastError({ code }));
  };

  /**
   * Whether a publication can't be sent again yet. After half of the time for which the server remembers its id (the
   * rest is for the way there), only the channel itself can tell whether it was stored: it would be among what was missed.
   */
  const inDoubt = (entry: Entry, { channel }: Publication) => {
    if (!entry.sentAt || Date.now() - entry.sentAt < (link?.welcome.dedup ?? 0) * 500) {
      return false;
    }
    const known = owner.caughtUp(channel);
    if (known) {
      entry.sentAt = 0;
    } else if (known === undefined) {
      fail(entry, "outcome_unknown");
    }
    return !known;
  };

  const answered = (entry: Entry, on: Link, ok: Reply["ok"], error: HoldfastError | undefined) => {
    if (!error) {
      refusals = 0;
      settle(entry);
      entry.resolve(ok);
    } else if (entry.link === on) {
      // Otherwise it was sent again on a newer connection, whose answer counts.
      if (entry.publication && error.retry) {
        entry.link = undefined;
        clearTimeout(pause);
        pause = setTimeout(
          () => {
            pause = undefined;
            pump();
          },
          Math.max((error.after ?? 0) * 1000, waitMs(refusals++)),
        );
      } else {
        settle(entry);
        entry.reject(error);
      }
    }
    pump();
  };

  const send = (entry: Entry, on: Link) => {
    entry.link = on;
    entry.sentAt ||= Date.now();
    on.send(entry.id, entry.frame, (ok, error) => answered(entry, on, ok, error));
  };

  const pump = () => {
    if (link?.open) {
      const { message = Number.POSITIVE_INFINITY, commands = 64 } = link.welcome.limits ?? {};
      let inFlight = 0;
      let held = !!pause;
      for (const entry of entries.values()) {
        const { publication } = entry;
        if (entry.link === link) {
          inFlight++;
        } else if (inFlight >= commands) {
          break;
        } else if (entry.size > message) {
          fail(entry, "too_large");
        } else if (publication) {
          held ||= inDoubt(entry, publication);
        }
        const sendable = publication ? !held : !entry.link || entry.repeat;
        if (sendable && entry.link !== link && entries.has(entry.id)) {
          send(entry, link);
          inFlight++;
        }
      }
    }
    owner.progressed();
  };

  return {
    empty: () => entries.size === 0,
    ask: (verb, body, repeat, publication) =>
      new Promise((resolve, reject) => {
        if (owner.state === "closed") {
          throw new HoldfastError({ code: "closed" });
        }
        const id = owner.nextId();
        const frame = encoding.encode({ id, [verb]: body } as Command);
        const size = byteLength(frame);
        if (bytes + size > mostBytes) {
          throw new HoldfastError({ code: "queue_full", retry: true });
        }
        bytes += size;
        entries.set(id, { id, frame, size, repeat, publication, resolve, reject });
        pump();
      }),
    use(next) {
      link = next;
      pump();
    },
    pump,
    lost(gone) {
      for (const entry of entries.values()) {
        if (entry.link === gone) {
          entry.link = undefined;
          if (!entry.repeat) {
            fail(entry, "disconnected");
          }
        }
      }
    },
    echoed(id, at) {
      for (const entry of entries.values()) {
        if (entry.publication?.id === id) {
          settle(entry);
          entry.resolve(at);
          pump();
        }
      }
    },
    callsOn: (on) => [...entries.values()].some((entry) => entry.link === on && !entry.repeat),
    abandon() {
      clearTimeout(pause);
      for (const entry of entries.values()) {
        fail(entry, "closed");
      }
    },
  };
}
