/** Who is let in on a connection that several tabs have: `connect` goes to the server once, with the first one's token. */

import type { Fault } from "../error.ts";
import type { Link } from "../link.ts";
import type { Command, Incoming, Welcome } from "../wire.ts";
import type { Ear } from "./streams.ts";

export interface ConnectCommand {
  token?: string;
  session?: Welcome["session"];
}

export interface AdmissionOwner {
  /** What a tab has sent, in its turn. */
  run(ear: Ear, command: Command): void;
  /** The server does not let this tab in, and closes the connection. */
  refused(ear: Ear, error: Fault): void;
}

export interface Admission {
  connect(ear: Ear, id: number, body: ConnectCommand): void;
  /** Keeps a command back until its tab is let in; false if it is. */
  keeps(ear: Ear, command: Command): boolean;
  /** The server has taken a token. */
  took(ok: Welcome, token: string | undefined): void;
  /** The server wants to be rid of the connection; whoever is let in later is told, too. */
  move(push: Incoming): void;
  leave(ear: Ear): void;
}

/** A tab's command may grow by so many bytes on its way, for its id does. */
const idBytes = 16;

export function createAdmission(link: () => Link, owner: AdmissionOwner): Admission {
  /** The first `connect` is on its way, or answered; the others wait for that. */
  let asked = false;
  let welcome: Welcome | undefined;
  let session: Welcome["session"];
  /** When the token expires, in the milliseconds of the clock. */
  let expiresAt: number | undefined;
  /** The last one that the server took. */
  let token: string | undefined;
  let moving: Incoming | undefined;
  const waiting: (() => void)[] = [];
  /** What tabs have sent behind a `connect` that waits. */
  const kept = new Map<Ear, Command[]>();

  const took = (ok: Welcome, taken: string | undefined) => {
    token = taken;
    session = ok.session ?? session;
    expiresAt = ok.expires && Date.now() + ok.expires * 1000;
  };
  const letIn = (ear: Ear, id: number, from: Welcome["session"]) => {
    const { limits, ...ok } = { ...welcome };
    const told = {
      ...ok,
      session,
      limits: { ...limits, message: (limits?.message ?? Number.POSITIVE_INFINITY) - idBytes },
      expires: expiresAt && (expiresAt - Date.now()) / 1000,
      resumed: !!from && from.id === session?.id,
    };
    ear.hear({ id, ok: told });
    if (moving) {
      ear.hear(moving);
    }
    const commands = kept.get(ear) ?? [];
    kept.delete(ear);
    for (const command of commands) {
      owner.run(ear, command);
    }
  };
  /** Whether a tab is the same user, the server knows by its token. */
  const check = (ear: Ear, id: number, body: ConnectCommand) => {
    if (!welcome?.user || !body.token || body.token === token) {
      return letIn(ear, id, body.session);
    }
    link().ask("refresh", { token: body.token }, (ok, error) => {
      if (error) {
        ear.hear({ id, error });
      } else {
        took(ok, body.token);
        letIn(ear, id, body.session);
      }
    });
  };

  return {
    connect(ear, id, body) {
      if (asked) {
        kept.set(ear, []);
        if (welcome) {
          check(ear, id, body);
        } else {
          waiting.push(() => check(ear, id, body));
        }
        return;
      }
      asked = true;
      link().ask("connect", body, (ok, error) => {
        if (error) {
          ear.hear({ id, error });
          return owner.refused(ear, error);
        }
        link().welcome = ok;
        welcome = ok;
        took(ok, body.token);
        letIn(ear, id, body.session);
        for (const next of waiting) {
          next();
        }
      });
    },
    keeps: (ear, command) => !!kept.get(ear)?.push(command),
    took,
    move(push) {
      moving = push;
    },
    leave: (ear) => kept.delete(ear),
  };
}
