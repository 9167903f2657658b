/**
 * What keeps a client connected. Everything that decides when to connect, and where, is in this file.
 *
 * A link that is dialled, or waits for the reply to `connect`, is `next`; greeted, it becomes `current`. When the
 * server advises to move, `current` stays until all is answered on `next`.
 */

import { waitMs } from "./backoff.ts";
import { json } from "./json.ts";
import { createLink, type Link } from "./link.ts";
import { type Carrier, type Dial, type TransportName, type WebSocketClass, webSocket } from "./transport.ts";
import { onWake } from "./wake.ts";
import type { Encoding, Incoming, Welcome } from "./wire.ts";

export interface TransportOptions {
  /** The WebSocket class, where there is none of that name (Node 20). */
  WebSocket?: WebSocketClass;
  /** What carries the protocol, if it is not a WebSocket. */
  dial?: Dial;
  /** How it is written: JSON, unless another is given. */
  encoding?: Encoding;
  /** One connection for all tabs of the origin: `shared()` of `@holdfast-dev/client/tabs`. */
  tabs?: Tabs;
}

/** Carries the protocol to where it is shared, and on from there as given. */
export type Tabs = (urls: string[], carrier: Carrier) => Carrier;

/** How it ended. */
export interface Closed {
  code: number;
  reason: string;
  /** Whether it was meant, and nothing that was sent is in doubt. */
  clean: boolean;
}

/** How a connection, or the attempt to make one, ended that is not the end. */
export interface Drop {
  /** The close code; 1006 if there was none. */
  code: number;
  reason: string;
  /** When the next attempt begins, in milliseconds since 1970. */
  retryAt: number;
}

export interface ConnectionOwner {
  /** What `connect` says besides the session. */
  hello?(): object;
  /** What is sent now goes along with `connect`. */
  opened(link: Link, by?: TransportName): void;
  /** `connect` is answered: this link is the one to use. */
  greeted?(link: Link): void;
  pushed(link: Link, push: Incoming): void;
  lost(link: Link | undefined, drop: Drop): void;
  /** Whether there is a way to get another answer, after a close code that is final otherwise. */
  renews?(code: number): boolean;
  closed(closed: Closed): void;
}

export interface Connection {
  /** All is answered on a link: if it is the next one, the one before is closed. */
  moved(link: Link): void;
  /** Ends for good; the server is told the code and the reason. */
  end(closed: Closed, code?: number, reason?: string): void;
}

/** The close codes after which connecting again would get the same answer: docs/protocol.md, Close codes. */
const finalCode = /^(100[23789]|4(?!408|429)[0-4])/;

/** What carries the protocol by these options. */
export function carry(
  urls: string[],
  { WebSocket, dial = webSocket(WebSocket), encoding = json, tabs }: TransportOptions,
): Carrier {
  const own = { dial, encoding };
  return tabs?.(urls, own) ?? own;
}

/** Nothing is told during the call. Throws if there is nothing to connect with. It begins at the first of the URLs. */
export function createConnection(
  given: string[],
  options: TransportOptions,
  owner: ConnectionOwner,
): Connection {
  const { dial, encoding } = carry(given, options);
  /** The endpoints, given and told, in turn; and until when each is passed over, as long as there is a better one. */
  let endpoints = new Map<string, number>();
  /** The endpoint that was tried last. */
  let url: string;
  /** The last reply to `connect`: the session to resume is in it. */
  let greeting: Welcome = {};
  let next: Link | undefined;
  let current: Link | undefined;
  /** Runs while the next attempt waits for its time. */
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let stableAt = 0;
  let ended = false;

  const connect = () => {
    /** For how long an endpoint is passed over that can't be reached. */
    const restMs = 30_000;
    const all = [...endpoints];
    timer = undefined;
    [url] = (all.find(([, until]) => until < Date.now()) ?? all[0]) as [string, number];
    endpoints.delete(url);
    endpoints.set(url, Date.now() + restMs);
    next = createLink(linkOwner, dial, encoding, url);
  };
  const prefer = (urls: string[] = []) => {
    endpoints = new Map([...urls.map((one): [string, number] => [one, 0]), ...endpoints]);
  };
  const later = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      try {
        connect();
      } catch (cause) {
        lost(undefined, 1006, `${cause}`);
      }
    }, ms);
  };

  const moved = (link: Link) => {
    /** A connection that held this long was a good one: the waits start small again. */
    const stableMs = 10_000;
    if (link === next) {
      current?.close();
      current = link;
      next = undefined;
      stableAt = Date.now() + stableMs;
    }
  };
  const opened: ConnectionOwner["opened"] = (link, by) => {
    link.ask("connect", { ...owner.hello?.(), session: greeting.session }, (welcome: Welcome, error) => {
      if (error) {
        link.close();
        lost(link, error.retry ? 1013 : 4401, error.message, error.after);
      } else {
        greeting = link.welcome = welcome;
        endpoints.set(url, 0);
        prefer(welcome.endpoints);
        if (!current) {
          moved(link);
        }
        owner.greeted?.(link);
      }
    });
    owner.opened(link, by);
  };

  const pushed = (link: Link, push: Incoming) => {
    const { move } = push;
    if (move && link === current) {
      if (!next && !timer) {
        prefer(move.endpoints);
        later((move.after + Math.random() * move.spread) * 1000);
      }
    } else {
      owner.pushed(link, push);
    }
  };

  const lost = (link: Link | undefined, code: number, reason = "", after?: number) => {
    /** The least wait after the close code 4429: there are too many. */
    const awaySeconds = 10;
    if (link === next) {
      next = undefined;
    } else if (link === current) {
      current = undefined;
      if (Date.now() > stableAt) {
        attempt = 0;
      }
    }
    let ms = 0;
    // One that ends while the next is being made changes nothing more.
    if (!next) {
      // As long as another is there, in a move, no refusal is final.
      if (!current && finalCode.test(`${code}`) && !owner.renews?.(code)) {
        return end({ code, reason, clean: false });
      }
      ms = waitMs(attempt++, code === 4429 ? awaySeconds : after);
      later(ms);
    }
    // Last, as the application may close it over what it is told.
    owner.lost(link, { code, reason, retryAt: Date.now() + ms });
  };

  const end = (closed: Closed, code?: number, reason?: string) => {
    if (!ended) {
      ended = true;
      unwake();
      clearTimeout(timer);
      current?.close(code, reason);
      next?.close(code, reason);
      owner.closed(closed);
    }
  };

  const linkOwner = { opened, pushed, lost };
  prefer(given);
  connect();
  /** The time for an answer when there is reason for doubt. */
  const probeSeconds = 5;
  const unwake = onWake(() => {
    if (current) {
      current.probe(probeSeconds);
    } else if (timer) {
      later(0);
    }
  });
  return {
    moved,
    end,
  };
}
