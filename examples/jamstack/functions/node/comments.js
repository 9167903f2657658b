import { hook, Refusal } from "./hook.js";

const mostName = 40; // characters
const mostText = 2000; // characters
const mostLinks = 2;
const visitorID = /^v[0-9a-f]{16}$/;

/**
 * Answers the hook for publish: may this comment appear, and how? What it returns is published in place of what
 * was sent, so that nobody can choose another author or another time.
 */
export default hook(({ data: { user = "", data } }) => {
  const { name, text, to } = draftOf(data);
  const comment = {
    author: { id: user, name: name.trim().replace(/\s+/g, " ") },
    text: text.trim().replace(/\n\s*\n\s*/g, "\n\n"),
    ...(to && { to }),
    time: `${new Date().toISOString().slice(0, 19)}Z`,
  };
  check(comment);
  return { data: comment };
});

function draftOf(json) {
  let draft;
  try {
    draft = JSON.parse(json) ?? {};
  } catch {
    draft = [];
  }
  const fields = { name: draft.name ?? "", text: draft.text ?? "", to: draft.to ?? "" };
  const plain = typeof draft === "object" && !Array.isArray(draft);
  if (!plain || !Object.values(fields).every((field) => typeof field === "string")) {
    throw new Refusal("invalid_data", "This is no comment.");
  }
  return fields;
}

/** Throws a Refusal, with a sentence for the visitor, if the comment may not appear. */
function check({ author, text, to = "" }) {
  const refuse = (code, message) => {
    throw new Refusal(code, message);
  };
  if (!visitorID.test(author.id)) {
    refuse("not_permitted", "Only visitors of the site can comment.");
  }
  if (text === "") {
    refuse("invalid_data", "Please write something.");
  }
  if ([...text].length > mostText) {
    refuse("too_large", "A comment has at most 2000 characters.");
  }
  if (author.name === "") {
    refuse("invalid_data", "Please say what to call you.");
  }
  if ([...author.name].length > mostName) {
    refuse("invalid_data", "A name has at most 40 characters.");
  }
  if (text.split("://").length - 1 > mostLinks) {
    refuse("not_permitted", "A comment has at most two links.");
  }
  if (to !== "" && !visitorID.test(to)) {
    refuse("invalid_data", "A reply is to an author.");
  }
}
