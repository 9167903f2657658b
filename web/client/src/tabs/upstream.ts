/**
 * One connection to the server, for many calls. It keeps nothing that has to outlive it: the sessions of the tabs come
 * back with their positions and with what is not acknowledged, each by itself.
 */

import type { Fault } from "../error.ts";
import { createLink, type Link } from "../link.ts";
import type { Carrier, TransportName } from "../transport.ts";
import type { Command, Incoming, Reply } from "../wire.ts";
import { createAdmission } from "./admission.ts";
import type { Line } from "./line.ts";
import type { Up } from "./pipe.ts";
import { createStreams } from "./streams.ts";

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

/** The time for a sign of life when a tab doubts the connection. */
const probeSeconds = 5;
/** How the server sees a connection that another will follow: a code that does not say that the client is done. */
export const goingOn = 3000;

export function createUpstream(url: string, { dial, encoding }: Carrier): Upstream {
  const lines = new Set<Line>();
  let carriedBy: TransportName | undefined;
  const end = (code: number, reason: string) => {
    self.welcoming = false;
    for (const line of lines) {
      // A hub of the same tabs has taken over the session: for them it goes on there.
      line.close(code === 4409 ? 1006 : code, reason);
    }
    lines.clear();
    link.close(goingOn);
  };
  const run = (line: Line, command: Command) => {
    if (admission.keeps(line, command)) {
      return;
    }
    const { id, ...rest } = command;
    // biome-ignore lint/suspicious/noExplicitAny: what the client itself has written.
    const [[verb, body] = ["", {}]] = Object.entries<any>(rest);
    const answer = (ok: Reply["ok"], error?: Fault) => line.hear(error ? { id, error } : { id, ok });
    if (verb === "connect") {
      admission.connect(line, id, body);
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
          admission.took(ok, body.token);
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
        line.open(carriedBy);
      }
    },
    heard(line, { frame, doubt }) {
      if (frame && link.open && lines.has(line)) {
        for (const command of encoding.decode(typeof frame === "string" ? frame : frame.buffer)) {
          run(line, command as Command);
        }
      } else if (doubt && link.welcome.session) {
        link.probe(probeSeconds);
      }
    },
    leave(line, code, reason) {
      streams.unsubscribe(line);
      admission.leave(line);
      if (lines.delete(line) && lines.size === 0) {
        self.welcoming = false;
        link.close(code, reason);
      }
    },
    end,
  };
  const link: Link = createLink(
    {
      opened(_, by) {
        carriedBy = by;
        for (const line of lines) {
          line.open(by);
        }
      },
      pushed(_, push: Incoming) {
        if (push.move) {
          // The next call is of a tab that moves: it gets another connection.
          admission.move(push);
          self.welcoming = false;
        }
        if (!streams.pushed(push)) {
          for (const line of lines) {
            line.hear(push);
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
  const admission = createAdmission(() => link, {
    run: (ear, command) => run(ear as Line, command),
    refused(ear, error) {
      // The others may have tokens that are better.
      lines.delete(ear as Line);
      end(1006, error.message ?? "");
    },
  });
  return self;
}
