/**
 * A session: one identity, its subscriptions and what it sends, over as many connections as it takes.
 *
 *     connecting ──▶ live ──▶ reconnecting ──▶ live ──▶ …
 *          └──────────┴────────────┴──▶ closed     by close(), or by the server for good
 */

import { createCalls } from "./calls.ts";
import { orHTTP } from "./choice.ts";
import { type Closed, carry, createConnection, type Drop, type TransportOptions } from "./connection.ts";
import { createJudge, isAnsweredElsewhere } from "./doubt.ts";
import type { Fault } from "./error.ts";
import { createHandover } from "./handover.ts";
import { json } from "./json.ts";
import { type Link, nextId } from "./link.ts";
import { createOutbox, type Done, type Entry, type PublishOptions, type Stored } from "./outbox.ts";
import {
  createSubscription,
  type Emit,
  type State,
  type SubscribeBody,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvents,
} from "./subscription.ts";
import { type Provider, Tokens } from "./tokens.ts";
import { type TransportName, webSocket } from "./transport.ts";
import type { Incoming, Reply, Welcome, WireMessage } from "./wire.ts";

export type { Closed, Drop, Tabs } from "./connection.ts";
export type { PublishOptions } from "./outbox.ts";

export interface ConnectOptions extends TransportOptions {
  /** Gives the token, or nothing; `renew` says that the one before was refused, or expires. */
  token?: Provider;
}

export interface SessionEvents {
  state: State;
  /** There is no connection, and why, and until when: each time that one broke, or could not be made. */
  waiting: Drop;
  /** The server has greeted: on each connection. */
  welcome: Welcome;
  /** There is no token, or no transport, and it is tried again; or the server found a fault in a whole message. */
  error: Fault & ErrorOptions;
  closed: Closed;
}

/** A publication on its way. */
export type Publishing = Promise<Stored> & {
  /** Its id: the message bears it when it comes back. */
  readonly id: string;
};

export interface Session {
  readonly state: State;
  /** What carries it; undefined while there is no connection. */
  readonly transport: TransportName | undefined;
  /** By their numbers. */
  readonly subscriptions: Map<number, Subscription>;
  subscribe(what: SubscribeBody, options: SubscribeOptions, emit: Emit<SubscriptionEvents>): Subscription;
  /** Where commands can be sent; two during a move. */
  links(): Link[];
  /** Sends the command on each of them. */
  begin(subscription: Subscription): void;
  /** The promise is kept when it is stored, or given to whoever is there. */
  publish(channel: string, data: string | Uint8Array, options?: PublishOptions): Publishing;
  /** Sends another command; with `repeat` again after a drop. */
  ask(verb: string, body: object, repeat: boolean): Promise<Reply["ok"]>;
  /** Closes for good, when all that was sent is acknowledged or a time is over. */
  close(): void;
}

/** Publications that wait are held up to so many bytes; of text, characters. */
const mostHeld = 16 * 2 ** 20;

/** For how long close() waits for what is not acknowledged. */
const flushMs = 5_000;

/** For the server's log and console. */
const client = { name: "holdfast-js", version: "0.1.0" };

