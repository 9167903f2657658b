/**
 * A drop-in for the browser's WebSocket on the URL of a channel (https://websockets.spec.whatwg.org). Beneath it is a
 * session with one subscription: a broken connection is not the end of it. Where it differs from the standard is in
 * README.md.
 */

import type { TransportOptions } from "./connection.ts";
import { createSolo, type Solo } from "./solo.ts";
import type { Lost, State, StateChange } from "./subscription.ts";
import { utf8 } from "./wire.ts";

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

/** What may be an event handler: a function, or anything else that is an object. */
interface Callable {
  call?(socket: HoldfastSocket, event: Event): unknown;
}

function need({ length }: IArguments): void {
  if (!length) {
    throw new TypeError();
  }
}

function refuse(what: string, name = "SyntaxError"): never {
  throw new DOMException(what, name);
}

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
  readonly #solo: Solo;
  readonly #extensions = "";
  readonly #handlers: Record<string, Callable | null> = {};
  readonly #handle = (event: Event) => this.#handlers[event.type]?.call?.(this, event);

  // biome-ignore-start lint/complexity/noArguments: what is left out is told from what is undefined.
  constructor(url: string | URL, protocols: string | string[] = [], options: TransportOptions = {}) {
    super();
    need(arguments);
    const text = `${url}`;
    const names = [protocols].flat().map((name) => `${name}`);
    try {
      this.#url = new URL(text, globalThis.document?.baseURI ?? globalThis.location?.href);
      this.#url.protocol = this.#url.protocol.replace("http", "ws");
      // A subprotocol has the grammar of a header's name, which this throws for.
      new Headers(names.map((name) => [name, ""]));
      if (!/^wss?:[^#]*$/.test(this.#url.href) || new Set(names).size < names.length) {
        throw names;
      }
    } catch {
      refuse("bad URL or protocol");
    }
    // What goes through a channel is not looked at: any subprotocol will do.
    this.#solo = createSolo(this, this.#url, options, names[0]);
  }

  get url(): string {
    return this.#url.href;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#solo.readyState;
  }

  get protocol(): string {
    return this.#solo.protocol;
  }

  get extensions(): string {
    return this.#extensions;
  }

  get bufferedAmount(): number {
    return this.#solo.bufferedAmount;
  }

  get binaryType(): BinaryType {
    return this.#solo.binaryType;
  }

  set binaryType(type: BinaryType) {
    const name = `${type}`;
    if (name === "blob" || name === "arraybuffer") {
      this.#solo.binaryType = name;
    }
  }

  /** Whether messages flow. While `reconnecting`, readyState stays OPEN and what is sent is queued. */
  get state(): State {
    return this.#solo.state;
  }

  send(data: Sendable): void {
    need(arguments);
    const bytes =
      ArrayBuffer.isView(data) || /(Blob|File|Buffer)]$/.test(Object.prototype.toString.call(data));
    // A Blob is made of what can be sent: it copies bytes, and refuses memory that threads share, as this is to.
    const payload = bytes ? new Blob([data as BlobPart]) : `${data}`.toWellFormed();
    if (!this.#solo.readyState) {
      refuse("connecting", "InvalidStateError");
    }
    this.#solo.send(payload);
  }

  close(code: number | undefined = undefined, reason = ""): void {
    const solo = this.#solo;
    // Web IDL rounds to the even one of two neighbours, as adding does that leaves no room for fractions.
    const sent = code === undefined ? 1000 : +code + 2 ** 52 - 2 ** 52;
    const words = `${reason}`.toWellFormed();
    if (!/^(1000|[34]...)$/.test(`${sent}`)) {
      refuse("bad code", "InvalidAccessError");
    }
    if (utf8.encode(words).length > 123) {
      refuse("bad reason");
    }
    solo.close({ code: code === undefined ? 1005 : sent, reason: words, clean: true }, sent);
  }

  // biome-ignore-end lint/complexity/noArguments: as above.

  static {
    const { prototype } = HoldfastSocket;
    for (const holder of [HoldfastSocket, prototype]) {
      ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].map((name, value) =>
        Object.defineProperty(holder, name, { value, enumerable: true }),
      );
    }
    for (const type of ["open", "message", "error", "close"]) {
      Object.defineProperty(prototype, `on${type}`, {
        get(this: HoldfastSocket) {
          return this.#handlers[type] ?? null;
        },
        // Any object is a handler. Its place among the listeners is that of the first after none.
        set(this: HoldfastSocket, handler: Callable | null) {
          this.#handlers[type] = Object(handler) === handler ? handler : null;
          this[this.#handlers[type] ? "addEventListener" : "removeEventListener"](type, this.#handle);
        },
        configurable: true,
      });
    }
    // As Web IDL has it, and classes do not.
    for (const name of Reflect.ownKeys(prototype)) {
      Object.defineProperty(prototype, name, { enumerable: name !== "constructor" });
    }
    Object.defineProperty(prototype, Symbol.toStringTag, { value: "WebSocket", configurable: true });
  }
}
