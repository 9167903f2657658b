/**
 * Time of a test's own, in which only timers pass. As the fake timers of vitest, but those take a millisecond of the
 * real time for each timer: this one is for tests that play thousands of sessions.
 */

const { setImmediate, setTimeout, clearTimeout } = globalThis;
const { now } = Date;
const { random } = Math;
const getRandomValues = crypto.getRandomValues.bind(crypto);

interface Timer {
  at: number;
  run: () => void;
}

export class Clock {
  /** Milliseconds since 1970. */
  now = Date.UTC(2026, 0, 1);
  /** In the order in which they were set. */
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;

  /** Takes the place of the platform's, with random numbers that are the same each time, until restoreTime(). */
  install(): void {
    const set = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      this.#timers.set(++this.#lastId, {
        at: this.now + Math.max(0, Math.ceil(ms)),
        run: () => run(...args),
      });
      return this.#lastId;
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: (id: number) => this.#timers.delete(id) });
    Date.now = () => this.now;
    Math.random = seeded(1);
    Object.assign(crypto, { getRandomValues: (array: Uint32Array) => array.fill(7) });
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets a time go by. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    while (await this.#next(end)) {}
    this.now = end;
  }

  /** Lets time go by until something is so, or for so long. */
  async until(so: () => boolean, ms: number): Promise<void> {
    const end = this.now + ms;
    while (!so() && (await this.#next(end))) {}
  }

  /** Lets promises settle, then runs the timer that is due next, if that is before an end. */
  async #next(end: number): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    let due: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      const { at } = entry[1];
      if (due ? at < due[1].at : at <= end) {
        due = entry;
      }
    }
    if (due) {
      const [id, { at, run }] = due;
      this.#timers.delete(id);
      this.now = at;
      run();
    }
    return due !== undefined;
  }
}

/** Gives the platform its own timers, clock and random numbers again. */
export function restoreTime(): void {
  Object.assign(globalThis, { setTimeout, clearTimeout });
  Date.now = now;
  Math.random = random;
  Object.assign(crypto, { getRandomValues });
}

/** Random numbers that are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
