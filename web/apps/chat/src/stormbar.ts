/** The switch of the storm, and what came of it: so that the reader sees that nothing is lost. */

import { find } from "./dom.ts";
import { Storm } from "./storm.ts";

export class StormBar {
  readonly storm: Storm;
  readonly #switch = find("storm", HTMLButtonElement);
  readonly #bar = find("storm-bar", HTMLElement);
  readonly #tally = find("storm-tally", HTMLElement);
  #cuts = 0;
  #late = 0;
  #lost = false;

  /** `back` is called when the network is there again after a cut. */
  constructor(back: () => void) {
    this.storm = new Storm({
      cut: () => {
        this.#cuts++;
        this.#show();
      },
      back,
    });
    this.#switch.addEventListener("click", () => this.#turn(!this.storm.on));
    find("storm-end", HTMLButtonElement).addEventListener("click", () => {
      this.#turn(false);
      this.#switch.focus();
    });
    this.#show();
  }

  /** So many messages came late, and are there now. */
  caughtUp(messages: number): void {
    this.#late += messages;
    this.#show();
  }

  /** Messages were lost after all. */
  missing(): void {
    this.#lost = true;
    this.#show();
  }

  #turn(on: boolean): void {
    if (on) {
      this.#cuts = this.#late = 0;
      this.#lost = false;
    }
    this.storm.on = on;
    this.#show();
  }

  #show(): void {
    const { on } = this.storm;
    this.#switch.setAttribute("aria-pressed", String(on));
    document.body.toggleAttribute("data-storm", on);
    this.#bar.hidden = !on;
    this.#tally.textContent =
      `Cut ${times(this.#cuts)}. Missed and caught up: ${this.#late}. ` +
      `Lost: ${this.#lost ? "some; see below" : "none"}.`;
  }
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
