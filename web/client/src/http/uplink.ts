/**
 * The way up: what the client sends is POSTed, numbered, one request at a time. What gathers meanwhile goes together
 * in the next one. A request whose answer is lost is made again with its number: the server runs it once.
 */

import { byteLength } from "../wire.ts";
import { persist, request } from "./request.ts";

/** The header that names the connection. */
export const connectionHeader = "Holdfast-Connection";

export interface Uplink {
  send(frame: string): void;
  /** Sends a ping, unless something was sent in so many milliseconds. */
  answer(withinMs: number): void;
  /** Tells the server that the client is done, also from a page that is being left. Kept when it knows, or can't. */
  leave(): Promise<unknown>;
}

/** What goes together: the server takes so much before it says how much it takes. */
const mostCommands = 64;
const mostBytes = 64 * 1024;

/** Its reply is for nobody: no other command has this id. */
const ping = JSON.stringify({ id: Number.MAX_SAFE_INTEGER, ping: {} });

/** The longest that a request may take. */
const patienceMs = 10_000;

/** `signal` ends it; `failed` is told why it can't go on. */
export function createUplink(
  endpoint: string,
  connection: string,
  signal: AbortSignal,
  failed: (cause: Error) => void,
): Uplink {
  const waiting: string[] = [];
  let sequence = 0;
  let sentAt = 0;
  let busy = false;

  /** Takes as much of what waits as goes together. */
  const gather = () => {
    let bytes = 0;
    let count = 0;
    for (const frame of waiting) {
      bytes += byteLength(frame) + 1;
      if (count > 0 && (bytes > mostBytes || count === mostCommands)) {
        break;
      }
      count++;
    }
    const frames = waiting.splice(0, count);
    return count === 1 ? (frames[0] as string) : `[${frames.join()}]`;
  };
  const pump = async () => {
    while (waiting.length > 0) {
      const headers = {
        [connectionHeader]: connection,
        "Holdfast-Sequence": `${++sequence}`,
        "Content-Type": "application/json",
      };
      await persist(endpoint, { method: "POST", headers, body: gather(), ms: patienceMs, signal });
    }
    busy = false;
  };

  const send = (frame: string) => {
    sentAt = Date.now();
    waiting.push(frame);
    if (!busy) {
      busy = true;
      // Behind all that is sent now.
      Promise.resolve().then(pump).catch(failed);
    }
  };

  return {
    send,
    answer(withinMs) {
      if (Date.now() - sentAt >= withinMs) {
        send(ping);
      }
    },
    leave: () =>
      request(endpoint, {
        method: "DELETE",
        headers: { [connectionHeader]: connection },
        keepalive: true,
        ms: patienceMs,
        signal,
      }),
  };
}
