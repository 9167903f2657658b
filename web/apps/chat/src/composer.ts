/** Where messages are written: text, and files by button, paste and drop. */

import { find, h } from "./dom.ts";
import { cleanFileName } from "./file.ts";
import { formatBytes } from "./format.ts";
import { canShrink, shrink } from "./shrink.ts";
import { Tray } from "./tray.ts";

export interface ComposerActions {
  /** Sends; returns a sentence if that is impossible now, and then nothing is lost. */
  send(text: string, files: File[]): string | undefined;
  /** The reader is writing. */
  writing(): void;
  /** The server's limit on one message, in bytes. */
  maxMessageBytes(): number;
}

/** Id, name and punctuation of a text message, at most: what the text may not use of the message limit. */
const textOverheadBytes = 512;

export class Composer {
  readonly #form = find("composer", HTMLFormElement);
  readonly #input = find("text", HTMLTextAreaElement);
  readonly #picker = find("files", HTMLInputElement);
  readonly #problem = find("problem", HTMLElement);
  readonly #tray: Tray;
  readonly #actions: ComposerActions;

  constructor(actions: ComposerActions) {
    this.#actions = actions;
    this.#tray = new Tray(find("tray", HTMLElement), actions.maxMessageBytes);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener("input", () => {
      this.#say("");
      this.#fit();
      if (this.#input.value.trim() !== "") {
        actions.writing();
      }
    });
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    find("attach", HTMLButtonElement).addEventListener("click", () => this.#picker.click());
    this.#picker.addEventListener("change", () => {
      this.#put(this.#picker.files ?? []);
      this.#picker.value = "";
    });
    document.addEventListener("paste", (event) => this.#paste(event));
    this.#acceptDrops();
  }

  focus(): void {
    this.#input.focus();
  }

  #key(event: KeyboardEvent): void {
    // An Enter that ends the composition of a character is not meant for us (229 in older Safari).
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      this.#send();
    }
  }

  #send(): void {
    const text = this.#input.value;
    const limit = this.#actions.maxMessageBytes();
    const bytes = new TextEncoder().encode(JSON.stringify(text)).length;
    if (bytes > limit - textOverheadBytes) {
      const sizes = `${formatBytes(bytes)}, and this server takes messages of up to ${formatBytes(limit)}`;
      this.#say(`The text is too long: ${sizes}.`);
      return;
    }
    if (text.trim() === "" && this.#tray.empty) {
      return;
    }
    const files = this.#tray.take();
    const problem = this.#actions.send(text.trim() === "" ? "" : text, files);
    if (problem !== undefined) {
      this.#tray.put(files);
      this.#say(problem);
      return;
    }
    this.#input.value = "";
    this.#say("");
    this.#fit();
    this.#input.focus();
  }

  #put(files: Iterable<File>): void {
    const refused = this.#tray.put(files);
    this.#say(refused.map(({ problem }) => problem).join(" "));
    const images = refused.flatMap(({ file, tooLarge }) => (tooLarge && canShrink(file) ? [file] : []));
    if (images.length > 0) {
      this.#offerSmaller(images);
    }
    this.#input.focus();
  }

  #offerSmaller(images: File[]): void {
    const label = images.length === 1 ? "Add a smaller copy" : "Add smaller copies";
    const button = h("button", { type: "button", class: "retry", "data-testid": "shrink" }, label);
    button.addEventListener("click", async () => {
      this.#say("Making it smaller…");
      const copies = await Promise.all(
        images.map(async (image) => ({ image, copy: await shrink(image, this.#tray.maxFileBytes) })),
      );
      this.#put(copies.flatMap(({ copy }) => copy ?? []));
      const failed = copies.flatMap(({ image, copy }) =>
        copy === undefined ? [cleanFileName(image.name)] : [],
      );
      if (failed.length > 0) {
        this.#say(`This browser could not make “${failed.join("”, “")}” smaller.`);
      }
    });
    this.#problem.append(" ", button);
  }

  #paste(event: ClipboardEvent): void {
    const data = event.clipboardData;
    // Office programs put a picture of the text beside the text: the text is meant.
    if (data === null || data.files.length === 0 || data.types.includes("text/plain")) {
      return;
    }
    event.preventDefault();
    this.#put(data.files);
  }

  #acceptDrops(): void {
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    // Entering a child comes before leaving its parent, so count.
    let depth = 0;
    const show = () => document.body.toggleAttribute("data-dropping", depth > 0);
    document.addEventListener("dragenter", (event) => {
      if (carriesFiles(event)) {
        depth++;
        show();
      }
    });
    document.addEventListener("dragleave", (event) => {
      if (carriesFiles(event)) {
        depth = Math.max(0, depth - 1);
        show();
      }
    });
    document.addEventListener("dragover", (event) => {
      if (carriesFiles(event)) {
        event.preventDefault();
      }
    });
    document.addEventListener("drop", (event) => {
      depth = 0;
      show();
      // Without this the browser would leave the page to show the file.
      if (carriesFiles(event) && event.dataTransfer !== null) {
        event.preventDefault();
        this.#put(event.dataTransfer.files);
      }
    });
  }

  /** Makes the field as high as its text; the style sheet bounds it. */
  #fit(): void {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }

  #say(problem: string): void {
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === "";
  }
}
