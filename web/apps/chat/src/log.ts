/** The log of messages: what is kept, what is seen, and following the newest. */

import { h } from "./dom.ts";
import { type Message, type MessageActions, MessageView } from "./messageview.ts";
import type { Delivery } from "./outbox.ts";

/** How many messages and notices stay in the page. */
export const maxEntries = 500;
/** How many bytes of content stay in the page's memory. */
export const maxContentBytes = 64 * 1024 * 1024;

/** Messages of one author that are no further apart than this stand under one name. */
const joinMs = 5 * 60 * 1000;
/** A reader this near to the end, in pixels, follows it. */
const followSlack = 60;

interface Entry {
  /** Undefined for a notice, as is the message. */
  view: MessageView | undefined;
  message: Message | undefined;
  element: HTMLElement;
  id: string | undefined;
  bytes: number;
}

/** A message to add, and whether the reader should be told of it. */
export interface Addition {
  /** It is an own one whose place among the others is not known yet: it stays at the end until place(). */
  unplaced?: boolean;
  /** It is from before the reader came. */
  old?: boolean;
}

export interface LogElements {
  /** What scrolls. */
  viewport: HTMLElement;
  /** What grows inside it, role="log". */
  list: HTMLElement;
  /** The button that leads to messages below. */
  newer: HTMLButtonElement;
}

export interface LogActions extends MessageActions {
  /** An own message is no longer kept. */
  forgotten(id: string): void;
}

export class Log {
  readonly #page: LogElements;
  readonly #actions: LogActions;
  readonly #entries: Entry[] = [];
  /** The own messages that are kept, by id. */
  readonly #own = new Map<string, MessageView>();
  #bytes = 0;
  /** So many of the entries, from the first, have their place; the rest are own messages that have none yet. */
  #placed = 0;
  #following = true;
  /** The height of the content when the end was last gone to. */
  #endedAt = 0;
  #unread = 0;
  #older: HTMLElement | undefined;

  constructor(page: LogElements, actions: LogActions) {
    this.#page = page;
    this.#actions = actions;
    page.viewport.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    page.newer.addEventListener("click", () => {
      this.follow();
      page.viewport.focus();
    });
    // Growing content, images that arrive late, the soft keyboard: whatever moves the end, stay there.
    const observer = new ResizeObserver(() => this.#keepEnd());
    observer.observe(page.viewport);
    observer.observe(page.list);
  }

  /** Adds a message behind those that have their place. */
  add(message: Message, { unplaced = false, old = false }: Addition = {}): void {
    const view = new MessageView(message, this.#actions);
    if (message.own && message.id !== undefined) {
      this.#own.set(message.id, view);
    }
    const entry = { view, message, element: view.element, id: message.id, bytes: sizeOf(message) };
    this.#insert(entry, unplaced ? this.#entries.length : this.#placed++);
    this.#trim();
    if (old) {
      return;
    }
    if (message.own) {
      this.follow();
    } else if (!this.#following) {
      this.#unread++;
      this.#showUnread();
    }
  }

  /** An own message has its place now: behind all that have theirs. */
  place(id: string): void {
    const from = this.#entries.findIndex((entry) => entry.id === id && entry.message?.own);
    const entry = this.#entries[from];
    if (entry === undefined || from < this.#placed) {
      return;
    }
    const to = this.#placed++;
    if (from > to) {
      this.#entries.splice(from, 1);
      this.#bytes -= entry.bytes;
      this.#insert(entry, to);
      this.#join(from + 1);
    }
  }

  /** Some places will never be known: the own messages that the server has stay where they are. */
  placeDelivered(): void {
    for (const { id, element } of this.#entries.slice(this.#placed)) {
      if (id !== undefined && element.dataset.state === "delivered") {
        this.place(id);
      }
    }
  }

  /** Adds a line of our own, such as that messages were missed. */
  notice(text: string): void {
    const element = h("p", { class: "notice", "data-testid": "notice" }, h("span", {}, text));
    this.#insert({ view: undefined, message: undefined, element, id: undefined, bytes: 0 }, this.#placed++);
    this.#trim();
  }

  /** Says whether more is on its way, for screen readers to wait. */
  busy(busy: boolean): void {
    this.#page.list.setAttribute("aria-busy", String(busy));
  }

  /** Shows what became of an own message. */
  setDelivery(id: string, delivery: Delivery, why = ""): void {
    this.#own.get(id)?.setDelivery(delivery, why);
  }

  /** Goes to the end and stays there. */
  follow(): void {
    this.#setFollowing(true);
    this.#unread = 0;
    this.#showUnread();
    this.#keepEnd();
  }

  #insert(entry: Entry, at: number): void {
    this.#page.list.insertBefore(entry.element, this.#entries[at]?.element ?? null);
    this.#entries.splice(at, 0, entry);
    this.#bytes += entry.bytes;
    this.#join(at);
    this.#join(at + 1);
  }

  /** Lets the message at this place stand under the name of the one before, or under its own. */
  #join(at: number): void {
    const entry = this.#entries[at];
    const message = entry?.message;
    if (message !== undefined) {
      const before = this.#entries[at - 1]?.message;
      entry?.view?.setJoined(before !== undefined && joins(before, message));
    }
  }

