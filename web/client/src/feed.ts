/** The messages of a channel, or of all channels that match a pattern. */

import { type Codec, raw } from "./codec.ts";
import { Emitter } from "./emitter.ts";
import { HoldfastError } from "./error.ts";
import type { Session } from "./session.ts";
import type {
  State,
  StateChange,
  SubscribeBody,
  SubscribeOptions,
  Subscription,
  SubscriptionEvents,
} from "./subscription.ts";
import type { Member, Payload, PresenceChange, WireMessage } from "./wire.ts";

export interface Message<T> {
  channel: string;
  data: T;
  /** Its place in the history, if the channel has one. */
  offset?: number;
  epoch?: string;
  /** The publication's own, if it has one. */
  id?: string;
  key?: string;
  /** When it was stored or published, in milliseconds since 1970. */
  time?: number;
  /** What a device has said of it by MQTT, in user properties: names and values by turns. */
  meta?: string[];
}

/** A member who came or went. */
export interface Presence extends Member {
  count: { users: number; connections: number } | undefined;
}

/** Messages that are not kept any more, or may not be. */
export interface Lost {
  channel: string;
  since: string;
  /** Where the subscription goes on; "" in a channel without history. */
  position: string;
  /** `expired`, `reset` or `no_history`. */
  why: string;
}

export interface FeedEvents<T> {
  message: Message<T>;
  join: Presence;
  leave: Presence;
  /** More came and went than was told: ask for the roster anew. */
  partial: { channel: string };
  /** Messages of a channel without history may have been missed; how many, if that is known. */
  gap: { channel: string; missed: number | undefined };
  /** Messages are not kept any more, or may not be. */
  lost: Lost;
  /** `live` when all that was missed has come. */
  state: State;
  /** The server has refused or ended it; or a message is not what the codec takes (`invalid_data`). */
  error: HoldfastError;
}

export interface FeedOptions<T> extends SubscribeOptions {
  /** Tell who comes and goes; listening to `join` or `leave` sets it. */
  presence?: boolean;
  /** When the client can't keep up, a newer message of the same key may replace an older one. */
  latest?: boolean;
  codec?: Codec<T>;
}

/** Messages that an iteration has not taken yet. */
const mostQueued = 10_000;

/** It subscribes with the first listener or iteration, and until unsubscribe(). */
export class Feed<T = Payload> extends Emitter<FeedEvents<T>> {
  /** The channel's name, or the pattern. */
  readonly name: string;
  protected readonly session: Session;
  protected readonly codec: Codec<T>;
  readonly #what: SubscribeBody;
  readonly #options: SubscribeOptions;
  #subscription: Subscription | undefined;
  #told: State = "connecting";

  constructor(
    session: Session,
    what: { channel: string } | { pattern: string },
    { codec, presence, latest, ...options }: FeedOptions<T> = {},
  ) {
    super();
    this.session = session;
    this.#what = { ...what, presence, latest };
    this.name = Object.values(what)[0] ?? "";
    this.codec = codec ?? (raw as unknown as Codec<T>);
    this.#options = options;
  }

  /** `closed` also before it is subscribed. */
  get state(): State {
    return this.#subscription?.state ?? "closed";
  }

  /** What to give as `since` to go on from here, such as after a reload; "" if there is none. */
  get position(): string {
    return this.#subscription?.position() ?? "";
  }

  override on<Type extends keyof FeedEvents<T>>(
    type: Type,
    listener: (detail: FeedEvents<T>[Type]) => void,
  ): () => void {
    const off = super.on(type, listener);
    if ((type === "join" || type === "leave") && !this.#what.presence) {
      this.#what.presence = true;
      if (this.#subscription) {
        this.#leave(this.#subscription);
        this.session.begin(this.#subscription);
      }
    }
    this.#subscribe();
    return off;
  }

  /** Ends it; a later listener begins it anew, where its options say. */
  unsubscribe(): void {
    const subscription = this.#subscription;
    if (subscription) {
      this.#subscription = undefined;
      this.session.subscriptions.delete(subscription.sub);
      this.#leave(subscription);
      subscription.end();
    }
  }

  /** Each message; ends with unsubscribe() and close(), throws what ends it otherwise. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message<T>, void, undefined> {
    const queue: Message<T>[] = [];
    let wake = () => {};
    let over = this.session.state === "closed";
    let failure: HoldfastError | undefined;
    const end = (error?: HoldfastError) => {
      over = true;
      failure = error;
      wake();
    };
    const offs = [
      this.on("message", (message) => {
        if (queue.push(message) > mostQueued) {
          end(new HoldfastError({ code: "too_slow" }));
        }
        wake();
      }),
      this.on("state", (state) => state === "closed" && end(failure)),
      this.on("error", (error) => end(error)),
    ];
    try {
      while (failure?.code !== "too_slow") {
        const message = queue.shift();
        if (message) {
          yield message;
        } else if (over) {
          break;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      if (failure) {
        throw failure;
      }
    } finally {
      for (const off of offs) {
        off();
      }
    }
  }

  protected decode(message: WireMessage): Message<T> {
    const { data, channel = this.name, offset, epoch, id, key, time, meta } = message;
    const all = { channel, data: this.codec.decode(data), offset, epoch, id, key, time, meta };
    return Object.fromEntries(
      Object.entries(all).filter(([, value]) => value !== undefined),
    ) as unknown as Message<T>;
  }

  #leave(subscription: Subscription): void {
    subscription.link = undefined;
    for (const link of this.session.links()) {
      link.ask("unsubscribe", { sub: subscription.sub });
    }
  }

  #subscribe(): void {
    if (!this.#subscription && this.session.state !== "closed") {
      this.#subscription = this.session.subscribe(this.#what, this.#options, (type, detail) =>
        this.#happened(type, detail),
      );
    }
  }

  #happened<Type extends keyof SubscriptionEvents>(type: Type, detail: SubscriptionEvents[Type]): void {
    const events = detail as SubscriptionEvents[keyof SubscriptionEvents] & SubscriptionEvents[Type];
    if (type === "message") {
      this.#received(events as WireMessage);
    } else if (type === "push") {
      const { presence } = events as SubscriptionEvents["push"];
      if (presence) {
        this.#presence(presence);
      }
    } else if (type === "ended") {
      this.#subscription = undefined;
      this.emit("error", new HoldfastError(events as SubscriptionEvents["ended"]));
    } else if (type === "state") {
      this.#entered((events as StateChange).state);
    } else if (type === "gap") {
      const { missed } = events as SubscriptionEvents["gap"];
      this.emit("gap", { channel: this.name, missed });
    } else if (type === "lost") {
      const { since, position = "", why = "" } = events as SubscriptionEvents["lost"];
      this.emit("lost", { channel: this.name, since: since ?? "", position, why });
    }
  }

  /** Why it is not live, each time anew, is told by the whole client. */
  #entered(state: State): void {
    if (state !== this.#told) {
      this.#told = state;
      this.emit("state", state);
    }
  }

  #received(wire: WireMessage): void {
    let message: Message<T>;
    try {
      message = this.decode(wire);
    } catch (cause) {
      this.emit("error", new HoldfastError({ code: "invalid_data", message: `${cause}` }, { cause }));
      return;
    }
    this.emit("message", message);
  }

  #presence({ join = [], leave = [], count, partial }: PresenceChange): void {
    for (const member of leave) {
      this.emit("leave", { ...member, count });
    }
    for (const member of join) {
      this.emit("join", { ...member, count });
    }
    if (partial) {
      this.emit("partial", { channel: this.name });
    }
  }
}
