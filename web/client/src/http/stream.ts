/** The way that hears by a response that does not end: server-sent events. */

import { Refusal } from "./request.ts";
import { createEventStream, type EventStreamOwner } from "./sse.ts";
import { createWay, type Hearing } from "./way.ts";

/** A proxy that has not let the first event through by then collects what it should hand on. */
const openMs = 5_000;

/**
 * The server has to hear from a client, too, well within `ping` and `pong`. It is told at what comes, not by a timer:
 * those of a page that nobody sees run once a minute. When nothing else comes, the server sends a comment.
 */
const busyMs = 10_000;

/** What the events of a stream mean. */
function listener({ opened, heard, closed, answer }: Hearing): EventStreamOwner {
  return {
    event(type, data) {
      if (type === "open") {
        opened(JSON.parse(data).connection);
      } else if (type === "message") {
        heard(data);
        answer(busyMs);
      } else if (type === "close") {
        const { code, reason } = JSON.parse(data);
        closed(code, reason);
      }
    },
    comment() {
      heard("[]");
      answer(0);
    },
  };
}

async function hear(endpoint: string, hearing: Hearing): Promise<void> {
  const { signal, closed, heldBack } = hearing;
  // Once it is open, this means nothing any more.
  const timer = setTimeout(heldBack, openMs);
  signal.addEventListener("abort", () => clearTimeout(timer));
  const headers = { Accept: "text/event-stream" };
  const response = await fetch(endpoint, { headers, cache: "no-store", signal });
  if (response.status !== 200) {
    const { code, message } = new Refusal({ status: response.status, body: await response.text() });
    return closed(code, message);
  }
  if (!response.headers.get("Content-Type")?.startsWith(headers.Accept)) {
    return closed(1006, "what answers is not a Holdfast server");
  }
  const push = createEventStream(listener(hearing));
  const text = new TextDecoder();
  // Not every platform can read a response before it ends. There this fails, and there are polls.
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      throw new Error("the stream was cut");
    }
    push(text.decode(value, { stream: true }));
  }
}

export const stream = createWay("stream", (endpoint, hearing) =>
  hear(endpoint, hearing).catch((cause) => {
    // Whatever does not let a stream begin may let a short answer through.
    hearing.heldBack();
    throw cause;
  }),
);
