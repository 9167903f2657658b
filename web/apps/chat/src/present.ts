/** How many are here, asked for while somebody looks. A channel without presence does not say, and nothing is shown. */

import type { Channel } from "@holdfast-dev/client";

/** From one question to the next. */
export const everyMs = 10_000;

export class Present {
  readonly #onCount: (users: number | undefined) => void;
  readonly #looking: () => boolean;
  #channel: Channel | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `looking` says whether somebody sees the count. */
  constructor(looking: () => boolean, onCount: (users: number | undefined) => void) {
    this.#looking = looking;
    this.#onCount = onCount;
  }

  /** Begins to ask, when there is a connection. */
  begin(channel: Channel): void {
    this.end();
    this.#channel = channel;
    this.#timer = setInterval(() => this.ask(), everyMs);
    void this.ask();
  }

  /** Nobody knows, as there is no connection. */
  end(): void {
    clearInterval(this.#timer);
    this.#channel = undefined;
    this.#onCount(undefined);
  }

  async ask(): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined || !this.#looking()) {
      return;
    }
    let users: number | undefined;
    try {
      users = (await channel.presence({ limit: 1 })).count.users;
    } catch {
      // `no_presence`, or the connection is gone: then it is not known.
    }
    if (channel === this.#channel) {
      this.#onCount(users);
    }
  }
}
