/** Keeps the token, and renews it ahead of its expiry. */

import { waitMs } from "./backoff.ts";
import type { Dial, Transport } from "./transport.ts";

/** Gives the token, or nothing; `renew` says that the one before was refused, or expires. */
export type Provider = (renew: boolean) => string | undefined | Promise<string | undefined>;

/** Timers can't run for longer. */
const longestMs = 2 ** 31 - 1;

export class Tokens {
  /** For `connect`. */
  token: string | undefined;
  readonly #provide: Provider;
  readonly #refresh: (token: string) => Promise<{ expires?: number }>;
  /** The token was refused: another is asked for, once. */
  #refused = false;
  /** One answer is awaited at a time: the application may be asking a person. */
  #asked: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;

  constructor(provide: Provider, refresh: (token: string) => Promise<{ expires?: number }>) {
    this.#provide = provide;
    this.#refresh = refresh;
  }

  /** Dials when the token is there. */
  through(dial: Dial, failed: (cause: unknown) => void): Dial {
    return (url, subprotocol, events) => {
      let transport: Transport | undefined;
      let over = false;
      const ready = this.#refused || this.token === undefined ? this.#ask(this.#refused) : Promise.resolve();
      ready
        .then(() => {
          if (!over) {
            transport = dial(url, subprotocol, events);
          }
        })
        .catch((cause) => {
          if (!over) {
            failed(cause);
            events.onClose(1006, `${cause}`);
          }
        });
      return {
        send: (frame) => transport?.send(frame),
        close(code, reason) {
          over = true;
          transport?.close(code, reason);
        },
      };
    };
  }

  /** Notes that the token was refused; returns whether there is no use in asking for another. */
  refused(): boolean {
    const again = this.#refused;
    this.#refused = true;
    return again;
  }

  /** The token was taken, and expires in so many seconds. */
  accepted(seconds: number | undefined): void {
    this.#refused = false;
    this.expiresIn(seconds);
  }

  /** Renews it when nine tenths of so many seconds are over. */
  expiresIn(seconds: number | undefined): void {
    this.#attempt = 0;
    clearTimeout(this.#timer);
    if (seconds !== undefined) {
      this.#after(seconds * 900);
    }
  }

  /** The server says that it expires in so many seconds. */
  expiring(seconds: number): void {
    clearTimeout(this.#timer);
    this.#after(Math.random() * seconds * 100);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => this.#renew(), Math.min(ms, longestMs));
  }

  #ask(renew: boolean): Promise<void> {
    this.#asked ??= Promise.resolve(renew)
      .then(this.#provide)
      .then((token) => {
        this.token = token;
      })
      .finally(() => {
        this.#asked = undefined;
      });
    return this.#asked;
  }

  async #renew(): Promise<void> {
    try {
      await this.#ask(true);
      if (this.token !== undefined) {
        this.expiresIn((await this.#refresh(this.token)).expires);
      }
    } catch {
      // The old one counts until it expires; then the connection is made anew, with a new one.
      this.#after(1000 + waitMs(++this.#attempt));
    }
  }
}
