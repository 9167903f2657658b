/** What bytes pass through, one after the other, each in a millisecond; and where it breaks. */

import type { Clock } from "./clock.ts";

/** To the server, or to the client. */
export type Way = "up" | "down";

/** Where a connection breaks. */
export interface Cut {
  way: Way;
  /** So many bytes pass that way; a message that is not whole by then is lost. */
  bytes: number;
  /** Whether what has passed by then, either way, still arrives at the other end; else it is lost. */
  arrives: boolean;
  /** The client is not told: it has to notice the silence. */
  silent?: boolean;
  /** The server notices so many milliseconds later than it would. */
  lateMs?: number;
}

/** What is to be run at either end when it breaks. */
export interface Ends {
  client(): void;
  server(): void;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly latencyMs: number;
  /** Whether nothing breaks any more. */
  readonly whole: boolean;
}

export class Line {
  /** The bytes that were given to it, each way. */
  readonly bytes = { up: 0, down: 0 };
  readonly ends = new Set<Ends>();
  readonly #network: Surroundings;
  readonly #cut: Cut | undefined;
  /** When all that was given to it has passed: bytes of one way follow one another. */
  readonly #free = { up: 0, down: 0 };
  #brokenAt = Number.POSITIVE_INFINITY;

  constructor(network: Surroundings, cut: Cut | undefined) {
    this.#network = network;
    this.#cut = cut;
  }

  get broken(): boolean {
    return this.#brokenAt < Number.POSITIVE_INFINITY;
  }

  /** `arrive` is run at the other end, unless it is lost. */
  pass(way: Way, size: number, arrive: () => void): void {
    const { clock, latencyMs } = this.#network;
    const room = this.#cut?.way === way ? this.#cut.bytes - this.bytes[way] : Number.POSITIVE_INFINITY;
    const begins = Math.max(clock.now, this.#free[way]);
    const passed = begins + size;
    this.bytes[way] += size;
    this.#free[way] = passed;
    if (room >= 0 && room <= size) {
      this.at(begins + room, () => this.#break());
    }
    this.at(passed + latencyMs, () => {
      if (clock.now <= this.#brokenAt || (this.#cut?.arrives && passed <= this.#brokenAt)) {
        arrive();
      }
    });
  }

  /** Runs something at a time. */
  at(time: number, run: () => void): void {
    setTimeout(run, time - this.#network.clock.now);
  }

  #break(): void {
    const { clock, latencyMs, whole } = this.#network;
    if (whole || this.broken) {
      return;
    }
    const { silent, lateMs = 0 } = this.#cut ?? {};
    this.#brokenAt = clock.now;
    for (const { client, server } of this.ends) {
      this.at(clock.now + latencyMs + lateMs, server);
      if (!silent) {
        this.at(clock.now + latencyMs, client);
      }
    }
  }
}
