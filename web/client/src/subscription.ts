/**
 * One subscription, over as many connections as it takes. Where it is, is in its positions; what moves them, and what
 * is done with a message that came twice, is in this file only (docs/protocol.md, Channels, positions, epochs).
 *
 *     connecting ──▶ live ──▶ reconnecting ──▶ live ──▶ …
 *          └──────────┴────────────┴──▶ closed     by end(), or by the server for good
 */

import { waitMs } from "./backoff.ts";
import type { Fault } from "./error.ts";
import type { Link } from "./link.ts";
import { formatPositions, type Positions, parsePositions } from "./position.ts";
import type { Incoming, Subscribed, WireMessage } from "./wire.ts";

export type State = "connecting" | "live" | "reconnecting" | "closed";

/** What stays the same each time that a subscription is made. */
export interface SubscribeBody {
  channel?: string;
  pattern?: string;
  presence?: boolean | undefined;
  latest?: boolean | undefined;
}

export interface SubscribeOptions {
  /** Begin behind a position from earlier. */
  since?: string | undefined;
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
  /** The server has accepted it. */
  subscribed: undefined;
  message: WireMessage;
  state: State;
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
  /** What it asks for, other than where to begin. */
  readonly what: SubscribeBody;
  state: State;
  /** The connection whose pushes count: the newest on which it has been answered. */
  link: Link | undefined;
  readonly sub: number;
  /** How often messages were not kept for it. */
  losses: number;
  /** What `since` has to be to go on; "" if there is no position, undefined if there is none yet. */
  position(): string | undefined;
  /** Subscribes on a connection; `done` when the server has answered. */
  begin(link: Link, done: () => void): void;
  push(link: Link, push: Incoming): void;
  /** Its connection is gone, or has ended it. */
  detach(link: Link): void;
  end(): void;
}

/** How many publication ids are remembered to know repeats by, in a channel without offsets. */
const mostSeen = 1000;

/** `own` tells whether a publication's id is one of this session. */
export function createSubscription(
  sub: number,
  what: SubscribeBody,
  options: SubscribeOptions,
  own: (id: string | undefined) => boolean,
  emit: Emit<SubscriptionEvents>,
): Subscription {
  /** Undefined until the server has accepted it once: from then on it counts, not the options. */
  let positions: Positions | undefined;
  const name = what.channel ?? what.pattern ?? "";
  let refusals = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const seen = new Set<string>();

  const enter = (state: State) => {
    if (self.state !== state && (self.state !== "connecting" || state !== "reconnecting")) {
      self.state = state;
      emit("state", state);
    }
  };
  const gap = (missed?: number) => emit("gap", { channel: name, missed });
  const lost = (since = "", position = "", why = "") => {
    self.losses++;
    emit("lost", { channel: name, since, position, why });
  };

  const accepted = (link: Link, since: string | undefined, ok: Subscribed) => {
    const before = positions;
    self.link = link;
    refusals = 0;
    positions = parsePositions(ok.position);
    emit("subscribed", undefined);
    if (ok.lost) {
      lost(since, ok.position, ok.why);
    } else {
      // While moving, the older connection went on: what it brought is not taken again.
      for (const [epoch, offset] of positions) {
        positions.set(epoch, Math.max(offset, before?.get(epoch) ?? 0));
      }
    }
    if (before && !since) {
      gap();
    }
  };

  const refused = (link: Link, error: Fault, done: () => void) => {
    if (error.retry) {
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          if (link.open && self.link !== link) {
            self.begin(link, done);
          }
        },
        Math.max((error.after ?? 0) * 1000, waitMs(refusals++)),
      );
    } else {
      self.end();
      emit("ended", error);
    }
  };

  const received = (message: WireMessage, at: Positions) => {
    const { offset, id } = message;
    const epoch = message.epoch ?? at.keys().next().value ?? "";
    // In a channel without history a repeat is known by its publication's id.
    const repeated = offset === undefined ? id && seen.has(id) : offset <= (at.get(epoch) ?? -1);
    if (repeated) {
      return;
    }
    if (options.echo !== false || !own(id)) {
      emit("message", epoch ? { ...message, epoch } : message);
    }
    if (offset !== undefined) {
      // Behind the handlers: a position ahead of its message could lose it.
      at.set(epoch, offset);
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
    what,
    state: "connecting",
    losses: 0,
    link: undefined,
    position: () => (positions ? formatPositions(positions) : options.since),
    begin(link, done) {
      const since = self.position() || undefined;
      const last = positions || since ? undefined : options.last;
      link.ask("subscribe", { ...what, sub, since, last }, (ok, error) => {
        if (self.state !== "closed") {
          if (error) {
            refused(link, error, done);
          } else {
            accepted(link, since, ok);
          }
        }
        done();
      });
    },
    push(link, push) {
      if (link !== self.link || !positions) {
        return;
      }
      const at = positions;
      const move = (position: string | undefined) => {
        for (const [epoch, offset] of parsePositions(position)) {
          at.set(epoch, offset);
        }
      };
      if (push.message) {
        received(push.message, at);
      } else if (push.live) {
        move(push.live.position);
        enter("live");
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
        refused(link, error, () => {});
      } else {
        emit("push", push);
      }
    },
    detach(link) {
      if (self.link === link) {
        self.link = undefined;
        enter("reconnecting");
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
