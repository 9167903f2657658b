/** Copying text at the press of a button. */

/** Makes a button copy what `text` returns, and say so for a moment. */
export function copyOnClick(button: HTMLButtonElement, text: () => string): void {
  const label = button.querySelector("[data-label]") ?? button;
  const idle = label.textContent;
  let timer = 0;
  button.addEventListener("click", async () => {
    const copied = await copy(text());
    label.textContent = copied ? "Copied" : "Could not copy";
    button.dataset.copied = String(copied);
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      label.textContent = idle;
      delete button.dataset.copied;
    }, 1600);
  });
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not a secure page, or not allowed.
    return false;
  }
}
