/** The title of the page's tab. */

export class Title {
  readonly #name: string;
  #unseen = 0;

  constructor(name: string) {
    this.#name = name;
    document.title = name;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") {
        this.#unseen = 0;
        document.title = name;
      }
    });
  }

  /** Counts a message that came while the tab was not looked at, as in "(3) lobby". */
  arrived(): void {
    if (document.visibilityState === "hidden") {
      this.#unseen++;
      document.title = `(${this.#unseen}) ${this.#name}`;
    }
  }
}
