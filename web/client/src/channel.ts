/** One channel: its messages, and what else can be done with it. */

import { raised } from "./error.ts";
import { Feed, type Message } from "./feed.ts";
import { toPayload } from "./payload.ts";
import type { Publishing, PublishOptions } from "./session.ts";
import type { Payload, WireMessage } from "./wire.ts";

export interface History<T> {
  /** Oldest first. */
  messages: Message<T>[];
  /** Behind the page: the next `since`. */
  position: string;
  /** Whether there was more behind it. */
  more: boolean;
  /** Messages behind `since` are not kept any more. */
  lost?: boolean;
  why?: string;
}

export interface Roster {
  users: { user: string; connections: { id: string; info?: string }[] }[];
  count: { users: number; connections: number };
  /** There is more: ask with this as `after`. */
  next?: string;
}

export class Channel<T = Payload> extends Feed<T> {
  /** The promise is kept when the message is stored (where), or has been given to whoever is there (nothing). */
  publish(value: T, options?: PublishOptions): Publishing {
    const stored = this.session.publish(this.name, toPayload(this.codec.encode(value)), options);
    return Object.assign(raised(stored), { id: stored.id });
  }

  /** A page: behind a position, or the newest so many, or from the oldest. */
  async history(page: { since?: string; last?: number; limit?: number } = {}): Promise<History<T>> {
    const ok = await raised(this.session.ask("history", { channel: this.name, ...page }, true));
    return { ...ok, messages: ok.messages.map((message: WireMessage) => this.decode(message)) };
  }

  /** A page of who is there. */
  presence(page: { after?: string; limit?: number } = {}): Promise<Roster> {
    return raised(this.session.ask("presence", { channel: this.name, ...page }, true));
  }
}
