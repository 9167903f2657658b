/** One message as elements of the page. Whatever came from others enters as text, or as an image that we typed. */

import { h, icon } from "./dom.ts";
import { cleanFileName } from "./file.ts";
import { flagOf } from "./flag.ts";
import { formatBytes, formatClock, formatFull } from "./format.ts";
import type { Content } from "./inbox.ts";
import { linkify } from "./linkify.ts";
import type { Delivery } from "./outbox.ts";
import { plain } from "./plain.ts";

/** A message with what the page knows of it. */
export interface Message {
  id: string | undefined;
  from: string;
  own: boolean;
  at: Date;
  content: Content;
}

/** What the reader can do with a message. */
export interface MessageActions {
  retry(id: string): void;
  view(image: HTMLImageElement, name: string): void;
}

/** Longer texts, or those of more lines, are folded until the reader opens them. */
const foldedCharacters = 2500;
const foldedLines = 30;

export class MessageView {
  readonly element: HTMLElement;
  readonly #message: Message;
  readonly #actions: MessageActions;
  readonly #state = h("span", { class: "delivery" });
  /** The blob: address of a file's bytes, which lives until release(). */
  #url: string | undefined;

  constructor(message: Message, actions: MessageActions) {
    this.#message = message;
    this.#actions = actions;
    const { from, own, at, content } = message;
    const { pattern, hue } = flagOf(from);
    this.element = h(
      "article",
      {
        class: "message",
        "data-testid": "message",
        "data-kind": content.kind,
        "data-state": own ? "sending" : "received",
        "data-own": String(own),
        "data-joined": "false",
      },
      h("span", { class: "flag", "data-pattern": String(pattern), "aria-hidden": "true" }),
      h(
        "header",
        {},
        h("bdi", { class: "author", "data-testid": "author" }, own ? `${from} (you)` : from),
        h("time", { datetime: at.toISOString(), title: formatFull(at) }, formatClock(at)),
      ),
      h("div", { class: "bubble" }, this.#content(content)),
      own ? this.#state : undefined,
    );
    this.element.style.setProperty("--hue", String(hue));
  }

  /** Says whether it follows one of the same author closely, so that the name need not be seen again. */
  setJoined(joined: boolean): void {
    this.element.dataset.joined = String(joined);
  }

  /** Shows what became of an own message; `why` is the reason if it failed. */
  setDelivery(delivery: Delivery, why: string): void {
    const { id } = this.#message;
    this.element.dataset.state = delivery;
    this.#state.title = "";
    switch (delivery) {
      case "waiting":
        this.#state.replaceChildren(icon("clock"), "waiting for the connection");
        break;
      case "sending":
        this.#state.replaceChildren("sending…");
        break;
      case "delivered":
        this.#state.replaceChildren(icon("check"), h("span", { class: "unseen" }, "delivered"));
        this.#state.title = "Delivered: the server has it";
        break;
      case "failed": {
        const retry = h("button", { type: "button", class: "retry", "data-testid": "retry" }, "Retry");
        retry.addEventListener("click", () => {
          if (id !== undefined) {
            // The button goes; the keyboard stays here.
            this.element.tabIndex = -1;
            this.element.focus();
            this.#actions.retry(id);
          }
        });
        this.#state.replaceChildren(icon("warning"), "not sent", retry);
        this.#state.title = `The server has not confirmed it (${plain(why, 200)}). A retry is never shown twice.`;
        break;
      }
    }
  }

  /** Gives the memory of a file's bytes back. Links to it stop working. */
  release(): void {
    if (this.#url !== undefined) {
      URL.revokeObjectURL(this.#url);
    }
  }

  #content(content: Content): Node {
    switch (content.kind) {
      case "text":
        return textOf(content.text);
      case "image":
        return this.#image(content.name, content.type, content.bytes);
      case "file":
        return this.#download(content.name, content.bytes);
    }
  }

  #image(name: string, type: string, bytes: Uint8Array<ArrayBuffer>): Node {
    const image = h("img", { alt: name, decoding: "async" });
    const button = h("button", { type: "button", class: "picture", title: name }, image);
    button.addEventListener("click", () => this.#actions.view(image, name));
    image.addEventListener("error", () => {
      // It began like an image and is not one.
      this.release();
      button.replaceWith(this.#download(name, bytes));
      this.element.dataset.kind = "file";
    });
    image.src = this.#address(bytes, type);
    return button;
  }

  #download(name: string, bytes: Uint8Array<ArrayBuffer>): Node {
    // A type that no browser opens: HTML, SVG or a PDF can only be saved, never run as a page of this origin.
    const href = this.#address(bytes, "application/octet-stream");
    const saveAs = cleanFileName(name);
    return h(
      "a",
      { class: "file", href, download: saveAs, "data-testid": "download" },
      icon("file"),
      h("span", { class: "file-name" }, h("bdi", {}, saveAs)),
      h("span", { class: "file-size" }, formatBytes(bytes.length)),
      icon("download"),
    );
  }

  #address(bytes: Uint8Array<ArrayBuffer>, type: string): string {
    this.#url = URL.createObjectURL(new Blob([bytes], { type }));
    return this.#url;
  }
}

/** A text with its links, folded if it is long. */
function textOf(text: string): Node {
  if (text === "") {
    return h("p", { class: "text empty" }, "(an empty message)");
  }
  const paragraph = h("p", { class: "text", dir: "auto", "data-testid": "text" });
  const short = fold(text);
  if (short === text) {
    fill(paragraph, text);
    return paragraph;
  }
  fill(paragraph, `${short}…`);
  const count = text.length.toLocaleString();
  const more = h("button", { type: "button", class: "unfold" }, `Show all (${count} characters)`);
  more.addEventListener("click", () => {
    paragraph.tabIndex = -1;
    paragraph.focus();
    more.remove();
    fill(paragraph, text);
  });
  const fragment = document.createDocumentFragment();
  fragment.append(paragraph, more);
  return fragment;
}

function fold(text: string): string {
  let end = Math.min(text.length, foldedCharacters);
  for (let at = -1, lines = 0; ; lines++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0 || at >= end) {
      break;
    }
    if (lines + 1 >= foldedLines) {
      end = at;
      break;
    }
  }
  return text.slice(0, end).toWellFormed();
}

function fill(paragraph: HTMLElement, text: string): void {
  const pieces = linkify(text).map(({ text, href }) =>
    href === undefined ? text : h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, text),
  );
  paragraph.replaceChildren(...pieces);
}
