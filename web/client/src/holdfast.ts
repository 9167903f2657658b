/** Many channels on one connection. */

import { Channel } from "./channel.ts";
import type { Closed, Drop } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import { type Fault, HoldfastError, raised } from "./error.ts";
import { Feed, type FeedOptions } from "./feed.ts";
import { toPayload } from "./payload.ts";
import { type ConnectOptions, createSession, type Session } from "./session.ts";
import type { State } from "./subscription.ts";
import type { TransportName } from "./transport.ts";
import type { Payload, Welcome } from "./wire.ts";

export interface HoldfastEvents {
  state: State;
  /** There is no connection: why, and when the next attempt begins. Each time that one broke, or could not be made. */
  waiting: Drop;
  /** The server has greeted: on each connection. */
  welcome: Welcome;
  /** Something failed and is tried again, or the server found a fault in what was sent. */
  error: HoldfastError;
  closed: Closed;
}

/** The URL of `/socket` for that of a page or server. */
function socketUrl(text: string | URL): string {
  const url = new URL(text, globalThis.document?.baseURI ?? globalThis.location?.href);
  url.protocol = url.protocol.replace("http", "ws");
  if (url.pathname === "/") {
    url.pathname = "/socket";
  }
  return url.href;
}

export class Holdfast extends Emitter<HoldfastEvents> {
  /** Who the server says this is, and what it promises; undefined before the first connection. */
  welcome: Welcome | undefined;
  readonly #session: Session;
  readonly #channels = new Map<string, Channel<unknown>>();

  /** With several URLs, each is an endpoint of the same cluster. Without a path it is `/socket`. */
  constructor(url: string | URL | (string | URL)[], options: ConnectOptions = {}) {
    super();
    this.#session = createSession([url].flat().map(socketUrl), options, (type, detail) => {
      if (type === "welcome") {
        this.welcome = detail as Welcome;
      }
      if (type === "error") {
        this.emit("error", new HoldfastError(detail as Fault));
      } else {
        this.emit(type as "state", detail as State);
      }
    });
  }

  get state(): State {
    return this.#session.state;
  }

  /**
   * What carries it now: each `welcome` may be on another one. "stream" and "polling" are plain HTTP, where no WebSocket
   * gets through. Undefined while there is no connection.
   */
  get transport(): TransportName | undefined {
    return this.#session.transport;
  }

  /** The same object for the same name; its options are those of the first time. */
  channel<T = Payload>(name: string, options?: FeedOptions<T>): Channel<T> {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = new Channel<unknown>(this.#session, { channel: name }, options as FeedOptions<unknown>);
      this.#channels.set(name, channel);
    }
    return channel as Channel<T>;
  }

  /** All channels that match: `+` is one segment, `#` at the end the rest. */
  pattern<T = Payload>(pattern: string, options?: FeedOptions<T>): Feed<T> {
    return new Feed<T>(this.#session, { pattern }, options);
  }

  /** Asks the backend. Fails with `disconnected` if the connection breaks before the answer: it is not repeated. */
  async rpc(method: string, data: unknown = ""): Promise<Payload> {
    return (await raised(this.#session.ask("rpc", { method, data: toPayload(data) }, false))).data;
  }

  /** Closes when all that was published is acknowledged, or after 5 s; kept then. */
  close(): Promise<Closed> {
    return new Promise((resolve) => {
      if (this.state === "closed") {
        resolve({ code: 1000, reason: "", clean: true });
      }
      this.on("closed", resolve);
      this.#session.close();
    });
  }
}
