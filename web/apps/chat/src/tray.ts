/** The files that wait in the composer to be sent. */

import { h, icon } from "./dom.ts";
import { cleanFileName } from "./file.ts";
import { formatBytes } from "./format.ts";

/** How many files one may put in at a time. */
const maxFiles = 20;

/** Header, names and id of a file message, at most: what a file may not use of the message limit. */
export const fileOverheadBytes = 1024;

/** Why a file was not put in. */
export interface Refusal {
  file: File;
  /** One sentence for the reader. */
  problem: string;
  tooLarge: boolean;
}

export class Tray {
  readonly #element: HTMLElement;
  readonly #maxMessageBytes: () => number;
  #files: File[] = [];

  constructor(element: HTMLElement, maxMessageBytes: () => number) {
    this.#element = element;
    this.#maxMessageBytes = maxMessageBytes;
  }

  get empty(): boolean {
    return this.#files.length === 0;
  }

  /** The largest file that can be sent, in bytes. */
  get maxFileBytes(): number {
    return this.#maxMessageBytes() - fileOverheadBytes;
  }

  /** Puts files in, and returns those that can't be: too large, or one too many. */
  put(files: Iterable<File>): Refusal[] {
    const refused: Refusal[] = [];
    for (const file of files) {
      if (this.#files.length >= maxFiles) {
        const problem = `At most ${maxFiles} files at a time: send these first.`;
        refused.push({ file, problem, tooLarge: false });
        break;
      }
      if (file.size > this.maxFileBytes) {
        const limit = formatBytes(this.#maxMessageBytes());
        const sizes = `${formatBytes(file.size)}, and this server takes messages of up to ${limit}`;
        const problem = `“${cleanFileName(file.name)}” is too large: ${sizes}.`;
        refused.push({ file, problem, tooLarge: true });
        continue;
      }
      this.#files.push(file);
    }
    this.#show();
    return refused;
  }

  /** Takes all files out. */
  take(): File[] {
    const files = this.#files;
    this.#files = [];
    this.#show();
    return files;
  }

  #show(): void {
    this.#element.hidden = this.empty;
    this.#element.replaceChildren(...this.#files.map((file) => this.#chip(file)));
  }

  #chip(file: File): HTMLElement {
    const name = cleanFileName(file.name);
    const remove = h(
      "button",
      { type: "button", "aria-label": `Leave out ${name}`, title: "Leave out" },
      icon("close"),
    );
    remove.addEventListener("click", () => {
      this.#files = this.#files.filter((other) => other !== file);
      this.#show();
    });
    return h(
      "li",
      { "data-testid": "attachment" },
      icon("file"),
      h("span", { class: "file-name" }, h("bdi", {}, name)),
      h("span", { class: "file-size" }, formatBytes(file.size)),
      remove,
    );
  }
}
