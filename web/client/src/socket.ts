/**
 * A drop-in for the browser's WebSocket on the URL of a channel (https://websockets.spec.whatwg.org). Beneath it is a
 * session with one subscription: a broken connection is not the end of it. Where it differs from the standard is in
 * README.md.
 */

import type { Fault } from "./error.ts";
import { toPayload } from "./payload.ts";
import { type Closed, type ConnectOptions, createSession, type Session } from "./session.ts";
import type { Lost, State, Subscription, SubscriptionEvents } from "./subscription.ts";
import { byteLength, utf8, type WireMessage, wellFormed } from "./wire.ts";

/** Events beyond those of a WebSocket. */
export interface StateEvent extends Event {
  readonly state: State;
}

export interface GapEvent extends Event {
  /** How many messages were missed, if that is known. */
  readonly missed: number | undefined;
}

export interface LostEvent extends Event, Readonly<Lost> {}

interface HoldfastSocketEvents extends WebSocketEventMap {
  /** `live` when all that was missed has come, `reconnecting` while there is no connection. */
  state: StateEvent;
  /** Messages of a channel without history may have been missed. */
  gap: GapEvent;
  /** Messages are not kept any more, or may not be. */
  lost: LostEvent;
}

type Handler<Type extends keyof HoldfastSocketEvents> =
  | ((this: HoldfastSocket, event: HoldfastSocketEvents[Type]) => unknown)
  | null;

interface Listen {
  <Type extends keyof HoldfastSocketEvents>(
    type: Type,
    listener: (this: HoldfastSocket, event: HoldfastSocketEvents[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  (
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

type Sendable = string | ArrayBufferLike | Blob | ArrayBufferView;

function syntaxError(message: string): DOMException {
  return new DOMException(message, "SyntaxError");
}

/** The channel's URL as the standard parses it: relative to the page, http becoming ws. */
function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch {
    throw syntaxError(`"${text}" is not a URL`);
  }
  url.protocol = url.protocol.replace("http", "ws");
  if (!/^wss?:$/.test(url.protocol) || url.href.includes("#")) {
    throw syntaxError(`"${text}" is not a ws: or wss: URL without a fragment`);
  }
  return url;
}

/** Cuts a channel's URL into that of its server's `/socket`, the channel and what it asks for. */
function parseChannel({ href, pathname, searchParams }: URL) {
  const [, base, path] = /^(.*?)\/channels\/(.+)$/.exec(pathname) ?? [];
  const take = (name: string) => {
    const value = searchParams.get(name);
    rest.searchParams.delete(name);
    return value ?? undefined;
  };
  const rest = new URL(href);
  rest.pathname = `${base}/socket`;
  const last = take("last");
  const options = {
    since: take("since"),
    last: last ? Number(last) : undefined,
    echo: take("echo") !== "false",
  };
  // Throws for a broken escape.
  return { url: rest.href, channel: path === undefined ? undefined : decodeURIComponent(path), options };
}

const token = /^[!#$%&'*+\-.^_`|~\w]+$/;

export class HoldfastSocket extends EventTarget {
  declare onopen: Handler<"open">;
  declare onmessage: Handler<"message">;
  declare onerror: Handler<"error">;
  declare onclose: Handler<"close">;
  declare addEventListener: Listen;

  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  readonly #url: URL;
  readonly #protocol: string;
  readonly #handlers: Record<string, unknown> = {};
  #binaryType: BinaryType = "blob";
  #readyState: 0 | 1 | 2 | 3 = 0;
  #session: Session | undefined;
  #subscription: Subscription | undefined;
  #channel = "";
  /** The bytes that the application has sent and that are not acknowledged. */
  #buffered = 0;
  /** Ends when all that was sent has been handed on. */
  #sending: Promise<unknown> = Promise.resolve();
  /** What the application has asked for with close(). */
  #asked: { code: number | undefined; reason: string } | undefined;

  constructor(url: string | URL, protocols: string | string[] = [], options: ConnectOptions = {}) {
    super();
    this.#url = parseUrl(`${url}`);
    const names = Array.isArray(protocols) ? protocols.map(String) : [`${protocols}`];
    const folded = new Set(names.map((name) => name.toLowerCase()));
    if (folded.size < names.length || !names.every((name) => token.test(name))) {
      throw syntaxError("a subprotocol is not a token, or is there twice");
    }
    // What goes through a channel is not looked at: any subprotocol will do.
    this.#protocol = names[0] ?? "";
    this.#start(options);
  }

  get url(): string {
    return this.#url.href;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#readyState === 0 ? "" : this.#protocol;
  }

  get extensions(): string {
    return "";
  }

  get bufferedAmount(): number {
    return this.#buffered;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    if (type === "blob" || type === "arraybuffer") {
      this.#binaryType = type;
    }
  }

  /** Whether messages flow. While `reconnecting`, readyState stays OPEN and what is sent is queued. */
  get state(): State {
    return this.#readyState === 3 ? "closed" : (this.#subscription?.state ?? "connecting");
  }

  send(data: Sendable): void {
    if (this.#readyState === 0) {
      throw new DOMException("The connection has not been made yet.", "InvalidStateError");
    }
    const payload = data instanceof Blob ? data : toPayload(data);
    const size = payload instanceof Blob ? payload.size : byteLength(payload);
    this.#buffered += size;
    if (this.#readyState === 1) {
      // A Blob is read later, and whatever is sent behind it waits for that.
      const reading =
        payload instanceof Blob ? payload.arrayBuffer().then((buffer) => new Uint8Array(buffer)) : payload;
      this.#sending = this.#sending
        .then(async () => this.#publish(await reading, size))
        .catch((cause) => this.#fail(1006, `${cause}`));
    }
  }

  close(code?: number, reason = ""): void {
    reason = wellFormed(`${reason}`);
    if (code !== undefined) {
      // As Web IDL clamps it to an unsigned short.
      code = Math.min(Math.max(Math.round(code) || 0, 0), 65535);
      if (code !== 1000 && (code < 3000 || code > 4999)) {
        throw new DOMException(
          `The code ${code} is neither 1000 nor from 3000 to 4999.`,
          "InvalidAccessError",
        );
      }
    }
    if (utf8.encode(reason).length > 123) {
      throw syntaxError("The reason is longer than 123 bytes.");
    }
    if (this.#readyState > 1) {
      return;
    }
    const connecting = this.#readyState === 0;
    this.#readyState = 2;
    if (connecting) {
      setTimeout(() => this.#fail(1006, ""));
      return;
    }
    this.#asked = { code, reason };
    this.#sending.then(() => this.#session?.close(code, reason));
  }

  #start(options: ConnectOptions): void {
    try {
      const { url, channel, options: subscribe } = parseChannel(this.#url);
      if (channel === undefined) {
        throw new Error("no channel");
      }
      this.#channel = channel;
      this.#session = createSession([url], options, (type, detail) => {
        if (type === "closed") {
          this.#closed(detail as Closed);
        }
      });
      this.#subscription = this.#session.subscribe({ channel }, subscribe, (type, detail) =>
        this.#happened(type, detail),
      );
    } catch (cause) {
      setTimeout(() => this.#fail(1006, `${cause}`));
    }
  }

  #happened<Type extends keyof SubscriptionEvents>(type: Type, detail: SubscriptionEvents[Type]): void {
    if (type === "subscribed" && this.#readyState === 0) {
      this.#readyState = 1;
      this.dispatchEvent(new Event("open"));
    } else if (type === "message") {
      this.#received(detail as WireMessage);
    } else if (type === "state" && detail !== "closed") {
      this.#tell(type, { state: detail });
    } else if (type === "gap" || type === "lost") {
      this.#tell(type, detail as object);
    } else if (type === "ended") {
      this.#fail(1008, (detail as Fault).message ?? "");
    }
  }

  #received({ data }: WireMessage): void {
    // As the standard: what comes while it is closing is not told any more.
    if (this.#readyState === 1) {
      const binary = this.#binaryType === "blob" && typeof data !== "string";
      const { origin } = this.#url;
      this.dispatchEvent(new MessageEvent("message", { data: binary ? new Blob([data]) : data, origin }));
    }
  }

  #publish(payload: string | Uint8Array<ArrayBuffer>, size: number): void {
    this.#session?.publish(this.#channel, payload).then(
      () => {
        this.#buffered -= size;
      },
      // As on the channel's own URL: who can't be given what was sent is told by a close.
      ({ code, message }: Fault) =>
        code === "closed" || this.#fail(code === "too_large" ? 1009 : 1008, `${code}: ${message ?? ""}`),
    );
  }

  /** Ends it without the application having asked for it. */
  #fail(code: number, reason: string): void {
    const closed = { code, reason, clean: false };
    if (this.#session) {
      this.#session.end(closed);
    } else {
      this.#closed(closed);
    }
  }

