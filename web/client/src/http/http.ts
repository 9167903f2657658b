/**
 * Plain HTTP in the place of a WebSocket: a stream, or polls where a stream is held back. When a WebSocket gets through
 * again, the client is asked to move as a server would ask it: nothing is lost on the way.
 */

import { recall, remember } from "../memory.ts";
import type { Dial, Transport, TransportName } from "../transport.ts";
import { polling } from "./polling.ts";
import { stream } from "./stream.ts";
import { toJSON } from "./transcode.ts";
import { createUpgrade } from "./upgrade.ts";
import type { Way } from "./way.ts";

/** The close code of a connection whose session another one has taken over. */
const takenOver = 4409;

/** What tells nothing but that the stream is open. */
const signOfLife = "[]";

/** Time for the client to leave by itself a connection that its own next one has taken over. */
const leavingMs = 5_000;

/** `block` is told whether the client's attempts are to begin here from now on, or with a WebSocket. */
export function createHTTP(webSocket: Dial, block: (blocked: boolean) => void): Dial {
  const upgrade = createUpgrade(webSocket);
  /** Whether polls are used, as a stream is held back. Undefined before the first attempt. */
  let heldBack: boolean | undefined;

  return (url, subprotocol, events) => {
    let transport: Transport;
    /** The server has said something: what goes there and what comes back gets through. */
    let works = false;
    let name: TransportName | null = null;
    /** The client moves from here to a WebSocket. */
    let moving = false;
    let leaving: ReturnType<typeof setTimeout> | undefined;
    /** Ends the trials. */
    let settle = () => {};

    const move = () => {
      moving = true;
      heldBack = false;
      block(false);
      remember(url, null);
      events.onFrame(JSON.stringify({ move: { after: 0, spread: 0, endpoints: [url] } }));
    };
    /** Unless this way works, the next attempt begins with a WebSocket again. */
    const over = () => {
      settle();
      if (!works) {
        block(false);
        remember(url, null);
      }
    };
    const dial = (way: Way) => {
      transport = way(url.replace(/^ws/, "http"), {
        onOpen(by) {
          name = by ?? null;
          heldBack = name === "polling";
          settle = upgrade(url, subprotocol, move);
          events.onOpen(by);
        },
        onFrame(frame) {
          if (!works && frame !== signOfLife) {
            works = true;
            block(true);
            remember(url, name);
          }
          events.onFrame(frame);
        },
        onHeldBack: () => dial(polling),
        onClose(code, reason) {
          over();
          if (moving && code === takenOver) {
            leaving = setTimeout(events.onClose, leavingMs, code, reason);
          } else {
            events.onClose(code, reason);
          }
        },
      });
    };

    heldBack ??= recall(url) === "polling";
    dial(heldBack ? polling : stream);
    return {
      send: (frame) => transport.send(toJSON(frame)),
      close(code, reason) {
        over();
        clearTimeout(leaving);
        transport.close(code, reason);
      },
    };
  };
}
