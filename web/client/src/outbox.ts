/**
 * What the application has published and the server has not acknowledged, in the order in which it was published. It
 * outlives connections: publications are sent again with their ids until they are acknowledged, and are stored once.
 */

import { waitMs } from "./backoff.ts";
import type { Fault } from "./error.ts";
import { type Link, nextId } from "./link.ts";
import type { WireMessage } from "./wire.ts";

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

/** What is to be published. */
export interface Publication extends PublishOptions {
  channel: string;
  data: string | Uint8Array;
}

/** A publication that is not acknowledged. */
export interface Entry {
  /** The end of the publication's id. */
  readonly number: number;
  readonly publication: Publication;
  readonly done: Done;
  /** The connection on which it waits for its reply. */
  link?: Link | undefined;
  /** When it was sent for the first time, in the milliseconds of the clock. */
  sentAt?: number;
}

/** It is stored, or given to whoever is there; or the fault says why not. */
export type Done = (fault: Fault | undefined, stored: Stored) => void;

/**
 * Whether a publication may be sent (again) now: undefined if so, empty if not yet, else the code that it fails with.
 * It may have been stored without an acknowledgement; after half of the time for which the server remembers its id
 * (the rest is for the way there) only the channel itself can tell: it would be among what was missed.
 */
export type Judge = (entry: Entry, link: Link) => string | undefined;

export interface Outbox {
  /** Sends it in its turn; returns its id. */
  publish(publication: Publication, done: Done): string;
  /** Sends what can be sent now, on a connection where `connect` has been answered. */
  use(link: Link): void;
  /** Notes that a publication came back as a message: it is stored. Returns whether it was one of these. */
  echoed(message: WireMessage): boolean;
  /** Runs when all is acknowledged. */
  whenEmpty(run: () => void): void;
  /** Nothing will be sent any more. */
  abandon(): void;
}

export function createOutbox(judge: Judge): Outbox {
  const entries = new Map<number, Entry>();
  /** Begins the ids of these publications. They are to be unique in the channel for seconds, and no secret. */
  const prefix = `${Math.random()}-`;
  /** Undefined also in a pause after a refusal with `retry`. */
  let link: Link | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;
  let emptied = () => {};

  const settle = (number: number, fault?: Fault, stored: Stored = {}) => {
    const entry = entries.get(number);
    if (entries.delete(number)) {
      entry?.done(fault, stored);
      if (!entries.size) {
        emptied();
      }
    }
  };

  const send = (entry: Entry, on: Link) => {
    const { number, publication } = entry;
    entry.link = on;
    entry.sentAt ??= Date.now();
    on.ask("publish", { ...publication, id: prefix + number }, (ok, fault) => {
      if (!fault) {
        refusals = 0;
      }
      // What was sent again on a newer connection is not refused by an older one.
      if (!fault || (entry.link === on && !fault.retry)) {
        settle(number, fault, ok);
      } else if (entry.link === on) {
        entry.link = undefined;
        if (link === on) {
          link = undefined;
          pause = setTimeout(self.use, waitMs(refusals++, fault.after), on);
        }
      }
      pump();
    });
  };

  const pump = () => {
    let room = link?.open ? (link.welcome.limits?.commands ?? 64) : 0;
    for (const entry of entries.values()) {
      if (!link || room-- <= 0) {
        return;
      }
      if (entry.link !== link) {
        const verdict = judge(entry, link);
        if (verdict === "") {
          return;
        }
        if (verdict) {
          settle(entry.number, { code: verdict });
        } else {
          send(entry, link);
        }
      }
    }
  };

  const self: Outbox = {
    publish(publication, done) {
      const number = nextId();
      entries.set(number, { number, publication, done });
      pump();
      return prefix + number;
    },
    use(next) {
      if (next.open) {
        link = next;
        pump();
      }
    },
    echoed({ id, offset, epoch }) {
      const own = !!id?.startsWith(prefix);
      if (own) {
        settle(Number(id?.slice(prefix.length)), undefined, { offset, epoch });
        pump();
      }
      return own;
    },
    whenEmpty(run) {
      emptied = run;
      if (!entries.size) {
        run();
      }
    },
    abandon() {
      clearTimeout(pause);
      for (const number of entries.keys()) {
        settle(number, { code: "closed" });
      }
    },
  };
  return self;
}
