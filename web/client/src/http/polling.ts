/** The way that hears by asking again and again; the server answers when there is something. */

import { persist, Refusal, request } from "./request.ts";
import { connectionHeader } from "./uplink.ts";
import { createWay } from "./way.ts";

/** For how long the server lets a poll wait that has nothing to answer: for less than what is silence to the client. */
const waitSeconds = 20;

/** The longest that an answer may take beyond that. */
const patienceMs = 10_000;

export const polling = createWay("polling", async (endpoint, { signal, opened, heard, closed }) => {
  const first = await request(endpoint, { headers: { Accept: "application/json" }, ms: patienceMs, signal });
  if (first.status !== 200) {
    throw new Refusal(first);
  }
  const { connection } = JSON.parse(first.body);
  opened(connection);

  const headers = { Accept: "application/json", [connectionHeader]: connection };
  const poll = new URL(endpoint);
  poll.searchParams.set("wait", `${waitSeconds}`);
  /** How far answers have arrived: until it is told so, the server gives the same ones again. */
  let after = 0;
  while (!signal.aborted) {
    poll.searchParams.set("after", `${after}`);
    const ms = waitSeconds * 1000 + patienceMs;
    const { next, messages, close } = JSON.parse(await persist(poll.href, { headers, ms, signal }));
    after = next;
    heard(JSON.stringify(messages.flat()));
    if (close) {
      closed(close.code, close.reason);
    }
  }
});
