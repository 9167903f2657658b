/** The ids of messages that this tab sent, so that it knows them in a room's history when it is loaded again. */

import { recall, remember } from "./storage.ts";

/** More than a room's history shows. */
const maxRemembered = 300;

export class OwnIds {
  #ids: string[];

  constructor() {
    let stored: unknown;
    try {
      stored = JSON.parse(recall("tab", "own") ?? "[]");
    } catch {
      // Not ours, or broken: begin anew.
    }
    this.#ids = Array.isArray(stored) ? stored.filter((id) => typeof id === "string") : [];
  }

  has(id: string): boolean {
    return this.#ids.includes(id);
  }

  add(id: string): void {
    this.#ids = [...this.#ids, id].slice(-maxRemembered);
    remember("tab", "own", JSON.stringify(this.#ids));
  }
}
