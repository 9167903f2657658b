/**
 * Bad weather on purpose, between the client and its real connections: what passes is late, and every few seconds a
 * connection is cut, with whatever is on its way in it. It is real loss: the server and the client know nothing of it.
 */

import type { Dial } from "@holdfast-dev/client";

/** The longest that something takes more than usual, in milliseconds. */
const maxDelayMs = 400;
/** From one cut to the next. */
const cutEveryMs = { least: 2500, most: 4500 };
/** From a cut until the network is there again. */
const backAfterMs = 900;
/** How the server sees a cut: a code that does not say that the client is done. */
const cutCode = 3000;

export interface StormActions {
  /** A connection was cut. */
  cut(): void;
  /** The network is there again. */
  back(): void;
}

export class Storm {
  readonly #actions: StormActions;
  /** Cuts each of the connections that are there. */
  readonly #cuts = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #on = false;

  constructor(actions: StormActions) {
    this.#actions = actions;
  }

  get on(): boolean {
    return this.#on;
  }

  set on(on: boolean) {
    if (on !== this.#on) {
      this.#on = on;
      clearTimeout(this.#timer);
      if (on) {
        this.#wait();
      } else {
        this.#actions.back();
      }
    }
  }

  /** Dials through the weather. */
  through(dial: Dial): Dial {
    return (url, subprotocol, { onOpen, onFrame, onClose }) => {
      let over = false;
      const inOrder = this.#late(() => over);
      const outOrder = this.#late(() => over);
      const end = () => {
        over = true;
        this.#cuts.delete(cut);
      };
      const cut = () => {
        end();
        transport.close(cutCode, "");
        onClose(1006, "cut by the storm");
      };
      const transport = dial(url, subprotocol, {
        onOpen: (by) => inOrder(() => onOpen(by)),
        onFrame: (frame) => inOrder(() => onFrame(frame)),
        onClose: (code, reason) =>
          inOrder(() => {
            end();
            onClose(code, reason);
          }),
      });
      this.#cuts.add(cut);
      return {
        send: (frame) => outOrder(() => transport.send(frame)),
        close: (code, reason) => {
          end();
          transport.close(code, reason);
        },
      };
    };
  }

  /** Runs things in their order, late while there is a storm, and not at all when `over`. */
  #late(over: () => boolean): (run: () => void) => void {
    const waiting: (() => void)[] = [];
    return (run) => {
      if (!this.#on && waiting.length === 0) {
        run();
        return;
      }
      waiting.push(run);
      // Whichever timer is first takes the first: the order stays.
      setTimeout(
        () => {
          const next = waiting.shift();
          if (!over()) {
            next?.();
          }
        },
        this.#on ? Math.random() * maxDelayMs : 0,
      );
    };
  }

  #wait(): void {
    const { least, most } = cutEveryMs;
    this.#timer = setTimeout(() => this.#strike(), least + Math.random() * (most - least));
  }

  #strike(): void {
    for (const cut of [...this.#cuts]) {
      cut();
    }
    this.#actions.cut();
    this.#timer = setTimeout(() => {
      this.#actions.back();
      this.#wait();
    }, backAfterMs);
  }
}
