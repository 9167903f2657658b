/** Why a connection ended, or messages are missing, in words. */

import type { Closed } from "./conversation.ts";
import { plain } from "./plain.ts";

/** The registered close codes (RFC 6455 section 7.4.1 and the IANA WebSocket registry) and the server's own. */
const words: Record<number, string> = {
  1000: "The server closed the connection: it is done",
  1001: "The server is shutting down or restarting",
  1002: "The server saw a protocol error",
  1003: "The server does not take this kind of message",
  1005: "The server closed the connection without saying why",
  1007: "The server saw text that is not UTF-8",
  1008: "The server refused: a rule forbids it",
  1009: "The last message was larger than the server allows",
  1010: "The server lacks an extension",
  1011: "The server had an internal error",
  1012: "The server is restarting",
  1013: "The server is overloaded, or this page could not keep up with the messages",
  1014: "A proxy got a bad answer from the server",
  4400: "The server did not understand this page",
  4401: "The server does not know who you are",
  4403: "The server's operator has ended the connection",
  4408: "The server waited too long for this page",
  4409: "A newer connection has taken over",
  4429: "The server has too many connections, or too much came from here",
  4503: "The server can't serve now",
};

/** One sentence, with the code and the server's reason, such as: The server is restarting (1012: “new version”). */
export function describeClose({ code, reason, opened }: Closed): string {
  const why = plain(reason, 130);
  const facts = why === "" ? `${code}` : `${code}: “${why}”`;
  return `${sentence(code, opened)} (${facts}).`;
}

function sentence(code: Closed["code"], opened: boolean): string {
  if (typeof code === "string") {
    return "The server does not let you into this room";
  }
  if (code === 1006) {
    return opened ? "The connection broke" : "The connection could not be made";
  }
  return words[code] ?? "The server closed the connection";
}

/** That messages will not come, by the protocol's word for the reason. */
export function describeMissing(why: string): string {
  switch (why) {
    case "no_history":
      return "This room keeps nothing: messages sent while you were away are not shown.";
    case "reset":
      return "The server’s memory of this room was made anew: messages sent while you were away may be missing.";
    default:
      return "You were away for longer than the server keeps messages: some are missing here.";
  }
}
