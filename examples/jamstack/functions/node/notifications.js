import { hook } from "./hook.js";

const mostExcerpt = 120; // characters
const visitorID = /^v[0-9a-f]{16}$/;

/**
 * Is told of every comment by the hook for message, after it was published, and publishes a notification for
 * whom it replies to.
 */
export default hook(async ({ id, data: { channel, data, offset } }, env) => {
  const { author, text, to } = commentOf(data);
  if (!visitorID.test(to) || to === author.id) {
    return {};
  }
  const notification = { page: channel.replace("comments/", ""), offset, from: author.name, text: excerpt(text) };
  // The event comes again if this answer gets lost; the notification is stored once, by the event's id.
  await publish(env, `notifications/${to}`, notification, id);
  return {};
});

/** Whatever else it is, it is nobody's reply. */
function commentOf(json) {
  try {
    return JSON.parse(json) ?? {};
  } catch {
    return {};
  }
}

async function publish(env, channel, data, id) {
  const response = await fetch(`${env.HOLDFAST_URL}/v1/publish`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Bearer ${env.HOLDFAST_API_KEY}`,
      "Idempotency-Key": id,
    },
    body: JSON.stringify({ channel, data }),
  });
  if (!response.ok) {
    throw new Error(`publishing to ${channel}: ${response.status}: ${await response.text()}`);
  }
}

function excerpt(text) {
  const characters = [...text.replace(/\s+/g, " ")];
  return characters.length <= mostExcerpt ? characters.join("") : `${characters.slice(0, mostExcerpt - 1).join("")}…`;
}