/** Nothing is emitted during the call. Throws if there is nothing to connect with. */
export function createSession(urls: string[], options: ConnectOptions, emit: Emit<SessionEvents>): Session {
  const { WebSocket, dial = orHTTP(webSocket(WebSocket)) } = options;
  const carrier = carry(urls, { ...options, dial });
  const subscriptions = new Map<number, Subscription>();
  /** The links on which `connect` is sent; the one that is used is `current`. */
  let current: Link | undefined;
  let next: Link | undefined;
  /** What carries each. */
  const carriers = new WeakMap<Link, TransportName>();
  /** On which connection all that was stored before has come to them. */
  const lives = new WeakMap<Subscription, Link>();
  /** What has been sent and is not acknowledged. */
  const unanswered = new Map<Done, Entry>();
  /** Whether the connection before may still be there. */
  let moving = false;
  let closing = false;
  let held = 0;
  let flush: ReturnType<typeof setTimeout> | undefined;

  const enter = (state: State) => {
    if (self.state !== state) {
      self.state = state;
      emit("state", state);
    }
  };
  const links = () => [current, next].filter((link) => link?.open) as Link[];
  /** Something has been answered. */
  const progressed = () => {
    const here = current;
    if (
      moving &&
      here &&
      calls.allOn(here) &&
      [...subscriptions.values()].every(({ link }) => link === here) &&
      ![...unanswered.values()].some((entry) => isAnsweredElsewhere(entry, here))
    ) {
      moving = false;
      connection.moved(here);
    }
    if (closing && calls.empty()) {
      outbox.whenEmpty(() => connection.end({ code: 1000, reason: "", clean: true }));
    }
  };
  const pump = () => {
    if (current) {
      outbox.use(current);
    }
  };

  /** Over plain HTTP everything is JSON, which may be longer. */
  const encodingOn = (link: Link) => (carriers.get(link) === "websocket" ? carrier.encoding : json);
  const calls = createCalls(encodingOn, progressed);
  const judge = createJudge(subscriptions, lives, encodingOn);
  const outbox = createOutbox((entry, link) => {
    const verdict = judge(entry, link);
    if (verdict === undefined) {
      unanswered.set(entry.done, entry);
    }
    return verdict;
  });
  const subscriptionOf = (push: Incoming) => subscriptions.get(Object.values(push)[0]?.sub);
  const handover = createHandover((link, push) => subscriptionOf(push)?.pushed(link, push));
  const ask: Session["ask"] = async (verb, body, repeat) => {
    if (self.state === "closed") {
      throw { code: "closed" } satisfies Fault;
    }
    return calls.ask(verb, body, repeat);
  };
  const refresh = async (token: string) => {
    const ok = await ask("refresh", { token }, false);
    if (ok.session && current) {
      current.welcome.session = ok.session;
    }
    return ok;
  };
  const tokens = options.token && new Tokens(options.token, refresh);
  const failed = (cause: unknown) =>
    emit("error", { code: "not_dialled", message: `${cause}`, retry: true, cause });

  const self = {
    state: "connecting" as State,
    transport: undefined as TransportName | undefined,
    subscriptions,
    links,
    ask,
    begin(subscription: Subscription) {
      for (const link of links()) {
        handover.subscribe(subscription, link);
      }
    },
    subscribe(what: SubscribeBody, where: SubscribeOptions, tell: Emit<SubscriptionEvents>) {
      const sub = nextId();
      const subscription = createSubscription(sub, what, where, (type, detail) => {
        if (type === "message" && outbox.echoed(detail as WireMessage) && where.echo === false) {
          return;
        }
        if (type === "ended") {
          subscriptions.delete(sub);
        }
        if (type === "gap" && handover.takes(subscription)) {
          return;
        }
        tell(type, detail);
        if (type === "subscribed" || type === "ended") {
          progressed();
        }
        if (type === "live") {
          lives.set(subscription, detail as Link);
        }
        if (type === "live" || type === "state") {
          // What was in doubt may be known now.
          pump();
        }
      });
      subscriptions.set(sub, subscription);
      self.begin(subscription);
      return subscription;
    },
    publish(channel: string, data: string | Uint8Array, how: PublishOptions = {}) {
      let id = "";
      const stored = new Promise<Stored>((resolve, reject) => {
        if (self.state === "closed") {
          return reject({ code: "closed" } satisfies Fault);
        }
        if (held + data.length > mostHeld) {
          return reject({ code: "queue_full", retry: true } satisfies Fault);
        }
        held += data.length;
        const done: Done = (fault, at) => {
          held -= data.length;
          unanswered.delete(done);
          if (fault) {
            reject(fault);
          } else {
            resolve(at ?? {});
          }
          progressed();
        };
        id = outbox.publish({ channel, data, ...how }, done);
      });
      return Object.assign(stored, { id });
    },
    close() {
      closing = true;
      flush ??= setTimeout(connection.end, flushMs, { code: 1006, reason: "unacknowledged", clean: false });
      progressed();
    },
  };

  /** Clients that know several endpoints spread over them. */
  const first = Math.floor(Math.random() * urls.length);
  const connection = createConnection(
    [...urls.slice(first), ...urls.slice(0, first)],
    tokens ? { ...carrier, dial: tokens.through(carrier.dial, failed) } : carrier,
    {
      hello: () => ({ token: tokens?.token, client }),
      opened(link, by) {
        next = link;
        carriers.set(link, by ?? "websocket");
        for (const subscription of subscriptions.values()) {
          handover.subscribe(subscription, link);
        }
      },
      greeted(link) {
        current = link;
        self.transport = carriers.get(link);
        next = undefined;
        moving = true;
        tokens?.accepted(link.welcome.expires);
        enter("live");
        emit("welcome", link.welcome);
        calls.use(link);
        outbox.use(link);
        progressed();
      },
      pushed(link, push: Incoming) {
        const subscription = subscriptionOf(push);
        if (subscription) {
          if (!handover.keeps(subscription, link, push)) {
            subscription.pushed(link, push);
          }
        } else if (push.expiring) {
          tokens?.expiring(push.expiring.in);
        } else if (push.error) {
          emit("error", push.error);
        }
      },
      lost(link, drop) {
        if (!link) {
          failed(drop.reason);
        }
        calls.lost(link);
        handover.lost(link);
        for (const subscription of subscriptions.values()) {
          subscription.lost(link, drop);
        }
        if (link === current) {
          current = undefined;
          self.transport = undefined;
          enter("reconnecting");
        }
        // What waited for its reply on the other one is sent here.
        pump();
        if (!current) {
          emit("waiting", drop);
        }
      },
      renews: (code) => code === 4401 && !!tokens && !tokens.refused(),
      closed(closed) {
        clearTimeout(flush);
        self.transport = undefined;
        enter("closed");
        tokens?.stop();
        for (const subscription of subscriptions.values()) {
          subscription.end();
        }
        calls.abandon();
        outbox.end();
        emit("closed", closed);
      },
    },
  );
  return self;
}
