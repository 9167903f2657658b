/**
 * One connection, from dialling to its end: commands are matched to their replies by id, and silence is noticed.
 * It knows nothing of sessions; whoever owns it is told once when it is lost.
 *
 * The parts of the core are functions that make objects, not classes: what is private has no name in the bundle.
 */

import type { Fault } from "./error.ts";
import type { Dial, TransportName } from "./transport.ts";
import type { Command, Encoding, Incoming, Reply, Welcome } from "./wire.ts";

export interface LinkOwner {
  /** `by` is what carries it, if not a WebSocket. */
  opened(link: Link, by?: TransportName): void;
  pushed(link: Link, push: Incoming): void;
  lost(link: Link, code: number, reason: string): void;
}

export type Answer = (ok: Reply["ok"], error: Fault | undefined) => void;

export interface Link {
  /** Whether commands can be sent. */
  open: boolean;
  /** What the server said to `connect`; empty until then. */
  welcome: Welcome;
  /** Sends a command of this connection only: there is no answer if the connection is lost before. */
  ask(verb: string, body: object, answer?: Answer): void;
  /** Asks for a sign of life within a time; that which the server named, if none is given. */
  probe(seconds?: number): void;
  /** Its owner hears nothing of it any more. */
  close(code?: number, reason?: string): void;
}

let lastId = 0;

/** A new id for a command, or number of a subscription. */
export function nextId(): number {
  return ++lastId;
}

export function createLink(owner: LinkOwner, dial: Dial, encoding: Encoding, url: string): Link {
  const answers = new Map<number, Answer | undefined>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** One thing at a time is waited for: a greeting, a reason to ask for a sign of life, or that sign. */
  const wait = (seconds: number, run: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(run, seconds * 1000);
  };
  /** It is silent, or can't be understood. */
  const fail = () => {
    link.close();
    owner.lost(link, 1006, "no answer");
  };

  const link: Link = {
    open: false,
    welcome: {},
    ask(verb, body, answer) {
      const id = nextId();
      answers.set(id, answer);
      transport.send(encoding.encode({ id, [verb]: body } as Command));
    },
    probe(seconds = link.welcome.pong ?? 20) {
      link.ask("ping", {});
      wait(seconds, fail);
    },
    close(code = 1000, reason = "") {
      link.open = false;
      clearTimeout(timer);
      transport.close(code, reason);
    },
  };

  const transport = dial(url, encoding.protocol, {
    onOpen(by) {
      link.open = true;
      owner.opened(link, by);
    },
    onFrame(frame) {
      wait(link.welcome.ping ?? 25, link.probe);
      let incoming: Incoming[];
      try {
        incoming = encoding.decode(frame);
      } catch {
        return fail();
      }
      for (const one of incoming) {
        // It may have been closed over what came before.
        if (!link.open) {
          return;
        }
        const { id, ok, error } = one;
        if (id) {
          const answer = answers.get(id);
          answers.delete(id);
          answer?.(ok, error);
        } else {
          owner.pushed(link, one);
        }
      }
    },
    onClose(code, reason) {
      link.open = false;
      clearTimeout(timer);
      owner.lost(link, code, reason);
    },
  });
  /** From dialling to the reply to `connect`. */
  const greetingSeconds = 10;
  wait(greetingSeconds, fail);
  return link;
}
