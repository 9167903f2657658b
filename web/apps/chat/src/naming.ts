/** Asking for a name, and changing it. */

import { find } from "./dom.ts";
import { flagOf } from "./flag.ts";
import { cleanName, inventName, maxNameLength } from "./name.ts";
import { recall, remember } from "./storage.ts";

/** The reader's own name. A tab keeps the name it has, whatever happens in other tabs; new tabs begin with the last one chosen. */
export class Naming {
  readonly #form = find("naming", HTMLFormElement);
  readonly #input = find("name", HTMLInputElement);
  readonly #button = find("me", HTMLButtonElement);
  readonly #label = find("me-name", HTMLElement);
  readonly #hint = find("naming-hint", HTMLElement);
  readonly #done: () => void;
  #name: string;

  /** `done` is called when the form closes, to put the focus somewhere useful. */
  constructor(done: () => void) {
    this.#done = done;
    const known = cleanName(recall("tab", "name") ?? recall("browser", "name") ?? "");
    this.#name = known ?? inventName();
    this.#input.maxLength = maxNameLength * 2;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose();
    });
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.#keep();
        this.#done();
      }
    });
    this.#button.addEventListener("click", () => (this.#form.hidden ? this.#ask() : this.#keep()));
    if (known === undefined) {
      this.#form.hidden = false;
      this.#input.value = this.#name;
    } else {
      // This tab holds on to it.
      remember("tab", "name", this.#name);
    }
    this.#show();
  }

  /** The name, if the reader has accepted it. */
  get accepted(): string | undefined {
    return this.#form.hidden ? this.#name : undefined;
  }

  /** The name to send with messages. To use it is to accept it. */
  use(): string {
    if (!this.#form.hidden) {
      this.#name = cleanName(this.#input.value) ?? this.#name;
      this.#keep();
    }
    return this.#name;
  }

  #ask(): void {
    this.#form.hidden = false;
    this.#input.value = this.#name;
    this.#show();
    this.#input.focus();
    this.#input.select();
  }

  #choose(): void {
    const name = cleanName(this.#input.value);
    if (name === undefined) {
      this.#hint.textContent = "A name needs at least one letter, digit or sign.";
      this.#input.focus();
      return;
    }
    this.#name = name;
    this.#keep();
    this.#done();
  }

  /** Remembers the name as it is and closes the form. */
  #keep(): void {
    remember("tab", "name", this.#name);
    remember("browser", "name", this.#name);
    this.#form.hidden = true;
    this.#show();
  }

  #show(): void {
    const { pattern, hue } = flagOf(this.#name);
    this.#label.textContent = this.#name;
    this.#button.setAttribute("aria-expanded", String(!this.#form.hidden));
    const flag = this.#button.querySelector<HTMLElement>(".flag");
    flag?.setAttribute("data-pattern", String(pattern));
    flag?.style.setProperty("--hue", String(hue));
  }
}
