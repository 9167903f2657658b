/**
 * Tabs that come and go as they like, against a model of what must arrive: each tab that lives to see the end has got
 * what was stored since it began, each message once, in order; and there is one connection for all.
 */

import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Stored } from "../outbox.ts";
import { Browser, type Tab } from "../testing/browser.ts";
import { pass } from "../testing/setup.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const what = [
  "open",
  "say",
  "other",
  "close",
  "kill",
  "leader dies",
  "cut",
  "silence",
  "move",
  "freeze",
] as const;

/** Something happens, to one of the tabs that there are; and then nothing for a while. */
interface Step {
  what: (typeof what)[number];
  which: number;
  quietMs: number;
}

/** What one tab has got and sent. */
class Visit {
  readonly got: unknown[] = [];
  readonly patterned: unknown[] = [];
  readonly mishaps: unknown[] = [];
  readonly said: string[] = [];
  readonly stored: Promise<Stored>[] = [];
  readonly expected: () => unknown[];

  constructor(
    readonly tab: Tab,
    browser: Browser,
    whole: boolean,
  ) {
    const { server } = browser;
    const begin = whole ? 0 : server.stored("chat/a").length;
    const since = whole ? `0:${server.epoch}` : server.end;
    this.expected = () => server.stored("chat/a").slice(begin);
    const channel = tab.holdfast.channel("chat/a", { since });
    channel.on("message", ({ data }) => this.got.push(data));
    const feed = tab.holdfast.pattern("chat/#", { since });
    feed.on("message", ({ data }) => this.patterned.push(data));
    for (const type of ["gap", "lost", "error"] as const) {
      channel.on(type, (detail) => this.mishaps.push(detail));
      feed.on(type, (detail) => this.mishaps.push(detail));
    }
    tab.holdfast.on("closed", (closed) => closed.clean || this.mishaps.push(closed));
  }

  say(text: string): void {
    this.said.push(text);
    const stored = this.tab.holdfast.channel("chat/a").publish(text);
    // Of a tab that is gone it is not asked.
    stored.catch(() => {});
    this.stored.push(stored);
  }
}

async function play(steps: Step[], delays: number[]): Promise<void> {
  vi.clearAllTimers();
  const browser = new Browser();
  const { server, origin } = browser;
  let turn = 0;
  origin.delayMs = () => delays[turn++ % delays.length] ?? 1;
  const here: Visit[] = [];
  for (const [at, { what, which, quietMs }] of steps.entries()) {
    const visit = here[which % here.length];
    const leave = (one: Visit | undefined) => one && here.splice(here.indexOf(one), 1);
    if (what === "open") {
      here.push(new Visit(browser.open(), browser, which % 2 === 0));
    } else if (what === "say") {
      visit?.say(`said ${at}`);
    } else if (what === "other") {
      server.publish("chat/a", `other ${at}`);
    } else if (what === "close") {
      leave(visit);
      void visit?.tab.holdfast.close();
    } else if (what === "kill") {
      leave(visit);
      visit?.tab.kill();
    } else if (what === "leader dies") {
      const leader = here.find(({ tab }) => tab === browser.leader);
      leave(leader);
      leader?.tab.kill();
    } else if (what === "cut") {
      server.open[0]?.cut();
    } else if (what === "silence") {
      server.open[0]?.silence();
    } else if (what === "move") {
      server.open[0]?.push({ move: { after: 0, spread: 1 } });
    } else if (visit) {
      visit.tab.fake.freeze();
      setTimeout(() => visit.tab.fake.thaw(), 3000);
    }
    await pass(quietMs);
  }
  await pass(200_000);
  for (const { got, patterned, expected, mishaps, said, stored } of here) {
    expect(mishaps).toEqual([]);
    expect(got).toEqual(expected());
    expect(patterned).toEqual(expected());
    expect(server.stored("chat/a").filter((text) => said.includes(text as string))).toEqual(said);
    await Promise.all(stored);
  }
  const log = server.stored("chat/a");
  expect(new Set(log).size).toBe(log.length);
  expect(server.open).toHaveLength(here.length > 0 ? 1 : 0);
  expect(browser.subscriptions("chat/a")).toBe(here.length > 0 ? 1 : 0);
  const held = [...origin.locks.values()].flat();
  expect(held.length).toBeLessThanOrEqual(browser.tabs.length * 3 + 1);
  for (const { holdfast } of browser.tabs) {
    void holdfast.close();
  }
  await pass(20_000);
  expect(server.open).toEqual([]);
  expect(origin.channels.size).toBe(0);
  expect([...origin.locks.values()].flat()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
}

test("whatever happens to tabs and connections, none loses, repeats or reorders anything", async () => {
  const step = fc.record({
    what: fc.constantFrom(...what, "open" as const, "say" as const, "other" as const, "other" as const),
    which: fc.nat({ max: 9 }),
    quietMs: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 2000 }), fc.nat({ max: 40_000 })),
  });
  const delays = fc.array(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 200 })), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), delays, play), {
    numRuns: 200,
  });
}, 60_000);
