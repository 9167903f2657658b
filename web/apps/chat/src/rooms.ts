/** The side of the page: where one goes to other rooms, and how others and programs come to this one. */

import { copyOnClick } from "./clipboard.ts";
import { find, h } from "./dom.ts";
import { channelUrls, checkRoom, lobby, pageOf } from "./room.ts";
import { recall, remember } from "./storage.ts";

const maxRemembered = 8;

/** Fills the side of the page. `room` is undefined if the address names none that can be. */
export function initRooms(room: string | undefined): void {
  const rooms = remembered(room);
  find("rooms", HTMLElement).replaceChildren(
    ...rooms.map((other) => {
      const link = h("a", { href: pageOf(other) }, h("bdi", {}, other));
      if (other === room) {
        link.setAttribute("aria-current", "page");
      }
      return h("li", {}, link);
    }),
  );
  initGoto();
  initDrawer();
  if (room === undefined) {
    find("invite", HTMLElement).hidden = true;
    return;
  }
  const page = new URL(pageOf(room), location.origin).href;
  for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-second-tab]")) {
    link.href = page;
  }
  const urls = channelUrls(room, location);
  const texts: Record<string, string> = {
    link: page,
    javascript: `new WebSocket('${urls.ws}')`,
    curl: `curl -d 'hello' ${urls.http}`,
  };
  for (const code of document.querySelectorAll<HTMLElement>("[data-show]")) {
    code.textContent = texts[code.dataset.show ?? ""] ?? "";
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
    copyOnClick(button, () => texts[button.dataset.copy ?? ""] ?? "");
  }
}

/** The lobby, this room and those visited lately, this one remembered for the next time. */
function remembered(room: string | undefined): string[] {
  let visited: string[] = [];
  try {
    const stored: unknown = JSON.parse(recall("browser", "rooms") ?? "[]");
    if (Array.isArray(stored)) {
      visited = stored.filter((name): name is string => typeof name === "string" && checkRoom(name).ok);
    }
  } catch {
    // Not ours, or broken: begin anew.
  }
  if (room !== undefined && room !== lobby) {
    visited = [room, ...visited.filter((other) => other !== room)].slice(0, maxRemembered);
    remember("browser", "rooms", JSON.stringify(visited));
  }
  return [lobby, ...visited.filter((other) => other !== lobby)];
}

function initGoto(): void {
  const input = find("goto-name", HTMLInputElement);
  const problem = find("goto-problem", HTMLElement);
  const say = (sentence: string) => {
    problem.textContent = sentence;
    input.setAttribute("aria-invalid", String(sentence !== ""));
  };
  input.addEventListener("input", () => say(""));
  find("goto", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = checkRoom(input.value.trim());
    if (choice.ok) {
      location.assign(pageOf(choice.room));
    } else {
      say(choice.problem);
      input.focus();
    }
  });
}

/** On a narrow screen the side is a drawer; on a wide one the button is not there and the side always is. */
function initDrawer(): void {
  const button = find("menu", HTMLButtonElement);
  const main = find("main", HTMLElement);
  const show = (open: boolean) => {
    document.body.toggleAttribute("data-drawer", open);
    button.setAttribute("aria-expanded", String(open));
    main.inert = open;
  };
  const close = () => {
    show(false);
    button.focus();
  };
  button.addEventListener("click", () => {
    show(true);
    find("menu-close", HTMLButtonElement).focus();
  });
  find("menu-close", HTMLButtonElement).addEventListener("click", close);
  find("scrim", HTMLElement).addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && main.inert) {
      close();
    }
  });
  // Turning the phone or widening the window must not leave the chat inert.
  matchMedia("(min-width: 60rem)").addEventListener("change", () => show(false));
}
