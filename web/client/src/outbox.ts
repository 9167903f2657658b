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
  readonly body: Publication & { id: string };
  readonly done: Done;
  /** The connection on which it waits for its reply. */
  link?: Link | undefined;
  /** When it was sent for the first time, in the milliseconds of the clock. */
  sentAt?: number;
}

/** It is stored, or given to whoever is there; or the fault says why not. */
export type Done = (fault: Fault | undefined, stored: Stored | undefined) => void;

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
  echoed(message: WireMessage): boolean | undefined;
  /** Runs when all is acknowledged. */
  whenEmpty(run: () => void): void;
  /** Nothing will be sent any more. */
  end(): void;
}

export function createOutbox(judge: Judge): Outbox {
  const entries = new Map<string, Entry>();
  /** Begins the ids of these publications. They are to be unique in the channel for seconds, and no secret. */
  const prefix = `${Math.random()}-`;
  /** Undefined also in a pause after a refusal with `retry`. */
  let link: Link | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;
  let emptied = () => {};

  const settle = (id: string | undefined, fault?: Fault, stored?: Stored) => {
    const entry = entries.get(id as string);
    entries.delete(id as string);
    entry?.done(fault, stored);
    if (!entries.size) {
      emptied();
    }
  };

  const send = (entry: Entry, on: Link) => {
    entry.link = on;
    entry.sentAt ??= Date.now();
    on.ask("publish", entry.body, (ok, fault) => {
      if (fault?.retry) {
        entry.link = undefined;
        if (link === on) {
          link = undefined;
          pause = setTimeout(self.use, waitMs(refusals++, fault.after), on);
        }
      } else {
        refusals = 0;
        settle(entry.body.id, fault, ok);
      }
      pump();
    });
  };

  const pump = () => {
    /** How many may be sent without waiting for replies: so many the server takes of small ones. */
    let room = link?.open ? 64 : 0;
    for (const [id, entry] of entries) {
      if (!link || !room--) {
        return;
      }
      if (entry.link !== link) {
        const verdict = judge(entry, link);
        if (verdict === "") {
          return;
        }
        if (verdict) {
          settle(id, { code: verdict });
        } else {
          send(entry, link);
        }
      }
    }
  };

  const self: Outbox = {
    publish(publication, done) {
      const id = prefix + nextId();
      entries.set(id, { body: { ...publication, id }, done });
      pump();
      return id;
    },
    use(next) {
      clearTimeout(pause);
      link = next;
      pump();
    },
    echoed({ id, offset, epoch }) {
      settle(id, undefined, { offset, epoch });
      pump();
      return id?.startsWith(prefix);
    },
    whenEmpty(run) {
      emptied = run;
      if (!entries.size) {
        run();
      }
    },
    end() {
      clearTimeout(pause);
      for (const id of entries.keys()) {
        settle(id, { code: "closed" });
      }
    },
  };
  return self;
}
