/** My own messages, from the moment I send them until the server has acknowledged them. */

/** What became of an own message. */
export type Delivery =
  /** There is no connection; it goes out when there is one. */
  | "waiting"
  /** On its way, not acknowledged yet. */
  | "sending"
  /** Acknowledged: the server has it. */
  | "delivered"
  /** Refused, or nobody knows. */
  | "failed";

export type Payload = string | Uint8Array<ArrayBuffer>;

interface Item {
  payload: Payload;
  failed: boolean;
}

/** How many messages may wait for their acknowledgement at a time. */
export const maxUndelivered = 100;

export class Outbox {
  readonly #publish: (payload: Payload) => Promise<unknown>;
  readonly #onDelivery: (id: string, delivery: Delivery, why: string) => void;
  /** In the order they were sent. */
  readonly #items = new Map<string, Item>();
  #connected = false;

  /** `publish` keeps its promise when the server has the message, over as many connections as that takes. */
  constructor(
    publish: (payload: Payload) => Promise<unknown>,
    onDelivery: (id: string, delivery: Delivery, why: string) => void,
  ) {
    this.#publish = publish;
    this.#onDelivery = onDelivery;
  }

  /** Whether there is no room for another message. */
  get full(): boolean {
    return this.#items.size >= maxUndelivered;
  }

  /** Sends a message. */
  async add(id: string, payload: Payload): Promise<void> {
    const item: Item = { payload, failed: false };
    this.#items.set(id, item);
    this.#onDelivery(id, this.#onItsWay, "");
    try {
      await this.#publish(payload);
      this.delivered(id);
    } catch (error) {
      if (this.#items.get(id) === item) {
        item.failed = true;
        this.#onDelivery(id, "failed", error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Sends a failed message again. It keeps its id, so receivers that had it the first time show it once. */
  retry(id: string): void {
    const item = this.#items.get(id);
    if (item?.failed) {
      void this.add(id, item.payload);
    }
  }

  /** Forgets a message, because it is no longer shown. */
  forget(id: string): void {
    this.#items.delete(id);
  }

  /** The server has the message, by its own word or because it came back. */
  delivered(id: string): void {
    if (this.#items.delete(id)) {
      this.#onDelivery(id, "delivered", "");
    }
  }

  /** Says whether there is a connection now. */
  connected(connected: boolean): void {
    if (connected === this.#connected) {
      return;
    }
    this.#connected = connected;
    for (const [id, { failed }] of this.#items) {
      if (!failed) {
        this.#onDelivery(id, this.#onItsWay, "");
      }
    }
  }

  get #onItsWay(): Delivery {
    return this.#connected ? "sending" : "waiting";
  }
}
