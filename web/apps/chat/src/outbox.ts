/** My own messages, from the moment I send them until the server's echo proves that they went out. */

/** What became of an own message. */
export type Delivery =
  /** There was no connection; it goes out when there is one. */
  | "waiting"
  /** Handed to the connection, not echoed yet. */
  | "sending"
  /** Its echo came back: the server has passed it on. */
  | "sent"
  /** The connection broke before the echo: perhaps it was passed on, perhaps not. */
  | "failed";

export type Payload = string | Uint8Array<ArrayBuffer>;

interface Item {
  payload: Payload;
  delivery: Exclude<Delivery, "sent">;
}

/** How many messages may be without an echo at a time. */
export const maxUndelivered = 100;

export class Outbox {
  readonly #transmit: (payload: Payload) => boolean;
  readonly #onDelivery: (id: string, delivery: Delivery) => void;
  /** In the order they were sent. */
  readonly #items = new Map<string, Item>();

  /** `transmit` sends over the connection, or returns false if it is not open. */
  constructor(transmit: (payload: Payload) => boolean, onDelivery: (id: string, delivery: Delivery) => void) {
    this.#transmit = transmit;
    this.#onDelivery = onDelivery;
  }

  /** Whether there is no room for another message. */
  get full(): boolean {
    return this.#items.size >= maxUndelivered;
  }

  /** Sends a message now, or as soon as there is a connection, and returns which of the two. */
  add(id: string, payload: Payload): "waiting" | "sending" {
    const delivery = this.#transmit(payload) ? "sending" : "waiting";
    this.#items.set(id, { payload, delivery });
    return delivery;
  }

  /** Sends a failed message again. It keeps its id, so receivers that had it the first time show it once. */
  retry(id: string): void {
    const item = this.#items.get(id);
    if (item?.delivery === "failed") {
      this.#send(id, item);
    }
  }

  /** Forgets a message, because it is no longer shown. */
  forget(id: string): void {
    this.#items.delete(id);
  }

  /** The connection opened: what waited goes out, in order. */
  opened(): void {
    for (const [id, item] of this.#items) {
      if (item.delivery === "waiting") {
        this.#send(id, item);
      }
    }
  }

  /** The connection broke: what had no echo has failed. */
  lost(): void {
    for (const [id, item] of this.#items) {
      if (item.delivery === "sending") {
        this.#become(id, item, "failed");
      }
    }
  }

  /** A message with this id was received. Returns whether it was one of these. */
  echoed(id: string): boolean {
    if (!this.#items.delete(id)) {
      return false;
    }
    this.#onDelivery(id, "sent");
    return true;
  }

  #send(id: string, item: Item): void {
    this.#become(id, item, this.#transmit(item.payload) ? "sending" : "waiting");
  }

  #become(id: string, item: Item, delivery: Item["delivery"]): void {
    item.delivery = delivery;
    this.#onDelivery(id, delivery);
  }
}
