/** Light, dark, or as the system says. */

import { icon } from "./dom.ts";
import { recall, remember } from "./storage.ts";

const choices = ["auto", "light", "dark"] as const;
type Theme = (typeof choices)[number];

const labels: Record<Theme, string> = { auto: "as the system", light: "light", dark: "dark" };

/** Applies the remembered theme and makes the button go through the choices. */
export function initTheme(button: HTMLButtonElement): void {
  let theme = choices.find((choice) => choice === recall("browser", "theme")) ?? "auto";
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    const label = `Colours: ${labels[theme]}`;
    button.setAttribute("aria-label", `${label}. Change`);
    button.title = label;
    button.replaceChildren(icon(`theme-${theme}`));
  };
  button.addEventListener("click", () => {
    theme = choices[(choices.indexOf(theme) + 1) % choices.length] ?? "auto";
    remember("browser", "theme", theme === "auto" ? undefined : theme);
    apply();
  });
  apply();
}
