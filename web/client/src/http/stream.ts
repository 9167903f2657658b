/** The way that hears by a response that does not end: server-sent events. */

import { whyNot } from "./request.ts";
import { createEventStream } from "./sse.ts";
import { createWay } from "./way.ts";

/** A proxy that has not let the first event through by then collects what it should hand on. */
const openMs = 5_000;

export const stream = createWay("stream", async (endpoint, { signal, opened, heard, closed, heldBack }) => {
  const timer = setTimeout(heldBack, openMs);
  signal.addEventListener("abort", () => clearTimeout(timer));
  const response = await fetch(endpoint, {
    headers: { Accept: "text/event-stream" },
    cache: "no-store",
    signal,
  });
  const { status, headers, body } = response;
  if (status !== 200 || !body || !headers.get("Content-Type")?.startsWith("text/event-stream")) {
    throw new Error(
      whyNot({ status, body: status === 200 ? "not a stream of events" : await response.text() }),
    );
  }
  const push = createEventStream({
    event(type, data) {
      if (type === "open") {
        clearTimeout(timer);
        opened(JSON.parse(data).connection);
      } else if (type === "message") {
        heard(data);
      } else if (type === "close") {
        const { code, reason } = JSON.parse(data);
        closed(code, reason);
      }
    },
    comment: () => heard("[]"),
  });
  const text = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      throw new Error("the stream was cut");
    }
    push(text.decode(value, { stream: true }));
  }
});
