/**
 * A drop-in for the browser's WebSocket on the URL of a channel (https://websockets.spec.whatwg.org). Beneath it is a
 * session with one subscription: a broken connection is not the end of it. Where it differs from the standard is in
 * README.md.
 */

import {
  type Closed,
  type Connection,
  carry,
  createConnection,
  isFinal,
  type TransportOptions,
} from "./connection.ts";
import type { Fault } from "./error.ts";
import { type Link, nextId } from "./link.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { toPayload } from "./payload.ts";
import {
  createSubscription,
  type Lost,
  type State,
  type StateChange,
  type Subscription,
  type SubscriptionEvents,
} from "./subscription.ts";
import { byteLength, utf8, type WireMessage, wellFormed } from "./wire.ts";

/** Events beyond those of a WebSocket. */
export interface StateEvent extends Event, Readonly<StateChange> {}

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
  let url: URL | undefined;
  try {
    url = new URL(text, globalThis.document?.baseURI ?? globalThis.location?.href);
    url.protocol = url.protocol.replace("http", "ws");
  } catch {
    // Refused below.
  }
  if (!url || !/^wss?:[^#]*$/.test(url.href)) {
    throw syntaxError("not a ws: or wss: URL without a fragment");
  }
  return url;
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
  #connection: Connection | undefined;
  #subscription: Subscription | undefined;
  #outbox: Outbox | undefined;
  #channel = "";
  #echo = true;
  /** When messages were last told to be lost: whoever publishes can't know any more what was stored before. */
  #lostAt = 0;
  /** The bytes that the application has sent and that are not acknowledged. */
  #buffered = 0;
  /** Ends when all that was sent has been handed on. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(url: string | URL, protocols: string | string[] = [], options: TransportOptions = {}) {
    super();
    this.#url = parseUrl(`${url}`);
    const names = Array.isArray(protocols) ? protocols.map(String) : [`${protocols}`];
    const folded = new Set(names.map((name) => name.toLowerCase()));
    if (folded.size < names.length || !names.every((name) => token.test(name))) {
      throw syntaxError("a subprotocol is not a token, or is there twice");
    }
    // What goes through a channel is not looked at: any subprotocol will do.
    this.#protocol = names[0] ?? "";
    try {
      this.#start(options);
    } catch (cause) {
      setTimeout(() => this.#fail(1006, `${cause}`));
    }
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
    const payload = data instanceof Blob ? data : toPayload(data);
    if (this.#readyState === 0) {
      throw new DOMException("not connected yet", "InvalidStateError");
    }
    const size = payload instanceof Blob ? payload.size : byteLength(payload);
    this.#buffered += size;
    if (this.#readyState === 1) {
      // A Blob is read later, and whatever is sent behind it waits for that.
      const reading = payload instanceof Blob ? payload.arrayBuffer() : payload;
      this.#sending = this.#sending
        .then(async () => this.#publish(await reading, size))
        .catch((cause) => this.#fail(1006, `${cause}`));
    }
  }

  close(code?: number, reason = ""): void {
    // Web IDL rounds to the even one of two neighbours, as adding does that leaves no room for fractions.
    const whole = code === undefined ? 1000 : +code + 2 ** 52 - 2 ** 52;
    reason = wellFormed(`${reason}`);
    if (whole !== 1000 && !(whole >= 3000 && whole <= 4999)) {
      throw new DOMException("neither 1000 nor 3000 to 4999", "InvalidAccessError");
    }
    if (utf8.encode(reason).length > 123) {
      throw syntaxError("longer than 123 bytes");
    }
    if (this.#readyState === 0) {
      setTimeout(() => this.#fail(1006, ""));
    } else if (this.#readyState === 1) {
      this.#connection?.endSoon("not all was acknowledged");
      this.#sending.then(() =>
        this.#outbox?.whenEmpty(() =>
          this.#connection?.end(
            { code: code === undefined ? 1005 : whole, reason, clean: true },
            whole,
            reason,
          ),
        ),
      );
    } else {
      return;
    }
    this.#readyState = 2;
  }

  /** Cuts the channel's URL into that of its server's `/socket`, the channel and what it asks for; and connects. */
  #start(options: TransportOptions): void {
    const { href, pathname, searchParams } = this.#url;
    // Throws for a URL of something else, or a broken escape.
    const [, base, name = ""] = /^(.*?)\/channels\/(.+)$/.exec(pathname) as RegExpExecArray;
    const channel = decodeURIComponent(name);
    const url = new URL(href);
    url.pathname = `${base}/socket`;
    for (const taken of ["since", "last", "echo"]) {
      url.searchParams.delete(taken);
    }
    const where = {
      since: searchParams.get("since") ?? undefined,
      last: Number(searchParams.get("last")) || undefined,
    };
    this.#channel = channel;
    this.#echo = searchParams.get("echo") !== "false";
    const subscription = createSubscription(nextId(), { channel }, where, (type, detail) =>
      this.#happened(type, detail),
    );
    this.#subscription = subscription;
    const carrier = carry([url.href], options);
    this.#outbox = createOutbox(carrier.encoding, ({ sentAt = this.#lostAt }, { welcome: { dedup = 0 } }) =>
      sentAt < this.#lostAt && sentAt < Date.now() - dedup * 500 ? "outcome_unknown" : undefined,
    );
    this.#connection = createConnection([url.href], carrier, {
      opened: subscription.begin,
      greeted() {},
      pushed: subscription.push,
      lost: subscription.detach,
      isFinal,
      closed: (closed) => this.#closed(closed),
    });
  }

  #happened<Type extends keyof SubscriptionEvents>(type: Type, detail: SubscriptionEvents[Type]): void {
    if (type === "subscribed") {
      this.#connection?.moved();
      if (this.#readyState === 0) {
        this.#readyState = 1;
        this.#tell("open");
      }
    } else if (type === "message") {
      this.#received(detail as WireMessage);
    } else if (type === "ended") {
      const { code, message } = detail as Fault;
      this.#fail(1008, message ?? code);
    } else if (type === "live") {
      // Behind the replay, which tells what is stored of what was not acknowledged.
      this.#outbox?.use(detail as Link);
    } else if (type !== "push") {
      if (type === "lost") {
        this.#lostAt = Date.now();
      }
      this.#tell(type, detail as object);
    }
  }

  #received(message: WireMessage): void {
    const own = this.#outbox?.echoed(message);
    // As the standard: what comes while it is closing is not told any more.
    if (this.#readyState === 1 && (this.#echo || !own)) {
      const { data } = message;
      const blob = this.#binaryType === "blob" && typeof data !== "string";
      this.#tell("message", { data: blob ? new Blob([data]) : data, origin: this.#url.origin }, MessageEvent);
    }
  }

  #publish(data: string | ArrayBuffer | Uint8Array, size: number): void {
    this.#outbox?.publish(
      this.#channel,
      data instanceof ArrayBuffer ? new Uint8Array(data) : data,
      {},
      (fault) => {
        if (!fault) {
          this.#buffered -= size;
        } else if (fault.code !== "closed") {
          // As on the channel's own URL: who can't be given what was sent is told by a close.
          this.#fail(fault.code === "too_large" ? 1009 : 1008, `${fault.code}: ${fault.message ?? ""}`);
        }
      },
    );
  }

  /** Ends it without the application having asked for it. */
  #fail(code: number, reason: string): void {
    const closed = { code, reason, clean: false };
    if (this.#connection) {
      this.#connection.end(closed);
    } else {
      this.#closed(closed);
    }
  }

  #closed({ code, reason, clean }: Closed): void {
    this.#readyState = 3;
    this.#outbox?.abandon();
    this.#subscription?.end();
    if (!clean) {
      this.#tell("error");
    }
    // Not every platform has a CloseEvent.
    this.#tell("close", { code, reason, wasClean: clean }, globalThis.CloseEvent);
  }

  #tell(type: string, detail: object = {}, Kind: new (type: string, detail: object) => Event = Event): void {
    this.dispatchEvent(Object.assign(new Kind(type, detail), Kind === Event && detail));
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
