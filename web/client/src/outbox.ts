/**
 * What the application asked for and the server has not answered, in the order in which it was asked for. It outlives
 * connections: publications are sent again with their ids until they are acknowledged, and are stored once.
 */

import { waitMs } from "./backoff.ts";
import type { Fault } from "./error.ts";
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
  /** When it was sent for the first time, in the milliseconds of the clock; 0 if it is known not to be stored. */
  sentAt?: number;
  /** Who would have seen it if it is stored since then. */
  witness?: Witness | undefined;
  losses?: number | undefined;
  resolve(ok: Reply["ok"]): void;
  reject(error: Fault): void;
}

/** The part of a subscription that tells whether something was stored. */
export interface Witness {
  /** `live` when everything that was stored has come. */
  readonly state: string;
  /** How often messages were not kept for it. */
  readonly losses: number;
}

export interface OutboxOwner {
  state: string;
  nextId(): number;
  /** A subscription to a channel, with a place to go on from: whatever is stored from now on comes there. */
  witness(channel: string): Witness | undefined;
  /** Something has been answered. */
  progressed(): void;
}

export interface Outbox {
  empty(): boolean;
  /** Sends a command in its turn. The promise fails with a Fault. */
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
    entry.reject({ code });
  };

  /**
   * Whether a publication can't be sent again yet. After half of the time for which the server remembers its id (the
   * rest is for the way there), only the channel itself can tell whether it was stored: it would be among what was missed.
   */
  const inDoubt = (entry: Entry) => {
    const { witness } = entry;
    if (!entry.sentAt || Date.now() - entry.sentAt < (link?.welcome.dedup ?? 0) * 500) {
      return false;
    }
    if (!witness || witness.state === "closed" || witness.losses !== entry.losses) {
      fail(entry, "outcome_unknown");
    } else if (witness.state === "live") {
      entry.sentAt = 0;
    }
    return !!entry.sentAt;
  };

  const answered = (entry: Entry, on: Link, ok: Reply["ok"], error: Fault | undefined) => {
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
    if (!entry.sentAt) {
      entry.sentAt = Date.now();
      entry.witness = entry.publication && owner.witness(entry.publication.channel);
      entry.losses = entry.witness?.losses;
    }
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
          held ||= inDoubt(entry);
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
          return reject({ code: "closed" });
        }
        const id = owner.nextId();
        const frame = encoding.encode({ id, [verb]: body } as Command);
        const size = byteLength(frame);
        if (bytes + size > mostBytes) {
          return reject({ code: "queue_full", retry: true });
        }
        bytes += size;
        entries.set(id, { id, frame, size, repeat, publication, resolve, reject });
        // In a pause there may be very many of them.
        if (!publication || !pause) {
          pump();
        }
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
          return pump();
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
