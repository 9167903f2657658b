/**
 * One connection, from dialling to its end: commands are matched to their replies by id, and silence is noticed.
 * It knows nothing of sessions; whoever owns it is told once when it is lost.
 *
 * The parts of the core are functions that make objects, not classes: what is private has no name in the bundle.
 */

import type { Fault } from "./error.ts";
import type { Dial } from "./transport.ts";
import type { Command, Encoding, Frame, Incoming, Reply, Welcome } from "./wire.ts";

/** From dialling to the reply to `connect`. */
const greetingMs = 10_000;

export interface LinkOwner {
  /** A new command id. */
  nextId(): number;
  opened(link: Link): void;
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
  /** Sends a command that is encoded already. */
  send(id: number, frame: Frame, answer?: Answer): void;
  /** The reply to `connect` has come: from now on silence is watched for. */
  greeted(welcome: Welcome): void;
  /** Asks for a sign of life within a time. */
  probe(ms: number): void;
  /** Its owner hears nothing of it any more. */
  close(code?: number, reason?: string): void;
}

export function createLink(owner: LinkOwner, dial: Dial, encoding: Encoding, url: string): Link {
  const answers = new Map<number, Answer | undefined>();
  let heard = 0;
  let heardAt = 0;

  const close = (code = 1000, reason = "") => {
    link.open = false;
    clearTimeout(timer);
    transport.close(code, reason);
  };
  const fail = (reason: string) => {
    close();
    owner.lost(link, 1006, reason);
  };
  // The clock of the wall also runs while the machine sleeps. Set back, it costs at most one `ping`.
  const watch = () => {
    const { ping = 25, pong = 20 } = link.welcome;
    const wait = ping * 1000 - Math.max(0, Date.now() - heardAt);
    if (wait > 0) {
      timer = setTimeout(watch, wait);
    } else {
      link.probe(pong * 1000);
    }
  };

  const link: Link = {
    open: false,
    welcome: {},
    ask(verb, body, answer) {
      const id = owner.nextId();
      link.send(id, encoding.encode({ id, [verb]: body } as Command), answer);
    },
    send(id, frame, answer) {
      answers.set(id, answer);
      transport.send(frame);
    },
    greeted(welcome) {
      link.welcome = welcome;
      clearTimeout(timer);
      watch();
    },
    probe(ms) {
      const before = heard;
      link.ask("ping", {});
      clearTimeout(timer);
      timer = setTimeout(() => (heard === before ? fail("no sign of life") : watch()), ms);
    },
    close,
  };

  let timer = setTimeout(fail, greetingMs, "no answer");
  const transport = dial(url, encoding.protocol, {
    onOpen() {
      link.open = true;
      owner.opened(link);
    },
    onFrame(frame) {
      heard++;
      heardAt = Date.now();
      let incoming: Incoming[];
      try {
        incoming = encoding.decode(frame);
      } catch {
        return fail("not understood");
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
  return link;
}
