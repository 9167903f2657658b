// The one connection of a page, and who its visitor is.

import { Holdfast } from "../sdk/holdfast.js";

const key = "visitor";

/** There are no accounts: a browser keeps a random secret, and functions/visitors makes a user of it. */
function secret() {
  let kept = localStorage.getItem(key);
  if (!kept) {
    kept = crypto.randomUUID();
    localStorage.setItem(key, kept);
  }
  return kept;
}

export const holdfast = new Holdfast("/", { token: secret });

/** The visitor's user, when the server has said it. */
export const me = new Promise((resolve) => {
  holdfast.on("welcome", ({ user }) => resolve(user ?? ""));
});

/** An element with a class and text, which is never taken for HTML. */
export function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

const dates = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });

/** When something was, in the visitor's time zone. */
export function timeElement(when) {
  const date = new Date(when);
  const made = element("time", "when");
  if (!Number.isNaN(date.getTime())) {
    made.dateTime = date.toISOString();
    made.textContent = dates.format(date);
  }
  return made;
}
