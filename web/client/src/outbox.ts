/**
 * What the application has published and the server has not acknowledged, in the order in which it was published. It
 * outlives connections: publications are sent again with their ids until they are acknowledged, and are stored once.
 */

import { waitMs } from "./backoff.ts";
import type { Fault } from "./error.ts";
import { type Link, nextId } from "./link.ts";
import type { Command, Encoding, Frame, WireMessage } from "./wire.ts";

/** Where a publication is stored; empty in a channel without history. */
export interface Stored {
  offset?: number | undefined;
  epoch?: string | undefined;
  /** It had been stored before. */
  duplicate?: boolean;
}

export interface PublishOptions {
  /** What it is about, for delivery `latest`. */
  key?: string | undefined;
}

/** A publication that is not acknowledged. */
export interface Entry {
  readonly id: number;
  readonly channel: string;
  readonly frame: Frame;
  readonly done: Done;
  /** The connection on which it waits for its reply. */
  link?: Link | undefined;
  /** When it was sent for the first time, in the milliseconds of the clock. */
  sentAt?: number;
}

/** It is stored, or given to whoever is there; or the fault says why not. */
export type Done = (fault: Fault | undefined, stored: Stored) => void;

/**
 * Whether a publication may be sent (again) now: undefined if so, `wait` if not yet, else the code that it fails with.
 * It may have been stored without an acknowledgement; after half of the time for which the server remembers its id
 * (the rest is for the way there) only the channel itself can tell: it would be among what was missed.
 */
export type Judge = (entry: Entry, link: Link) => string | undefined;

export interface Outbox {
  /** Sends it in its turn; returns its id. */
  publish(channel: string, data: string | Uint8Array, options: PublishOptions, done: Done): string;
  /** Sends what can be sent now, on a connection where `connect` has been answered. */
  use(link: Link): void;
  /** Notes that a publication came back as a message: it is stored. Returns whether it was one of these. */
  echoed(message: WireMessage): boolean;
  /** Runs when all is acknowledged. */
  whenEmpty(run: () => void): void;
  /** Nothing will be sent any more. */
  abandon(): void;
}

/** Publications that wait are held up to so many bytes; of text, characters. */
const mostHeld = 16 * 2 ** 20;

export function createOutbox(encoding: Encoding, judge: Judge): Outbox {
  const entries = new Map<number, Entry>();
  /** Begins the ids of these publications; the command's follows. */
  const prefix = `${crypto.getRandomValues(new Uint32Array(3)).join("")}-`;
  let held = 0;
  let link: Link | undefined;
  /** Runs after a refusal with `retry`. */
  let pause: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;
  let emptied = () => {};

  const settle = (entry: Entry, fault?: Fault, stored: Stored = {}) => {
    if (entries.delete(entry.id)) {
      held -= entry.frame.length;
      entry.done(fault, stored);
      if (!entries.size) {
        emptied();
      }
    }
  };

  const send = (entry: Entry, on: Link) => {
    entry.link = on;
    entry.sentAt ??= Date.now();
    on.send(entry.id, entry.frame, (ok, fault) => {
      // What was sent again on a newer connection is not refused by an older one.
      if (!fault) {
        refusals = 0;
        settle(entry, fault, ok);
      } else if (entry.link === on && fault.retry) {
        entry.link = undefined;
        clearTimeout(pause);
        pause = setTimeout(
          () => {
            pause = undefined;
            pump();
          },
          waitMs(refusals++, fault.after),
        );
      } else if (entry.link === on) {
        settle(entry, fault);
      }
      pump();
    });
  };

  const pump = () => {
    let room = link?.open && !pause ? (link.welcome.limits?.commands ?? 64) : 0;
    for (const entry of entries.values()) {
      if (!link || room-- <= 0) {
        return;
      }
      if (entry.link !== link) {
        const verdict = judge(entry, link);
        if (verdict === "wait") {
          return;
        }
        if (verdict) {
          settle(entry, { code: verdict });
        } else {
          send(entry, link);
        }
      }
    }
  };

  return {
    publish(channel, data, { key }, done) {
      const id = nextId();
      const publication = { channel, data, id: prefix + id, key };
      const frame = encoding.encode({ id, publish: publication } as Command);
      if (held + frame.length > mostHeld) {
        done({ code: "queue_full", retry: true }, {});
      } else {
        held += frame.length;
        entries.set(id, { id, channel, frame, done });
        pump();
      }
      return publication.id;
    },
    use(next) {
      link = next;
      pump();
    },
    echoed({ id, offset, epoch }) {
      if (!id?.startsWith(prefix)) {
        return false;
      }
      const entry = entries.get(Number(id.slice(prefix.length)));
      if (entry) {
        settle(entry, undefined, offset === undefined ? {} : { offset, epoch });
        pump();
      }
      return true;
    },
    whenEmpty(run) {
      emptied = run;
      if (!entries.size) {
        run();
      }
    },
    abandon() {
      clearTimeout(pause);
      for (const entry of entries.values()) {
        settle(entry, { code: "closed" });
      }
    },
  };
}
