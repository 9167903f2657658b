/**
 * One subscription, over as many connections as it takes. Where it is, is in its positions; what moves them, and what
 * is done with a message that came twice, is in this file only (docs/protocol.md, Channels, positions, epochs).
 *
 *     connecting ──▶ live ──▶ reconnecting ──▶ live ──▶ …
 *          └──────────┴────────────┴──▶ closed     by end(), or by the server for good
 */

import { waitMs } from "./backoff.ts";
import type { Drop } from "./connection.ts";
import type { Fault } from "./error.ts";
import type { Link } from "./link.ts";
import { type Positions, parsePositions } from "./position.ts";
import type { TransportName } from "./transport.ts";
import type { Incoming, Subscribed, WireMessage } from "./wire.ts";

export type State = "connecting" | "live" | "reconnecting" | "closed";

/** A state, and while there is no connection why, and until when: each time that an attempt to connect has failed. */
export interface StateChange extends Partial<Drop> {
  state: State;
}

/** What stays the same each time that a subscription is made. */
export interface SubscribeBody {
  channel?: string;
  pattern?: string;
  presence?: boolean | undefined;
  latest?: boolean | undefined;
}

export interface SubscribeOptions {
  /** Begin behind a position from earlier. */
  since?: string | null | undefined;
  /** Begin with the newest so many messages. */
  last?: number | undefined;
  /** False: leave out what this client publishes. It is left out here: what comes back proves that it is stored. */
  echo?: boolean | undefined;
}

/** Messages that are not kept any more, or may not be. */
export interface Lost {
  since?: string | null | undefined;
  /** Where the subscription goes on; none in a channel without history. */
  position?: string;
  /** `expired`, `reset` or `no_history`. */
  why?: string;
}

export interface SubscriptionEvents {
  /** The server has accepted it, on a connection. */
  subscribed: Link;
  message: WireMessage;
  /** All that was stored before has come, on a connection. */
  live: Link;
  state: StateChange;
  /** Without history: messages may have been missed; how many, if it is known. */
  gap: { missed?: number };
  lost: Lost;
  /** Another of its pushes. */
  push: Incoming;
  /** The server has ended it for good, or refused it. */
  ended: Fault;
}

/** Where its events go. */
export type Emit<Events> = <Type extends keyof Events>(type: Type, detail: Events[Type]) => void;

export interface Subscription {
  state: State;
  /** The connection whose pushes count: the newest on which it has been answered. */
  link: Link | undefined;
  readonly sub: number;
  readonly what: SubscribeBody;
  /** When messages were last not kept for it, in the milliseconds of the clock. */
  lostAt: number;
  /** What `since` has to be to go on; "" if there is no position, undefined if there is none yet. */
  position(): string | null | undefined;
  /** Subscribes on a connection, whatever carries it; `ask` may be in the place of the connection's own. */
  opened(link: Link, by?: TransportName, ask?: Link["ask"]): void;
  pushed(link: Link, push: Incoming): void;
  /** A connection is gone, or could not be made. */
  lost(link: Link | undefined, drop?: Drop): void;
  end(): void;
}

export function createSubscription(
  sub: number,
  what: SubscribeBody,
  options: SubscribeOptions,
  emit: Emit<SubscriptionEvents>,
): Subscription {
  /** The logs that it reads. Undefined until the server has accepted it: before, it gets no push. */
  let epochs!: Set<string>;
  /** How far each log has been read; also those that are no more: while moving, an old message may come again. */
  const highest: Positions = new Map();
  let refusals = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const seen = new Set<string>();

  const enter = (state: State) => {
    if (self.state !== state) {
      self.state = state;
      emit("state", { state });
    }
  };
  const gone = (detail: Lost) => {
    self.lostAt = Date.now();
    emit("lost", detail);
  };
  /** Moves a position, forwards only. */
  const reach = (offset: number, epoch: string) => {
    epochs.add(epoch);
    highest.set(epoch, Math.max(offset, highest.get(epoch) ?? 0));
  };

  const accepted = (link: Link, since: string | undefined, ok: Subscribed) => {
    const again = epochs;
    self.link = link;
    refusals = 0;
    epochs = new Set();
    parsePositions(ok.position).forEach(reach);
    emit("subscribed", link);
    if (ok.lost) {
      gone({ since, ...ok });
    }
    if (again && !since) {
      emit("gap", {});
    }
  };

  const refused = (link: Link, error: Fault) => {
    if (error.retry) {
      self.lost(link);
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          if (link.open && self.link !== link) {
            self.opened(link);
          }
        },
        waitMs(refusals++, error.after),
      );
    } else {
      self.end();
      emit("ended", error);
    }
  };

  const received = (message: WireMessage) => {
    const { offset, id, epoch = [...epochs][0] as string } = message;
    // In a channel without history a repeat is known by its publication's id.
    const repeated = offset === undefined ? id && seen.has(id) : offset <= (highest.get(epoch) ?? -1);
    if (repeated) {
      return;
    }
    emit("message", { ...message, epoch });
    if (offset !== undefined) {
      // Behind the handlers: a position ahead of its message could lose it.
      reach(offset, epoch);
    } else if (id) {
      /** Repeats come soon. */
      const mostSeen = 1000;
      seen.add(id);
      if (seen.size > mostSeen) {
        seen.clear();
      }
    }
  };

  const self: Subscription = {
    sub,
    what,
    state: "connecting",
    lostAt: 0,
    link: undefined,
    position: () =>
      epochs ? [...epochs].map((epoch) => `${highest.get(epoch)}:${epoch}`).join() : options.since,
    opened(link, _by, ask = link.ask) {
      const since = self.position() || undefined;
      ask("subscribe", { ...what, sub, since, last: since ? undefined : options.last }, (ok, error) => {
        if (self.state !== "closed") {
          if (error) {
            refused(link, error);
          } else {
            accepted(link, since, ok);
          }
        }
      });
    },
    pushed(link, push) {
      const { message, live, lost, gap, unsubscribed } = push;
      if (link !== self.link) {
        return;
      }
      if (message) {
        received(message);
      } else if (live) {
        parsePositions(live.position).forEach(reach);
        enter("live");
        emit("live", link);
      } else if (lost) {
        parsePositions(lost.since).forEach((_, epoch) => {
          epochs.delete(epoch);
        });
        parsePositions(lost.position).forEach(reach);
        gone(lost);
      } else if (gap) {
        emit("gap", gap);
      } else if (unsubscribed) {
        refused(link, unsubscribed.error);
      } else {
        emit("push", push);
      }
    },
    lost(link, drop) {
      if (!self.link || self.link === link) {
        self.link = undefined;
        if (self.state !== "connecting") {
          self.state = "reconnecting";
        }
        emit("state", { state: self.state, ...drop });
      }
    },
    end() {
      clearTimeout(timer);
      self.link = undefined;
      enter("closed");
    },
  };
  return self;
}
