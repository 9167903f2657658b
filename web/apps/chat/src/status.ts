/** The state of the connection as the reader sees it: always what is so, never what is hoped. */

import { describeClose } from "./closing.ts";
import type { State } from "./connection.ts";
import { find } from "./dom.ts";

const names: Record<State["name"], string> = {
  connecting: "Connecting…",
  open: "Connected",
  reconnecting: "Reconnecting",
  closed: "Disconnected",
};

export class Status {
  readonly #pill = find("connection", HTMLElement);
  readonly #label = find("connection-label", HTMLElement);
  readonly #scheme = find("connection-scheme", HTMLElement);
  readonly #banner = find("trouble", HTMLElement);
  readonly #why = find("trouble-why", HTMLElement);
  readonly #next = find("trouble-next", HTMLElement);
  readonly #button = find("trouble-retry", HTMLButtonElement);
  readonly #url: string;
  #ticking = 0;
  /** Why there is no connection, in words: how the last one ended, or that the first could not be made. */
  #loss = "";
  /** Why attempts fail since, in words. */
  #cause = "";

  /** `retry` connects at once. */
  constructor(url: string, retry: () => void) {
    this.#url = url;
    this.#button.addEventListener("click", retry);
  }

  show(state: State): void {
    clearInterval(this.#ticking);
    this.#pill.dataset.state = state.name;
    this.#label.textContent = names[state.name];
    this.#scheme.textContent = state.name === "open" ? (this.#url.split(":", 1)[0] ?? "") : "";
    this.#pill.title = `${names[state.name]}: ${this.#url}`;
    const closed =
      state.name === "connecting" ? state.after : state.name === "open" ? undefined : state.closed;
    if (closed === undefined) {
      this.#loss = this.#cause = "";
      this.#hide();
      return;
    }
    this.#banner.hidden = false;
    this.#banner.dataset.code = String(closed.code);
    // A failed attempt must not hide why the connection was lost in the first place.
    if (closed.opened || this.#loss === "") {
      this.#loss = describeClose(closed);
    }
    this.#tellWhy();
    this.#button.textContent = state.name === "closed" ? "Connect again" : "Try now";
    switch (state.name) {
      case "connecting":
        this.#next.textContent = "Trying again…";
        break;
      case "closed":
        this.#next.textContent = "";
        break;
      case "reconnecting": {
        const tick = () => {
          const seconds = Math.ceil((state.retryAt - Date.now()) / 1000);
          this.#next.textContent = seconds > 0 ? `Next try in ${seconds} s.` : "Next try now.";
        };
        tick();
        this.#ticking = window.setInterval(tick, 250);
        break;
      }
    }
  }

  #hide(): void {
    if (document.activeElement === this.#button) {
      find("viewport", HTMLElement).focus();
    }
    this.#banner.hidden = true;
  }

  /** Adds a sentence about why attempts fail, until there is a connection. */
  explain(cause: string): void {
    this.#cause = cause;
    this.#tellWhy();
  }

  #tellWhy(): void {
    const why = `${this.#loss} ${this.#cause}`.trimEnd();
    // Screen readers read each change.
    if (this.#why.textContent !== why) {
      this.#why.textContent = why;
    }
  }
}
