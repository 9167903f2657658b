/** An image in full size, over the page. */

import { h, icon } from "./dom.ts";
import { cleanFileName } from "./file.ts";

/** Shows an image that the log already shows, until the reader closes it with Escape or a click. */
export function viewImage(image: HTMLImageElement, name: string): void {
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close" }, icon("close"));
  const dialog = h(
    "dialog",
    { class: "viewer", "aria-label": `Image ${name}` },
    h("img", { src: image.src, alt: name }),
    h(
      "footer",
      {},
      h("bdi", {}, name),
      h(
        "a",
        {
          class: "icon-button",
          href: image.src,
          download: cleanFileName(name),
          "aria-label": "Save the image",
        },
        icon("download"),
      ),
      close,
    ),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) {
      dialog.close();
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