  #trim(): void {
    // The newest always stays, however large.
    while (this.#entries.length > maxEntries || (this.#bytes > maxContentBytes && this.#entries.length > 1)) {
      this.#removeOldest();
    }
  }

  #removeOldest(): void {
    const oldest = this.#entries.shift();
    if (oldest === undefined) {
      return;
    }
    this.#placed = Math.max(0, this.#placed - 1);
    this.#bytes -= oldest.bytes;
    oldest.element.remove();
    oldest.view?.release();
    if (oldest.id !== undefined && this.#own.get(oldest.id) === oldest.view) {
      this.#own.delete(oldest.id);
      this.#actions.forgotten(oldest.id);
    }
    // The author's name now has to be seen on the first one left.
    this.#join(0);
    if (this.#older === undefined) {
      this.#older = h(
        "p",
        { class: "notice" },
        h("span", {}, "Older messages are no longer kept in this page."),
      );
      this.#page.list.before(this.#older);
    }
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#page.viewport;
    // What was added since the end was gone to does not mean that the reader left it.
    const height = this.#following ? Math.min(scrollHeight, this.#endedAt) : scrollHeight;
    this.#setFollowing(height - scrollTop - clientHeight < followSlack);
    if (this.#following && this.#unread > 0) {
      this.#unread = 0;
      this.#showUnread();
    }
  }

  #setFollowing(following: boolean): void {
    this.#following = following;
    // The browser holds still what a reader further up looks at. At the end, it would only get in the way.
    this.#page.viewport.style.overflowAnchor = following ? "none" : "auto";
  }

  #keepEnd(): void {
    if (this.#following && this.#entries.length > 0) {
      this.#endedAt = this.#page.viewport.scrollHeight;
      this.#page.viewport.scrollTop = this.#endedAt;
    }
  }

  #showUnread(): void {
    const { newer } = this.#page;
    newer.hidden = this.#unread === 0;
    const label = newer.querySelector("[data-label]") ?? newer;
    label.textContent = this.#unread === 1 ? "1 new message" : `${this.#unread} new messages`;
  }
}

/** Whether a message can stand under the name of the one before it. */
function joins(before: Message, message: Message): boolean {
  return (
    before.from === message.from &&
    before.own === message.own &&
    (before.id === undefined) === (message.id === undefined) &&
    Math.abs(message.at.getTime() - before.at.getTime()) < joinMs
  );
}

/** What a message costs in memory, roughly: a character of text takes two bytes. */
function sizeOf({ content }: Message): number {
  return content.kind === "text" ? content.text.length * 2 : content.bytes.length;
}
