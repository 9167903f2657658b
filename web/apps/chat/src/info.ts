/** What the server says of a channel when asked over plain HTTP. */

/** The server's default limit, for when it did not tell its own. */
export const usualMaxMessageBytes = 1024 * 1024;

export type Info =
  /** The server answered; the limit on one message is in bytes. */
  | { ok: true; maxMessageBytes: number }
  /** It answered with this HTTP status instead. */
  | { ok: false; status: number }
  /** No answer at all. */
  | { ok: false; status: undefined };

/** Asks the server about the channel at this path. */
export async function askInfo(path: string): Promise<Info> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { Accept: "application/json" }, cache: "no-store" });
  } catch {
    return { ok: false, status: undefined };
  }
  if (!response.ok) {
    return { ok: false, status: response.status };
  }
  try {
    return { ok: true, maxMessageBytes: limitOf(await response.json()) };
  } catch {
    return { ok: true, maxMessageBytes: usualMaxMessageBytes };
  }
}

function limitOf(answer: unknown): number {
  if (typeof answer === "object" && answer !== null && "max_message_bytes" in answer) {
    const limit = answer.max_message_bytes;
    if (typeof limit === "number" && limit > 0) {
      return limit;
    }
  }
  return usualMaxMessageBytes;
}

/** What it means that the server answered like this when a WebSocket could not be opened. */
export function explainRefusal(info: Info): string {
  if (info.ok) {
    return "The server answers, but it, or a proxy in between, refuses the WebSocket.";
  }
  if (info.status === undefined) {
    return "The server does not answer.";
  }
  return `The server answers with HTTP status ${info.status}.`;
}
