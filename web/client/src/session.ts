/**
 * A session: one identity, its subscriptions and what it sends, over as many connections as it takes. Everything that
 * decides when to connect is in this file.
 *
 * A link that is dialled, or waits for the reply to `connect`, is `next`; greeted, it becomes `current`. When the
 * server advises to move, `current` stays while `next` is made, and then is `old` until all is answered on the new one.
 *
 *     connecting ──▶ live ──▶ reconnecting ──▶ live ──▶ …
 *          └──────────┴────────────┴──▶ closed     by close(), or by the server for good
 */

import { waitMs } from "./backoff.ts";
import type { Fault } from "./error.ts";
import { json } from "./json.ts";
import { createLink, type Link } from "./link.ts";
import { createOutbox, type Stored } from "./outbox.ts";
import {
  createSubscription,
  type Emit,
  type State,
  type SubscribeBody,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvents,
} from "./subscription.ts";
import { type Dial, type WebSocketClass, webSocket } from "./transport.ts";
import { onWake } from "./wake.ts";
import { type Encoding, type Incoming, type Reply, type Welcome, wellFormed } from "./wire.ts";

export interface ConnectOptions {
  /** Gives the token, or nothing; `renew` says that the one before was refused. Asked before every connection. */
  token?: (renew: boolean) => string | undefined | Promise<string | undefined>;
  /** The WebSocket class, where there is none of that name (Node 20). */
  WebSocket?: WebSocketClass;
  /** What carries the protocol, if it is not a WebSocket. */
  dial?: Dial;
  /** How it is written: JSON, unless another is given. */
  encoding?: Encoding;
}

export interface SessionEvents {
  state: State;
  /** The server has greeted: on each connection. */
  welcome: Welcome;
  /** A push that is not of a subscription. */
  push: Incoming;
  /** There is no token, or no transport; it is tried again. */
  error: Fault & ErrorOptions;
  closed: Closed;
}

export interface PublishOptions {
  /** What it is about, for delivery `latest`. */
  key?: string | undefined;
}

/** How it ended. */
export interface Closed {
  code: number;
  reason: string;
  /** Whether it was meant, and nothing that was sent is in doubt. */
  clean: boolean;
}

export interface Session {
  readonly state: State;
  /** By their numbers. */
  readonly subscriptions: Map<number, Subscription>;
  subscribe(what: SubscribeBody, options: SubscribeOptions, emit: Emit<SubscriptionEvents>): Subscription;
  /** Where commands can be sent; two during a move. */
  links(): Link[];
  /** Sends the command on each of them. */
  begin(subscription: Subscription): void;
  /** The promise is kept when it is stored, or given to whoever is there. */
  publish(channel: string, data: string | Uint8Array, options?: PublishOptions): Promise<Stored>;
  /** Sends another command; with `repeat` again after a drop. */
  ask(verb: string, body: object, repeat: boolean): Promise<Reply["ok"]>;
  /** Gives the server a new token; the promise is of the reply. */
  refresh(token: string): Promise<{ expires?: number }>;
  /** Closes for good, when all that was sent is acknowledged or a time is over. */
  close(code?: number, reason?: string): void;
  /** Ends at once. */
  end(closed: Closed): void;
}

/** For the server's log and console. */
const client = { name: "holdfast-js", version: "0.1.0" };
/** A connection that held this long was a good one: the waits start small again. */
const stableMs = 10_000;
/** The time for an answer when there is reason for doubt. */
const probeMs = 5_000;
/** For how long close() waits for what is not acknowledged. */
const flushMs = 5_000;
/** After the close code 4429. */
const awayMs = 10_000;

/** Whether, after a close code, connecting again would get the same answer: docs/protocol.md, Close codes. */
function isFinal(code: number): boolean {
  return (
    [1002, 1003, 1007, 1008, 1009].includes(code) ||
    (code >= 4000 && code < 4500 && ![4401, 4408, 4429].includes(code))
  );
}

