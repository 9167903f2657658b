/**
 * Channels without history while the client moves. Their messages have no positions: nothing tells which of those on the
 * new connection came before which on the old one. So what the new one brings waits until the old one has brought all
 * that it had, which the answer to a ping tells after a moment; what came on both is known by its id.
 */

import type { Answer, Link } from "./link.ts";
import type { Subscription } from "./subscription.ts";
import type { Incoming } from "./wire.ts";

export interface Handover {
  /** Subscribes on a connection. The answer counts when the subscription has been taken over from the one before. */
  subscribe(subscription: Subscription, link: Link): void;
  /** Whether a push waits, for which it is too early. */
  keeps(subscription: Subscription, link: Link, push: Incoming): boolean;
  /** Whether it is taken over just now, and nothing has been missed. */
  takes(subscription: Subscription): boolean;
  /** A connection is gone. */
  lost(link: Link | undefined): void;
}

/** What waits for a subscription to be taken over. */
interface Waiting {
  from: Link;
  to: Link;
  pushes: Incoming[];
  /** `whole` if the old connection has said that nothing more comes on it. */
  take(whole?: boolean): void;
}

/** What was given out at the new node before the client came has so long to arrive at the old one. */
const betweenNodesMs = 300;
/** The old connection then has so long to bring what it had: one that has died may not hold up the new one. */
const patienceMs = 2000;
/** How many pushes wait at most. */
const mostKept = 10_000;

export function createHandover(pushed: (link: Link, push: Incoming) => void): Handover {
  const waiting = new Map<Subscription, Waiting>();
  let taken: Subscription | undefined;

  const begin = (subscription: Subscription, from: Link, to: Link, accepted: () => void) => {
    let timer = setTimeout(() => {
      if (from.open && waiting.get(subscription) === one) {
        timer = setTimeout(() => one.take(), patienceMs);
        from.ask("ping", {}, () => one.take(true));
      }
    }, betweenNodesMs);
    const one: Waiting = {
      from,
      to,
      pushes: [],
      take(whole) {
        if (waiting.get(subscription) === one) {
          waiting.delete(subscription);
          clearTimeout(timer);
          taken = whole ? subscription : undefined;
          accepted();
          taken = undefined;
          for (const push of one.pushes) {
            pushed(to, push);
          }
        }
      },
    };
    waiting.set(subscription, one);
  };

  return {
    subscribe(subscription, link) {
      subscription.opened(link, undefined, (verb, body, answer?: Answer) =>
        link.ask(verb, body, (ok, error) => {
          const from = subscription.link;
          const placed = ok?.position && !subscription.what.pattern;
          if (from?.open && from !== link && ok && !placed) {
            begin(subscription, from, link, () => answer?.(ok, error));
          } else {
            answer?.(ok, error);
          }
        }),
      );
    },
    keeps(subscription, link, push) {
      const one = waiting.get(subscription);
      if (one?.to !== link) {
        return false;
      }
      const { message } = push;
      // What has no id to know it by has come on the old connection as well.
      if (!message || message.id || message.offset) {
        if (one.pushes.push(push) > mostKept) {
          one.take();
        }
      }
      return true;
    },
    takes: (subscription) => subscription === taken,
    lost(link) {
      for (const [subscription, { from, to, take }] of waiting) {
        if (link === to) {
          waiting.delete(subscription);
        } else if (link === from) {
          take();
        }
      }
    },
  };
}
