/**
 * Which transport is used. A WebSocket, if there is a way for it; else plain HTTP, which is in http/ and loaded when a
 * WebSocket has failed: where they work, no page ever loads it.
 */

import { recall } from "./memory.ts";
import { type Dial, webSocket as dialWebSocket, type Transport } from "./transport.ts";

/** Dials WebSockets as given, and plain HTTP where they fail. For one client. */
export function orHTTP(webSocket = dialWebSocket()): Dial {
  let http: Promise<Dial> | undefined;
  /** Whether to begin without a WebSocket. Undefined before the first attempt. */
  let blocked: boolean | undefined;
  let hasWorked = false;
  let failures = 0;

  /** One that has worked may fail once, for the server may be away; so may one that was open and then cut. */
  const failed = (opened: boolean) => {
    blocked = !(opened || hasWorked) || ++failures > 1;
  };
  const load = async () => {
    const { createHTTP } = await import("./http/http.ts");
    return createHTTP(webSocket, (now) => {
      blocked = now;
      failures = 0;
    });
  };

  return (url, subprotocol, events) => {
    let transport: Transport | undefined;
    let opened = false;
    let over = false;
    /** Whether a WebSocket is tried on which nothing has come yet. */
    let doubtful = false;

    const useHTTP = async () => {
      try {
        http ??= load();
        const dial = await http;
        if (!over) {
          transport = dial(url, subprotocol, events);
        }
      } catch (cause) {
        // It can't be loaded: that is an attempt that has failed, as any other.
        http = undefined;
        blocked = false;
        if (!over) {
          events.onClose(1006, `${cause}`);
        }
      }
    };
    const useWebSocket = () => {
      transport = webSocket(url, subprotocol, {
        onOpen() {
          opened = true;
          events.onOpen();
        },
        onFrame(frame) {
          doubtful = false;
          hasWorked = true;
          failures = 0;
          events.onFrame(frame);
        },
        onClose(code, reason) {
          // With a close code, somebody at the other end has said why.
          if (doubtful && (!opened || code === 1006)) {
            failed(opened);
          }
          doubtful = false;
          if (blocked && !opened) {
            void useHTTP();
          } else {
            events.onClose(code, reason);
          }
        },
      });
      doubtful = true;
    };

    blocked ??= recall(url) !== null;
    if (blocked) {
      void useHTTP();
    } else {
      useWebSocket();
    }
    return {
      send: (frame) => transport?.send(frame),
      close(code, reason) {
        over = true;
        // Whoever waited for it has waited long enough.
        if (doubtful) {
          failed(opened);
        }
        transport?.close(code, reason);
      },
    };
  };
}