/** Nothing is emitted during the call. Throws if there is nothing to connect with. */
export function createSession(urls: string[], options: ConnectOptions, emit: Emit<SessionEvents>): Session {
  const dial = options.dial ?? webSocket(options.WebSocket);
  const encoding = options.encoding ?? json;
  const subscriptions = new Map<number, Subscription>();
  /** Begins the ids of this session's publications. */
  const prefix = `${crypto.getRandomValues(new Uint32Array(3)).join("")}-`;
  /** Which of the URLs is dialled next. */
  let turn = 0;
  let resume: Welcome["session"];
  let token: string | undefined;
  /** The token was refused: another is asked for, once. */
  let renew = false;
  let next: Link | undefined;
  let current: Link | undefined;
  let old: Link | undefined;
  /** Runs while the next attempt waits for its time. */
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let dials = 0;
  let greetedAt = 0;
  let lastId = 0;
  let closing: Closed | undefined;
  let flush: ReturnType<typeof setTimeout> | undefined;

  const own = (id: string | undefined) => !!id?.startsWith(prefix);
  const nextId = () => ++lastId;
  const enter = (state: State) => {
    if (self.state !== state) {
      self.state = state;
      emit("state", state);
    }
  };

  const progressed = () => {
    if (closing && outbox.empty()) {
      end(closing);
    }
    if (old && !outbox.callsOn(old) && [...subscriptions.values()].every(({ link }) => link === current)) {
      old.close();
      old = undefined;
    }
  };
  const links = () => [current, next].filter((link) => link?.open) as Link[];
  const begin = (subscription: Subscription) => {
    for (const link of links()) {
      subscription.begin(link, progressed);
    }
  };

  const connect = () => {
    timer = undefined;
    const dialled = ++dials;
    const open = (given?: string) => {
      // Something else may have been decided while the token was awaited.
      if (dialled === dials) {
        token = given;
        next = createLink(owner, dial, encoding, urls[turn % urls.length] ?? "");
      }
    };
    if (!options.token) {
      return open();
    }
    Promise.resolve(renew)
      .then(options.token)
      .then(open)
      .catch((cause) => dialled === dials && failed(cause));
  };
  const later = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      try {
        connect();
      } catch (cause) {
        failed(cause);
      }
    }, ms);
  };
  /** There is no token, or the URL can't be dialled. */
  const failed = (cause: unknown) => {
    emit("error", { code: "not_dialled", message: `${cause}`, retry: true, cause });
    turn++;
    later(waitMs(attempt++));
  };
  /** A connection that held makes the waits start small again. */
  const forgive = () => {
    if (Date.now() - greetedAt >= stableMs) {
      attempt = 0;
    }
  };

  const greeted = (link: Link, welcome: Welcome) => {
    old = current;
    current = link;
    next = undefined;
    renew = false;
    greetedAt = Date.now();
    resume = welcome.session;
    urls = [...new Set([...urls, ...(welcome.endpoints ?? [])])];
    link.greeted(welcome);
    enter("live");
    emit("welcome", welcome);
    outbox.use(link);
  };
  const lost = (link: Link, code: number, reason = "", afterMs = code === 4429 ? awayMs : 0) => {
    const held = link === current;
    // An older connection that ends, while a newer one is there or being made, changes nothing more.
    const matters = held ? !next : link === next;
    if (held) {
      current = undefined;
      forgive();
    } else if (matters) {
      next = undefined;
    } else {
      old = undefined;
    }
    // As long as another is there, in a move, no refusal is final.
    if (matters && !current) {
      const denied = code === 4401;
      if (isFinal(code) || (denied && (renew || !options.token))) {
        return end({ code, reason, clean: false });
      }
      renew ||= denied;
    }
    outbox.lost(link);
    for (const subscription of subscriptions.values()) {
      subscription.detach(link);
    }
    if (held) {
      enter("reconnecting");
    }
    // The application may have closed it over what it was told.
    if (matters && self.state !== "closed") {
      if (!held || code === 4503) {
        turn++;
      }
      later(Math.max(waitMs(attempt++), afterMs));
    }
  };
  const move = ({
    after = 0,
    spread = 0,
    endpoints = [],
  }: {
    after?: number;
    spread?: number;
    endpoints?: string[];
  }) => {
    if (!next && !timer) {
      urls = [...new Set([...endpoints, ...urls])];
      turn = endpoints[0] ? 0 : turn + 1;
      forgive();
      later((after + Math.random() * spread) * 1000);
    }
  };
  const end = (closed: Closed) => {
    if (self.state !== "closed") {
      enter("closed");
      unwake();
      dials++;
      clearTimeout(timer);
      clearTimeout(flush);
      for (const link of [current, next, old]) {
        link?.close(closed.clean ? closed.code : 1000, closed.clean ? closed.reason : "");
      }
      for (const subscription of subscriptions.values()) {
        subscription.end();
      }
      outbox.abandon();
      emit("closed", closed);
    }
  };

  const self = {
    state: "connecting" as State,
    subscriptions,
    links,
    begin,
    subscribe(what: SubscribeBody, where: SubscribeOptions, tell: Emit<SubscriptionEvents>) {
      const sub = nextId();
      const subscription = createSubscription(sub, what, where, own, (type, detail) => {
        if (type === "ended") {
          subscriptions.delete(sub);
        }
        tell(type, detail);
        if (type === "state") {
          // What was in doubt may be known now.
          outbox.pump();
        }
      });
      subscriptions.set(sub, subscription);
      begin(subscription);
      return subscription;
    },
    publish(channel: string, data: string | Uint8Array, { key }: PublishOptions = {}) {
      const text = typeof data === "string" ? wellFormed(data) : data;
      const publication = { channel, data: text, id: prefix + nextId(), key };
      return outbox.ask("publish", publication, true, publication);
    },
    async refresh(fresh: string) {
      const ok = await outbox.ask("refresh", { token: fresh }, false);
      resume = ok.session ?? resume;
      return ok;
    },
    close(code = 1000, reason = "") {
      if (!closing) {
        closing = { code, reason, clean: true };
        flush = setTimeout(end, flushMs, { code: 1006, reason: "not all was acknowledged", clean: false });
        setTimeout(progressed);
      }
    },
  };

  const owner = {
    nextId,
    get state() {
      return self.state;
    },
    progressed,
    witness: (channel: string) =>
      [...subscriptions.values()].find(({ name, position }) => name === channel && position() !== undefined),
    opened(link: Link) {
      link.ask("connect", { token, session: resume, client }, (ok, error) => {
        if (error) {
          link.close();
          const denied = ["unauthorized", "token_expired"].includes(error.code);
          lost(link, denied ? 4401 : error.retry ? 1013 : 4400, error.message, (error.after ?? 0) * 1000);
        } else {
          greeted(link, ok);
        }
      });
      for (const subscription of subscriptions.values()) {
        subscription.begin(link, progressed);
      }
    },
    pushed(link: Link, push: Incoming) {
      const { message } = push;
      const subscription = subscriptions.get(Object.values(push)[0]?.sub);
      if (own(message?.id)) {
        const epoch = message.epoch ?? subscription?.position()?.split(":")[1];
        outbox.echoed(message.id, message.offset === undefined ? {} : { offset: message.offset, epoch });
      }
      if (push.move && link === current) {
        move(push.move);
      } else if (subscription) {
        subscription.push(link, push);
      } else {
        emit("push", push);
      }
    },
    lost,
  };
  const outbox = createOutbox(owner, encoding);
  connect();
  const unwake = onWake(() => {
    if (current) {
      current.probe(probeMs);
    } else if (timer) {
      later(0);
    }
  });
  return Object.assign(self, { ask: outbox.ask, end });
}