  #closed({ code, reason, clean }: Closed): void {
    const asked = clean ? this.#asked : undefined;
    this.#readyState = 3;
    this.#tell("state", { state: "closed" });
    if (!clean) {
      this.dispatchEvent(new Event("error"));
    }
    const detail = {
      code: asked ? (asked.code ?? 1005) : code,
      reason: asked?.reason ?? reason,
      wasClean: clean,
    };
    // Not every platform has a CloseEvent.
    if (globalThis.CloseEvent) {
      this.dispatchEvent(new CloseEvent("close", detail));
    } else {
      this.#tell("close", detail);
    }
  }

  #tell(type: string, detail: object): void {
    this.dispatchEvent(Object.assign(new Event(type), detail));
  }

  static {
    for (const [value, name] of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].entries()) {
      for (const holder of [HoldfastSocket, HoldfastSocket.prototype]) {
        Object.defineProperty(holder, name, { value, enumerable: true });
      }
    }
    for (const type of ["open", "message", "error", "close"]) {
      Object.defineProperty(HoldfastSocket.prototype, `on${type}`, {
        get(this: HoldfastSocket) {
          return this.#handlers[type] ?? null;
        },
        set(this: HoldfastSocket, handler: unknown) {
          if (!(type in this.#handlers)) {
            this.addEventListener(type, (event) => {
              const current = this.#handlers[type];
              if (typeof current === "function") {
                current.call(this, event);
              }
            });
          }
          this.#handlers[type] = typeof handler === "function" ? handler : null;
        },
        enumerable: true,
        configurable: true,
      });
    }
  }
}
