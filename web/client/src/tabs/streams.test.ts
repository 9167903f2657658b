/** Streams of one channel that are delivered each at its own pace, against a model: a log, of which each reader gets all. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Answer, Link } from "../link.ts";
import type { Incoming } from "../wire.ts";
import { createStreams } from "./streams.ts";

interface Subscribed {
  sub: number;
  /** Behind what it has been given. */
  at: number;
  live: boolean;
}

/** A server with one log, of the offsets 1, 2, 3, …; it says something only when it is asked to. */
class Server {
  end = 0;
  readonly open: Subscribed[] = [];
  readonly link = {
    ask: (verb: string, body: { sub: number; since?: string }, answer?: Answer) => {
      if (verb === "subscribe") {
        const at = body.since === undefined ? this.end : Number.parseInt(body.since, 10);
        this.open.push({ sub: body.sub, at, live: false });
        answer?.({ sub: body.sub, position: `${at}:e` }, undefined);
      } else {
        this.open.splice(
          this.open.findIndex(({ sub }) => sub === body.sub),
          1,
        );
      }
    },
  } as unknown as Link;
  readonly streams = createStreams(() => this.link);

  /** The next thing for one of the subscriptions. */
  push(which: number): void {
    const one = this.open[which % this.open.length];
    if (one && one.at < this.end) {
      one.at++;
      this.streams.pushed({ message: { sub: one.sub, offset: one.at, data: "" } });
    } else if (one && !one.live) {
      one.live = true;
      this.streams.pushed({ live: { sub: one.sub, position: `${one.at}:e` } });
    }
  }
}

/** A tab that keeps its position as docs/protocol.md has it. */
class Tab {
  readonly got: number[] = [];
  at = 0;

  hear({ message }: Incoming): void {
    if (message?.offset > this.at) {
      this.at = message.offset;
      this.got.push(this.at);
    }
  }
}

test("whatever the pace of each, all readers get everything, and in the end there is one stream", () => {
  const step = fc.record({
    what: fc.constantFrom("join", "publish", "publish", "push", "push", "push", "leave"),
    which: fc.nat({ max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const server = new Server();
      const tabs: { tab: Tab; since: number }[] = [];
      for (const { what, which } of steps) {
        const here = tabs[which % tabs.length];
        if (what === "join") {
          const [tab, since] = [new Tab(), Math.max(0, server.end - which)];
          tab.at = since;
          tabs.push({ tab, since });
          server.streams.subscribe(tab, { sub: 1, since: `${since}:e` }, () => {});
        } else if (what === "publish") {
          server.end++;
        } else if (what === "push") {
          server.push(which);
        } else if (here) {
          tabs.splice(tabs.indexOf(here), 1);
          server.streams.unsubscribe(here.tab);
        }
      }
      for (let at = 0; at < 2000; at++) {
        server.push(at);
      }
      for (const { tab, since } of tabs) {
        expect(tab.got).toEqual(Array.from({ length: server.end - since }, (_, at) => since + at + 1));
      }
      expect(server.open).toHaveLength(Math.min(1, tabs.length));
    }),
    { numRuns: 1000 },
  );
});
