// The comments of a page: its channel, from the oldest that is kept to those that are being written.

import { jsonCodec } from "../sdk/holdfast.js";
import { element, holdfast, me, timeElement } from "./live.js";

const section = document.querySelector(".comments");
const list = section.querySelector(".comment-list");
const form = section.querySelector("form");
const { name: nameField, text: textField } = form.elements;
const sendButton = form.querySelector(".send");
const status = form.querySelector(".status");
const replying = form.querySelector(".replying");

const channel = holdfast.channel(`comments/${section.dataset.page}`, { codec: jsonCodec(), last: 200 });
const names = new Map(); // what to call the authors, by their ids
let replyTo; // the author that the next comment replies to

channel.on("message", ({ data, offset, time }) => show(data, offset, time));
channel.on("state", (state) => {
  section.dataset.state = state;
  section.querySelector(".live").textContent = state === "live" ? "live" : "connecting…";
});
channel.on("lost", () => list.prepend(element("li", "note", "Older comments are not kept any more.")));
channel.on("error", ({ message }) => say(message, true));

async function show({ author, text, to, time }, offset, stored) {
  names.set(author.id, author.name);
  const item = element("li", "comment");
  item.id = `c${offset}`;
  item.tabIndex = -1;

  const head = element("p", "byline");
  head.append(element("strong", "author", author.name));
  if (names.has(to)) {
    head.append(element("span", "to", ` to ${names.get(to)}`));
  }
  head.append(" ", timeElement(time ?? stored));

  const reply = element("button", "reply", "Reply");
  reply.type = "button";
  reply.setAttribute("aria-label", `Reply to ${author.name}`);
  reply.addEventListener("click", () => startReply(author));

  item.append(head, element("p", "text", text), reply);
  list.append(item);
  count();
  if (location.hash === `#${item.id}`) {
    item.focus(); // whoever came for this one, by a notification
  }
  item.classList.toggle("mine", author.id === (await me));
}

function count() {
  const n = list.querySelectorAll(".comment").length;
  section.querySelector(".count").textContent = n === 1 ? "1 comment" : `${n} comments`;
}

function startReply(author) {
  replyTo = author.id;
  replying.hidden = false;
  replying.querySelector("span").textContent = `Replying to ${author.name}`;
  textField.focus();
}

function stopReply() {
  replyTo = undefined;
  replying.hidden = true;
}

function say(text, wrong = false) {
  status.textContent = text;
  status.classList.toggle("wrong", wrong);
}

async function send() {
  const comment = { name: nameField.value, text: textField.value, ...(replyTo && { to: replyTo }) };
  localStorage.setItem("name", comment.name);
  sendButton.disabled = true;
  say("Sending…");
  try {
    await channel.publish(comment); // it is stored, and comes back to be shown as to everybody
    textField.value = "";
    stopReply();
    say("Sent.");
  } catch ({ message }) {
    say(message, true); // what the function has said
  }
  sendButton.disabled = false;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
textField.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
replying.querySelector("button").addEventListener("click", stopReply);
nameField.value = localStorage.getItem("name") ?? "";
