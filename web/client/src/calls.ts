/** Commands that are not publications, in the order in which they were asked: over as many connections as it takes. */

import type { Fault } from "./error.ts";
import type { Link } from "./link.ts";
import { byteLength, type Command, type Encoding, type Reply } from "./wire.ts";

interface Call {
  verb: string;
  body: object;
  /** Whether it is sent again if the connection is lost before the answer; else it fails then. */
  repeat: boolean;
  /** The connection on which it waits for its reply. */
  link?: Link | undefined;
  resolve(ok: Reply["ok"]): void;
  reject(fault: Fault): void;
}

export interface Calls {
  /** The promise fails with a Fault. */
  ask(verb: string, body: object, repeat: boolean): Promise<Reply["ok"]>;
  /** Goes on with another connection, where `connect` has been answered. */
  use(link: Link): void;
  /** The connection is gone: what it has not answered is sent again, or has failed. */
  lost(link: Link | undefined): void;
  /** Whether none waits for its answer on another connection. */
  allOn(link: Link): boolean;
  empty(): boolean;
  /** Nothing will be sent any more. */
  abandon(): void;
}

/** `answered` is called after each answer. */
export function createCalls(encodingOn: (link: Link) => Encoding, answered: () => void): Calls {
  const calls = new Set<Call>();
  let link: Link | undefined;

  const fail = (call: Call, code: string) => {
    calls.delete(call);
    call.reject({ code });
  };
  /** A command above the server's limit would end the connection. */
  const isTooLarge = ({ verb, body }: Call, on: Link) => {
    const limit = on.welcome.limits?.message;
    const command = { id: Number.MAX_SAFE_INTEGER, [verb]: body } as Command;
    return limit !== undefined && byteLength(encodingOn(on).encode(command)) > limit;
  };
  const send = (call: Call, on: Link) => {
    if (isTooLarge(call, on)) {
      fail(call, "too_large");
      return answered();
    }
    call.link = on;
    on.ask(call.verb, call.body, (ok, fault) => {
      // What was sent again on a newer connection is not refused by an older one.
      if (calls.has(call) && (!fault || call.link === on)) {
        calls.delete(call);
        if (fault) {
          call.reject(fault);
        } else {
          call.resolve(ok);
        }
        answered();
      }
    });
  };

  return {
    ask: (verb, body, repeat) =>
      new Promise((resolve, reject) => {
        const call = { verb, body, repeat, resolve, reject };
        calls.add(call);
        if (link?.open) {
          send(call, link);
        }
      }),
    use(next) {
      link = next;
      for (const call of calls) {
        if (call.repeat || !call.link) {
          send(call, next);
        }
      }
    },
    lost(gone) {
      for (const call of calls) {
        if (call.link && call.link === gone) {
          call.link = undefined;
          if (!call.repeat) {
            fail(call, "disconnected");
          }
        }
      }
    },
    allOn: (on) => [...calls].every(({ link }) => !link || link === on),
    empty: () => calls.size === 0,
    abandon() {
      for (const call of calls) {
        fail(call, "closed");
      }
    },
  };
}
