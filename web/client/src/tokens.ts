/** Keeps the token, and renews it ahead of its expiry. */

import { waitMs } from "./backoff.ts";

type Provider = (renew: boolean) => string | undefined | Promise<string | undefined>;

/** Timers can't run for longer. */
const longestMs = 2 ** 31 - 1;

export class Tokens {
  readonly #provide: Provider;
  readonly #refresh: (token: string) => Promise<{ expires?: number }>;
  #token: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;

  constructor(provide: Provider, refresh: (token: string) => Promise<{ expires?: number }>) {
    this.#provide = provide;
    this.#refresh = refresh;
  }

  /** For `connect`: the one that is there, unless it was refused. */
  give = async (renew: boolean): Promise<string | undefined> => {
    if (renew || this.#token === undefined) {
      this.#token = await this.#provide(renew);
    }
    return this.#token;
  };

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

  async #renew(): Promise<void> {
    try {
      this.#token = await this.#provide(true);
      if (this.#token !== undefined) {
        this.expiresIn((await this.#refresh(this.#token)).expires);
      }
    } catch {
      // The old one counts until it expires; then the connection is made anew, with a new one.
      this.#after(1000 + waitMs(++this.#attempt));
    }
  }
}
