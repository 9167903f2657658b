/** A room on the server: its messages, over as many connections as it takes, and truthfully how that goes. */

import {
  type Channel,
  type Dial,
  Holdfast,
  type HoldfastError,
  type Message,
  type Stored,
  type TransportName,
} from "@holdfast-dev/client";

/** How a connection ended. */
export interface Closed {
  /** The close code: RFC 6455 section 7.4, and 1006 where there was no close frame. Or the code of a refusal. */
  code: number | string;
  /** The reason in the close frame: a stranger's text. */
  reason: string;
  /** Whether the connection had been made, or failed before it was. */
  opened: boolean;
}

export type State =
  /** A connection is being made; `after` is how the one before ended. */
  | { name: "connecting"; after: Closed | undefined }
  /** Connected: what the room has kept is on its way. */
  | { name: "catching-up" }
  /** All that was missed has come, and messages come as they are sent; `by` what, if not by a WebSocket. */
  | { name: "live"; by?: TransportName }
  /** The next attempt waits for its time. */
  | { name: "reconnecting"; closed: Closed | undefined }
  /** Nothing will happen until start(). */
  | { name: "closed"; closed: Closed | undefined };

/** When a message came: as history of a room that was just entered, after a drop, or as it was sent. */
export type Occasion = "history" | "missed" | "live";

export interface Listener {
  onState(state: State): void;
  onMessage(message: Message<string | ArrayBuffer>, occasion: Occasion): void;
  /** All that was missed since the connection was lost, so long ago, has come. */
  onCaughtUp(awayMs: number): void;
  /** There is a new client, on which other channels of the room can be used. */
  onClient(holdfast: Holdfast): void;
  /** Messages were missed and will not come. `why` is a word of the protocol, `no_history` where nothing is kept. */
  onMissing(why: string): void;
}

/** How much of its history a room shows to whoever enters. */
export const historyCount = 100;

export class Conversation {
  readonly #url: string;
  readonly #name: string;
  readonly #listener: Listener;
  readonly #dial: Dial;
  #holdfast: Holdfast | undefined;
  #channel: Channel | undefined;
  /** How the last connection, or attempt, ended. */
  #closed: Closed | undefined;
  /** Why the server does not let us be here, if it said so. */
  #refusal: Closed | undefined;
  /** Connections that are being made now. */
  #dialling = 0;
  /** Closes each connection as one that is done with. */
  readonly #leaves = new Set<() => void>();
  /** When messages stopped to come, in the milliseconds of the clock. */
  #awaySince: number | undefined;
  #told = "";
  #telling = false;

  /** `name` is the channel's, `url` that of the server. */
  constructor(url: string, name: string, listener: Listener, dial: Dial) {
    this.#url = url;
    this.#name = name;
    this.#listener = listener;
    this.#dial = (...to) => this.#watched(dial, ...to);
  }

  get state(): State {
    const connected = this.#holdfast?.state;
    if (connected === undefined || connected === "closed" || this.#channel?.state === "closed") {
      return { name: "closed", closed: this.#refusal ?? this.#closed };
    }
    if (connected === "live") {
      if (this.#channel?.state !== "live") {
        return { name: "catching-up" };
      }
      const by = this.#holdfast?.transport;
      return by === undefined || by === "websocket" ? { name: "live" } : { name: "live", by };
    }
    return this.#dialling > 0
      ? { name: "connecting", after: this.#closed }
      : { name: "reconnecting", closed: this.#closed };
  }

  /** Enters the room; after the server closed it, again, from where it was. Does nothing otherwise. */
  start(): void {
    if (this.state.name !== "closed") {
      return;
    }
    const since = this.#channel?.position;
    this.#closed = this.#refusal = undefined;
    const holdfast = new Holdfast(this.#url, { dial: this.#dial });
    const channel = holdfast.channel(this.#name, since ? { since } : { last: historyCount });
    this.#holdfast = holdfast;
    this.#channel = channel;
    channel.on("message", (message) => this.#listener.onMessage(message, this.#occasion(channel)));
    channel.on("state", (state) => {
      if (state === "live" && this.#awaySince !== undefined) {
        this.#listener.onCaughtUp(Date.now() - this.#awaySince);
      }
      this.#awaySince = state === "live" ? undefined : (this.#awaySince ?? Date.now());
      this.#changed();
    });
    channel.on("lost", ({ why }) => this.#listener.onMissing(why));
    channel.on("gap", () => this.#listener.onMissing("no_history"));
    channel.on("error", (error) => this.#refused(holdfast, error));
    holdfast.on("state", () => this.#changed());
    holdfast.on("welcome", () => this.#changed());
    holdfast.on("closed", ({ code, reason, clean }) => {
      this.#closed = clean ? this.#closed : { code, reason, opened: true };
    });
    this.#listener.onClient(holdfast);
    this.#changed();
  }

  /** The room's channel; undefined before it is entered. */
  get channel(): Channel | undefined {
    return this.#channel;
  }

  /** Says that the reader leaves, so that nobody is told of a reader who is gone. A page that is seen again comes back. */
  leave(): void {
    for (const leave of [...this.#leaves]) {
      leave();
    }
  }

  /** Ends a wait at once. */
  hurry(): void {
    // The client tries at once when the network returns: this says so in the network's place.
    window.dispatchEvent(new Event("online"));
  }

  /** The promise is kept when the server has stored the message, over as many connections as it takes. */
  async publish(payload: string | Uint8Array<ArrayBuffer>): Promise<Stored> {
    if (this.#channel === undefined) {
      throw new Error("the room was not entered");
    }
    // Bytes are given as bytes: without a codec a channel takes both.
    return this.#channel.publish(payload as string | ArrayBuffer);
  }

  #occasion(channel: Channel): Occasion {
    if (channel.state === "live") {
      return "live";
    }
    return this.#awaySince === undefined ? "history" : "missed";
  }

  /** The server does not let us be here, and says so: there is no use for the connection. */
  #refused(holdfast: Holdfast, { code, message }: HoldfastError): void {
    this.#refusal = { code, reason: message, opened: true };
    void holdfast.close();
    this.#changed();
  }

  /** Dials, and notes how it goes: the reader wants to know more than that it goes on. */
  #watched(dial: Dial, ...[url, subprotocol, events]: Parameters<Dial>): ReturnType<Dial> {
    let opened = false;
    let over = false;
    this.#dialling++;
    const ended = (code: number, reason: string) => {
      if (!over) {
        over = true;
        this.#leaves.delete(leave);
        this.#dialling -= opened ? 0 : 1;
        this.#closed = { code, reason, opened };
        this.#changed();
      }
    };
    const leave = () => {
      transport.close(1000, "");
      ended(1006, "the page was left");
      events.onClose(1006, "");
    };
    this.#leaves.add(leave);
    const transport = dial(url, subprotocol, {
      onOpen: (by) => {
        opened = true;
        this.#dialling--;
        events.onOpen(by);
      },
      onFrame: events.onFrame,
      onClose: (code, reason) => {
        ended(code, reason);
        events.onClose(code, reason);
      },
    });
    this.#changed();
    return {
      send: transport.send,
      close: (code, reason) => {
        // The client has given it up: it was silent, or is done with.
        ended(1006, "no answer");
        transport.close(code, reason);
      },
    };
  }

  /** Tells the state when all that changes with it has changed, if it is another one. */
  #changed(): void {
    if (this.#telling) {
      return;
    }
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      const state = this.state;
      const now = JSON.stringify(state);
      if (now !== this.#told) {
        this.#told = now;
        this.#listener.onState(state);
      }
    });
  }
}
