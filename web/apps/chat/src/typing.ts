/**
 * Who is writing now: messages of a channel that keeps nothing, beside the room's. They are a courtesy: one that is
 * lost, or that a server does not allow, is nothing to tell the reader about.
 */

import type { Holdfast } from "@holdfast-dev/client";
import { parseMembers } from "./envelope.ts";
import { isId, newId } from "./id.ts";
import { cleanName } from "./name.ts";

/** How often one says so at most, while one writes. */
export const everyMs = 3000;
/** For how long it is believed. */
export const lastsMs = 5000;
/** Of how many at a time it is noted. */
const maxWriters = 20;

export class Typing {
  readonly #channel: string;
  readonly #onChange: (names: string[]) => void;
  /** This page among the writers. */
  readonly #self = newId();
  /** By their pages. */
  readonly #writers = new Map<string, { name: string; timer: ReturnType<typeof setTimeout> }>();
  #holdfast: Holdfast | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(channel: string, onChange: (names: string[]) => void) {
    this.#channel = channel;
    this.#onChange = onChange;
  }

  /** Listens on a connection. */
  join(holdfast: Holdfast): void {
    this.#holdfast = holdfast;
    holdfast.channel(this.#channel).on("message", ({ data }) => this.#heard(data));
  }

  /** The reader is writing. Nothing is said without a name, or a connection: it would come much later. */
  writing(name: string | undefined): void {
    if (name === undefined || this.#holdfast?.state !== "live" || Date.now() - this.#saidAt < everyMs) {
      return;
    }
    this.#saidAt = Date.now();
    const message = JSON.stringify({ v: 1, page: this.#self, from: name });
    this.#holdfast
      .channel(this.#channel)
      .publish(message)
      .catch(() => {
        // A courtesy that could not be done.
      });
  }

  /** The reader has sent it: the next word is news. */
  sent(): void {
    this.#saidAt = Number.NEGATIVE_INFINITY;
  }

  /** A message has come from someone of this name, who so has written it. */
  arrived(name: string): void {
    for (const [page, writer] of this.#writers) {
      if (writer.name === name) {
        this.#forget(page);
        return;
      }
    }
  }

  #heard(data: string | ArrayBuffer): void {
    const message = typeof data === "string" ? parseMembers(data, ["v", "page", "from"]) : undefined;
    if (message?.v !== 1 || !isId(message.page) || message.page === this.#self) {
      return;
    }
    const { page } = message;
    const name = typeof message.from === "string" ? cleanName(message.from) : undefined;
    const known = this.#writers.get(page);
    if (name === undefined || (known === undefined && this.#writers.size >= maxWriters)) {
      return;
    }
    clearTimeout(known?.timer);
    this.#writers.set(page, { name, timer: setTimeout(() => this.#forget(page), lastsMs) });
    this.#tell();
  }

  #forget(page: string): void {
    clearTimeout(this.#writers.get(page)?.timer);
    this.#writers.delete(page);
    this.#tell();
  }

  #tell(): void {
    this.#onChange([...this.#writers.values()].map(({ name }) => name));
  }
}

/** Who is writing, in words; empty if nobody is. */
export function describeWriters([first, second, ...others]: string[]): string {
  if (first === undefined) {
    return "";
  }
  if (second === undefined) {
    return `${first} is writing…`;
  }
  return others.length === 0 ? `${first} and ${second} are writing…` : "Several are writing…";
}
