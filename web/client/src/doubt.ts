/** Whether a publication that was sent, and not acknowledged, may be sent again: it is to be stored once. */

import type { Link } from "./link.ts";
import type { Entry, Judge } from "./outbox.ts";
import type { Subscription } from "./subscription.ts";
import { byteLength, type Command, type Encoding } from "./wire.ts";

/** The most that a character or byte can grow to in an encoding, and what else there is of a command. */
const mostGrowth = 6;
const envelope = 1024;

function isLarger({ body }: Entry, limit: number, encoding: Encoding): boolean {
  return (
    body.data.length * mostGrowth + envelope > limit &&
    byteLength(encoding.encode({ id: Number.MAX_SAFE_INTEGER, publish: body } as Command)) > limit
  );
}

/**
 * Whether the reply may come on the connection that is being left. A channel without history would give it out twice, and
 * later ones would overtake it.
 */
export function isAnsweredElsewhere({ link }: Entry, than: Link): boolean {
  return !!link?.open && link !== than;
}

/**
 * Asks the subscriptions of a session, as any channel may be published to. `lives` has the connection on which all that
 * was stored before has come to them.
 */
export function createJudge(
  subscriptions: Map<number, Subscription>,
  lives: WeakMap<Subscription, Link>,
  encodingOn: (link: Link) => Encoding,
): Judge {
  /** Who sees whether it is stored, from when it is sent for the first time. */
  const witnesses = new WeakMap<Entry, Subscription>();
  return (entry, link) => {
    const { dedup = 0, limits } = link.welcome;
    if (limits?.message !== undefined && isLarger(entry, limits.message, encodingOn(link))) {
      return "too_large";
    }
    if (isAnsweredElsewhere(entry, link)) {
      return "";
    }
    if (!entry.sentAt) {
      for (const subscription of subscriptions.values()) {
        if (subscription.what.channel === entry.body.channel && subscription.position() !== undefined) {
          witnesses.set(entry, subscription);
        }
      }
    } else if (Date.now() - entry.sentAt >= dedup * 500) {
      const witness = witnesses.get(entry);
      if (!witness || witness.state === "closed" || witness.lostAt >= entry.sentAt) {
        return "outcome_unknown";
      }
      if (lives.get(witness) !== link) {
        return "";
      }
    }
    return undefined;
  };
}
