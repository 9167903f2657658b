/** Listeners by type. One that throws does not keep the others from hearing. */

import type { Emit } from "./subscription.ts";

export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>();

  /** Calls back at each event of a type; returns what ends it. */
  on<Type extends keyof Events>(type: Type, listener: (detail: Events[Type]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  protected emit: Emit<Events> = (type, detail) => {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        listener(detail as never);
      } catch (error) {
        // To the platform, as an exception of an event listener.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };
}
