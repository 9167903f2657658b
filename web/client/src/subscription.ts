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
import { formatPositions, type Positions, parsePositions } from "./position.ts";
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
  channel: string;
  since: string;
  /** Where the subscription goes on; "" in a channel without history. */
  position: string;
  /** `expired`, `reset` or `no_history`. */
  why: string;
}

export interface SubscriptionEvents {
  /** The server has accepted it, on a connection. */
  subscribed: Link;
  message: WireMessage;
  /** All that was stored before has come, on a connection. */
  live: Link;
  state: StateChange;
  /** Without history: messages may have been missed; how many, if it is known. */
  gap: { channel: string; missed: number | undefined };
  lost: Lost;
  /** Another of its pushes. */
  push: Incoming;
  /** The server has ended it for good, or refused it. */
  ended: Fault;
}

/** Where its events go. */
export type Emit<Events> = <Type extends keyof Events>(type: Type, detail: Events[Type]) => void;

export interface Subscription {
  /** The channel's name, or the pattern. */
  readonly name: string;
  state: State;
  /** The connection whose pushes count: the newest on which it has been answered. */
  link: Link | undefined;
  /** The connection on which all that was stored before has come. */
  live: Link | undefined;
  readonly sub: number;
  /** How often messages were not kept for it. */
  losses: number;
  /** What `since` has to be to go on; "" if there is no position, undefined if there is none yet. */
  position(): string | null | undefined;
  /** Subscribes on a connection. */
  begin(link: Link): void;
  push(link: Link, push: Incoming): void;
  /** A connection is gone, or could not be made. */
  detach(link: Link | undefined, drop?: Drop): void;
  end(): void;
}

/** How many publication ids are remembered to know repeats by, in a channel without offsets. */
const mostSeen = 1000;

export function createSubscription(
  sub: number,
  what: SubscribeBody,
  options: SubscribeOptions,
  emit: Emit<SubscriptionEvents>,
): Subscription {
  /** Undefined until the server has accepted it once: from then on it counts, not the options. */
  let positions: Positions | undefined;
  /** How far each log has been read; also those that are no more: while moving, an old message may come again. */
  const highest: Positions = new Map();
  const name = what.channel ?? what.pattern ?? "";
  let refusals = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const seen = new Set<string>();

  const enter = (state: State, drop?: Drop) => {
    if (drop || self.state !== state) {
      self.state = state;
      emit("state", { state, ...drop });
    }
  };
  const gap = (missed?: number) => emit("gap", { channel: name, missed });
  const lost = (since = "", position = "", why = "") => {
    self.losses++;
    emit("lost", { channel: name, since, position, why });
  };

  /** Moves the position, forwards only. */
  const reach = (at: Positions, epoch: string, offset: number) => {
    highest.set(epoch, Math.max(offset, highest.get(epoch) ?? 0));
    at.set(epoch, highest.get(epoch) ?? 0);
  };

  const accepted = (link: Link, since: string | undefined, ok: Subscribed) => {
    const before = positions;
    self.link = link;
    refusals = 0;
    positions = parsePositions(ok.position);
    emit("subscribed", link);
    for (const [epoch, offset] of positions) {
      reach(positions, epoch, offset);
    }
    if (ok.lost) {
      lost(since, ok.position, ok.why);
    }
    if (before && !since) {
      gap();
    }
  };

  const refused = (link: Link, error: Fault) => {
    if (error.retry) {
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          if (link.open && self.link !== link) {
            self.begin(link);
          }
        },
        waitMs(refusals++, error.after),
      );
    } else {
      self.end();
      emit("ended", error);
    }
  };

  const received = (message: WireMessage, at: Positions) => {
    const { offset, id, epoch = at.keys().next().value ?? "" } = message;
    // In a channel without history a repeat is known by its publication's id.
    const repeated = offset === undefined ? id && seen.has(id) : offset <= (highest.get(epoch) ?? -1);
    if (repeated) {
      return;
    }
    emit("message", epoch ? { ...message, epoch } : message);
    if (offset !== undefined) {
      // Behind the handlers: a position ahead of its message could lose it.
      reach(at, epoch, offset);
    } else if (id) {
      seen.add(id);
      if (seen.size > mostSeen) {
        seen.delete(seen.values().next().value ?? "");
      }
    }
  };

  const self: Subscription = {
    sub,
    name,
    state: "connecting",
    losses: 0,
    link: undefined,
    live: undefined,
    position: () => (positions ? formatPositions(positions) : options.since),
    begin(link) {
      const since = self.position() || undefined;
      const last = positions || since ? undefined : options.last;
      link.ask("subscribe", { ...what, sub, since, last }, (ok, error) => {
        if (self.state === "closed") {
          return;
        }
        if (error) {
          refused(link, error);
        } else {
          accepted(link, since, ok);
        }
      });
    },
    push(link, push) {
      if (link !== self.link || !positions) {
        return;
      }
      const at = positions;
      const move = (position: string | undefined) => {
        for (const [epoch, offset] of parsePositions(position)) {
          reach(at, epoch, offset);
        }
      };
      if (push.message) {
        received(push.message, at);
      } else if (push.live) {
        move(push.live.position);
        self.live = link;
        enter("live");
        emit("live", link);
      } else if (push.lost) {
        const { since, position, why } = push.lost;
        for (const epoch of parsePositions(since).keys()) {
          at.delete(epoch);
        }
        move(position);
        lost(since, position, why);
      } else if (push.gap) {
        gap(push.gap.missed);
      } else if (push.unsubscribed) {
        const { error } = push.unsubscribed;
        if (error.retry) {
          self.detach(link);
        }
        refused(link, error);
      } else {
        emit("push", push);
      }
    },
    detach(link, drop) {
      if (!self.link || self.link === link) {
        self.link = undefined;
        enter(self.state === "connecting" ? "connecting" : "reconnecting", drop);
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
