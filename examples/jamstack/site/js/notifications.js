// The bell: who has replied to this visitor, on whichever page, also while it was away.

import { jsonCodec } from "../sdk/holdfast.js";
import { element, holdfast, me, timeElement } from "./live.js";

const bell = document.querySelector(".bell");
const badge = bell.querySelector(".badge");
const inbox = document.querySelector(".inbox");
const list = inbox.querySelector("ol");
const seenKey = "seen";

let newest = 0; // the offset of the last notification
let unseen = 0;

const user = await me;
if (user) {
  const channel = holdfast.channel(`notifications/${user}`, { codec: jsonCodec(), last: 20 });
  channel.on("message", ({ data, offset, time }) => {
    newest = offset;
    if (offset > Number(localStorage.getItem(seenKey) ?? 0) && !inbox.matches(":popover-open")) {
      unseen++;
    }
    show(data, time);
    ring();
  });
}

function show({ page, offset, from, text }, time) {
  const link = element("a", "notification");
  link.href = `/posts/${encodeURIComponent(page)}#c${offset}`;
  link.append(element("strong", "", `${from} replied to you`), " ", timeElement(time), element("span", "excerpt", text));
  const item = element("li", "");
  item.append(link);
  list.prepend(item);
  inbox.querySelector(".none").hidden = true;
}

function ring() {
  badge.textContent = unseen ? String(unseen) : "";
  bell.setAttribute("aria-label", unseen ? `Notifications, ${unseen} new` : "Notifications");
}

inbox.addEventListener("toggle", ({ newState }) => {
  if (newState === "open") {
    unseen = 0;
    localStorage.setItem(seenKey, String(newest));
    ring();
  }
});
// A link to the page that is open only moves to the comment.
inbox.addEventListener("click", ({ target }) => {
  if (target.closest("a")) {
    inbox.hidePopover();
  }
});
