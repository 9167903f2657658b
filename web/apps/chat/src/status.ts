/** The state of the connection as the reader sees it: always what is so, never what is hoped. */

import { describeClose } from "./closing.ts";
import type { Closed, State } from "./conversation.ts";
import { find } from "./dom.ts";

const names: Record<State["name"], string> = {
  connecting: "Connecting…",
  "catching-up": "Catching up…",
  live: "Connected",
  reconnecting: "Reconnecting",
  closed: "Disconnected",
};

/** What will happen next, where something is wrong. */
const next: Record<State["name"], string> = {
  connecting: "Trying again…",
  "catching-up": "",
  live: "",
  reconnecting: "The next try is in less than 30 s.",
  closed: "",
};

/** How the connection ended that should be there. */
function whyNot(state: State): Closed | undefined {
  switch (state.name) {
    case "connecting":
      return state.after;
    case "reconnecting":
    case "closed":
      return state.closed;
    default:
      return undefined;
  }
}

export class Status {
  readonly #pill = find("connection", HTMLElement);
  readonly #label = find("connection-label", HTMLElement);
  readonly #scheme = find("connection-scheme", HTMLElement);
  readonly #banner = find("trouble", HTMLElement);
  readonly #why = find("trouble-why", HTMLElement);
  readonly #next = find("trouble-next", HTMLElement);
  readonly #button = find("trouble-retry", HTMLButtonElement);
  readonly #url: string;
  /** Why there is no connection, in words: how the last one ended, or that the first could not be made. */
  #loss = "";
  /** Why attempts fail since, in words. */
  #cause = "";

  /** `url` is where the channel is; `retry` connects at once. */
  constructor(url: string, retry: () => void) {
    this.#url = url;
    this.#button.addEventListener("click", retry);
  }

  show(state: State): void {
    this.#pill.dataset.state = state.name;
    this.#label.textContent = names[state.name];
    const by = state.name === "live" ? state.by : undefined;
    const url = by === undefined ? this.#url : this.#url.replace(/^ws/, "http");
    this.#scheme.textContent = state.name === "live" ? (url.split(":", 1)[0] ?? "") : "";
    const how = by === undefined ? "" : ` by HTTP (${by}), as no WebSocket gets through`;
    this.#pill.title = `${names[state.name]}${how}: ${url}`;
    const closed = whyNot(state);
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
    this.#next.textContent = next[state.name];
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
