import { createHash } from "node:crypto";
import { hook, Refusal } from "./hook.js";

const fewest = 32; // characters of a secret that nobody guesses

/**
 * Answers the hook for connect: who is this? The site has no accounts. Each browser keeps a random secret, and
 * its user is the hash of that, which nobody else can claim. A site with accounts looks up its session or token
 * here instead.
 */
export default hook(({ data: { token = "" } }) => {
  if (token === "") {
    return {}; // it may read
  }
  if (token.length < fewest) {
    throw new Refusal("unauthorized", "This visitor's secret is too short.");
  }
  return { user: `v${createHash("sha256").update(token).digest("hex").slice(0, 16)}` };
});
