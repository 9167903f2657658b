/**
 * One connection to the server, for many calls. It keeps nothing that has to outlive it: the sessions of the tabs come
 * back with their positions and with what is not acknowledged, each by itself.
 */

import type { Fault } from "../error.ts";
import { createLink, type Link } from "../link.ts";
import type { Carrier } from "../transport.ts";
import type { Command, Incoming, Reply, Welcome } from "../wire.ts";
import type { Up } from "./pipe.ts";
import { createStreams, type Ear } from "./streams.ts";

/** The hub's end of a call. */
export interface Line extends Ear {
  /** Tells the tab that it is over. */
  close(code: number, reason: string): void;
}

export interface Upstream {
  /** Whether it takes new lines: it is there, and the server does not want to be rid of it. */
  welcoming: boolean;
  join(line: Line): void;
  /** The tab has said something. */
  heard(line: Line, message: Up): void;
  /** The line is gone. With the last one the connection ends. */
  leave(line: Line, code: number, reason: string): void;
  /** Closes all lines. */
  end(code: number, reason: string): void;
}

/** The session that the tabs of an origin have. Tabs and hubs of a page note it here. */
export interface Memory {
  session?: Welcome["session"] | undefined;
}

interface ConnectCommand {
  token?: string;
  session?: Welcome["session"];
}

/** The time for a sign of life when a tab doubts the connection. */
const probeSeconds = 5;
/** How the server sees a connection that another will follow: a code that does not say that the client is done. */
export const goingOn = 3000;
/** A tab's command may grow by so many bytes on its way, for its id does. */
const idBytes = 16;

export function createUpstream(url: string, { dial, encoding }: Carrier, memory: Memory): Upstream {
  const lines = new Set<Line>();
  let welcome: Welcome | undefined;
  /** When the token expires, in the milliseconds of the clock. */
  let expiresAt: number | undefined;
  /** What the server has said to be rid of the connection. */
  let move: Incoming | undefined;
  /** The last one that the server took. */
  let token: string | undefined;
  /** The first tab's `connect` is on its way, or answered; those of others wait for that. */
  let asked = false;
  const waiting: (() => void)[] = [];
  /** What tabs have sent behind a `connect` that waits. */
  const held = new Map<Line, Command[]>();

  const end = (code: number, reason: string) => {
    self.welcoming = false;
    for (const line of lines) {
      // A hub of the same tabs has taken over the session: for them it goes on there.
      line.close(code === 4409 ? 1006 : code, reason);
    }
    lines.clear();
    link.close(goingOn);
  };
  const note = (ok: Welcome, taken: string | undefined) => {
    token = taken;
    memory.session = ok.session ?? memory.session;
    expiresAt = ok.expires && Date.now() + ok.expires * 1000;
  };
  const letIn = (line: Line, id: number, session: Welcome["session"]) => {
    const { limits, ...ok } = { ...welcome };
    const told = {
      ...ok,
      limits: { ...limits, message: (limits?.message ?? Number.POSITIVE_INFINITY) - idBytes },
      expires: expiresAt && (expiresAt - Date.now()) / 1000,
      resumed: !!session && session.id === ok.session?.id,
    };
    line.tell({ incoming: { id, ok: told } });
    if (move) {
      line.tell({ incoming: move });
    }
    const commands = held.get(line) ?? [];
    held.delete(line);
    for (const command of commands) {
      run(line, command);
    }
  };
  /** Lets a tab in where another one has connected; whether it is the same user, the server knows by its token. */
  const check = (line: Line, id: number, body: ConnectCommand) => {
    if (!welcome?.user || !body.token || body.token === token) {
      return letIn(line, id, body.session);
    }
    link.ask("refresh", { token: body.token }, (ok, error) => {
      if (error) {
        line.tell({ incoming: { id, error } });
      } else {
        note(ok, body.token);
        letIn(line, id, body.session);
      }
    });
  };
  const connect = (line: Line, id: number, body: ConnectCommand) => {
    if (asked) {
      held.set(line, []);
      if (welcome) {
        check(line, id, body);
      } else {
        waiting.push(() => check(line, id, body));
      }
      return;
    }
    asked = true;
    link.ask("connect", { ...body, session: memory.session ?? body.session }, (ok, error) => {
      if (error) {
        // The others may have tokens that are better.
        line.tell({ incoming: { id, error } });
        lines.delete(line);
        return end(1006, error.message ?? "");
      }
      link.welcome = ok;
      welcome = ok;
      note(ok, body.token);
      letIn(line, id, body.session);
      for (const next of waiting) {
        next();
      }
    });
  };
  const run = (line: Line, { id, ...command }: Command) => {
    // biome-ignore lint/suspicious/noExplicitAny: what the client itself has written.
    const [[verb, body] = ["", {}]] = Object.entries<any>(command);
    const waits = held.get(line);
    const answer = (ok: Reply["ok"], error?: Fault) =>
      line.tell({ incoming: error ? { id, error } : { id, ok } });
    if (waits) {
      waits.push({ id, ...command });
    } else if (verb === "connect") {
      connect(line, id, body);
    } else if (verb === "subscribe") {
      streams.subscribe(line, body, answer);
    } else if (verb === "unsubscribe") {
      streams.unsubscribe(line, body.sub);
      answer({});
    } else if (verb === "ping") {
      // The tab wants to know whether there is a hub; the hub itself looks after the server.
      answer({});
    } else {
      // Bytes that were decoded are to be encoded again.
      const data = body.data instanceof ArrayBuffer ? { data: new Uint8Array(body.data) } : undefined;
      link.ask(verb, { ...body, ...data }, (ok, error) => {
        if (verb === "refresh" && ok) {
          note(ok, body.token);
        }
        answer(ok, error);
      });
    }
  };

  const self: Upstream = {
    welcoming: true,
    join(line) {
      lines.add(line);
      if (link.open) {
        line.tell({ open: true });
      }
    },
    heard(line, { frame, doubt }) {
      if (frame && link.open && lines.has(line)) {
        for (const command of encoding.decode(typeof frame === "string" ? frame : frame.buffer)) {
          run(line, command as Command);
        }
      } else if (doubt && welcome) {
        link.probe(probeSeconds);
      }
    },
    leave(line, code, reason) {
      streams.unsubscribe(line);
      held.delete(line);
      if (lines.delete(line) && lines.size === 0) {
        self.welcoming = false;
        link.close(code, reason);
      }
    },
    end,
  };
  const link: Link = createLink(
    {
      opened() {
        for (const line of lines) {
          line.tell({ open: true });
        }
      },
      pushed(_, push: Incoming) {
        if (push.move) {
          // The next call is of a tab that moves: it gets another connection.
          move = push;
          self.welcoming = false;
        }
        if (!streams.pushed(push)) {
          for (const line of lines) {
            line.tell({ incoming: push });
          }
        }
      },
      lost: (_, code, reason) => end(code, reason),
    },
    dial,
    encoding,
    url,
  );
  const streams = createStreams(() => link);
  return self;
}
