/**
 * A session in which everything happens that may, and the model of what must come of it: what the server has stored is
 * the model. A client follows a channel and a pattern from the beginning, another channel from its newest two
 * messages, and one without history, while it and others publish.
 */

import { vi } from "vitest";
import type { Channel } from "../channel.ts";
import type { Feed, Message } from "../feed.ts";
import { Holdfast } from "../holdfast.ts";
import type { Stored } from "../outbox.ts";
import type { Closed } from "../session.ts";
import type { TransportName } from "../transport.ts";
import type { Encoding, Payload } from "../wire.ts";
import { Clock } from "./clock.ts";
import { FakeServer } from "./fakeserver.ts";
import type { Cut, Way } from "./line.ts";
import { type Asked, type Extent, faultIn, faultsOf, keyOf } from "./model.ts";
import { Network } from "./network.ts";

/** What came in a feed: messages by their keys, and in brackets what else was told. */
type Came = string[];

export type Doing = keyof typeof doings;

export interface Step {
  does: Doing;
  /** How long it is quiet after that. */
  quietMs: number;
}

export const doings = {
  publish: (stage: Stage) => stage.publish("chat/a", stage.text("mine")),
  publishBytes: (stage: Stage) => stage.publish("chat/a", stage.bytes().buffer),
  publishNow: (stage: Stage) => stage.publish("now/a", stage.text("mine")),
  other: ({ server, text }: Stage) => server.publish("chat/a", text("other")),
  otherBytes: ({ server, bytes }: Stage) => server.publish("chat/a", bytes()),
  otherB: ({ server, text }: Stage) => server.publish("chat/b", text("other")),
  /** With an id, by which it is known if it comes on both connections of a client that moves. */
  otherNow: ({ server, text }: Stage) => {
    const data = text("other");
    server.publish("now/a", data, { id: data });
  },
  history: (stage: Stage) => stage.ask(stage.pages, "chat/a", stage.a.history({ last: 2 })),
  rpc: (stage: Stage) => {
    const data = stage.text("call");
    stage.ask(stage.calls, data, stage.holdfast.rpc("echo", data));
  },
  leave: (stage: Stage) => stage.leave(),
  move: ({ server }: Stage) => server.open[0]?.push({ move: { after: 0, spread: 1 } }),
  /** Another connection takes over the session. */
  steal: ({ server }: Stage) => {
    for (const socket of server.open) {
      socket.cut(4409, "taken over");
    }
  },
  forget: (stage: Stage) => stage.forget("forget"),
  reset: (stage: Stage) => stage.forget("reset"),
};

/** What is in `chat/b` before, and how much of it the client asks for. */
const early = ["early 1", "early 2", "early 3"];
const last = 2;

export class Stage {
  readonly clock = new Clock();
  readonly server = new FakeServer();
  readonly network: Network;
  readonly holdfast: Holdfast;
  readonly came: Record<"a" | "b" | "all" | "now", Came> = { a: [], b: [], all: [], now: [] };
  readonly publications: Asked<Stored>[] = [];
  readonly pages: Asked<{ messages: Message<Payload>[] }>[] = [];
  readonly calls: Asked<Payload>[] = [];
  readonly a: Channel<Payload>;
  readonly #b: Channel<Payload>;
  readonly #feeds: Feed<Payload>[] = [];
  /** The bytes that the first connection had when the steps were played. */
  carried: Record<Way, number> = { up: 0, down: 0 };
  /** How much had come in `b` when the client unsubscribed from it. */
  #left: number | undefined;
  /** Whether messages are forgotten, so that some may be lost. */
  #forgets = false;
  #closed: Closed | undefined;
  #numbered = 0;
  readonly #cuts: Cut[];

  /** All connections are carried by one transport. */
  constructor(encoding: Encoding, cuts: Cut[], latencyMs = 40, by: TransportName = "websocket") {
    this.#cuts = cuts;
    this.clock.install();
    this.network = new Network(this.clock, this.server, cuts, latencyMs);
    for (const text of early) {
      this.server.publish("chat/b", text);
    }
    vi.stubGlobal("fetch", this.network.fetch);
    const dial = this.network.dial(by);
    const since = this.server.end;
    this.holdfast = new Holdfast("https://one.test", { dial, encoding });
    this.holdfast.on("closed", (closed) => {
      this.#closed = closed;
    });
    this.a = this.holdfast.channel("chat/a", { since });
    this.#b = this.holdfast.channel("chat/b", { last });
    this.#follow(this.a, this.came.a);
    this.#follow(this.#b, this.came.b);
    this.#follow(this.holdfast.pattern("chat/#", { since }), this.came.all);
    this.#follow(this.holdfast.channel("now/a"), this.came.now);
  }

  text = (who: string) => `${who} ${++this.#numbered}`;
  bytes = () => Uint8Array.of(0, 255, ++this.#numbered);

  publish(channel: string, data: Payload): void {
    this.ask(this.publications, channel, this.holdfast.channel(channel).publish(data), data);
  }

  leave(): void {
    this.#b.unsubscribe();
    this.#left ??= this.came.b.length;
  }

  forget(how: "forget" | "reset"): void {
    this.#forgets = true;
    this.server[how]();
  }

  ask<T>(list: Asked<T>[], channel: string, promise: Promise<T>, data: unknown = channel): void {
    const asked: Asked<T> = { channel, data };
    list.push(asked);
    promise.then(
      (kept) => {
        asked.kept = kept;
      },
      (failed) => {
        asked.failed = failed;
      },
    );
  }

  #follow(feed: Feed<Payload>, came: Came): void {
    this.#feeds.push(feed);
    feed.on("message", (message) => came.push(keyOf(message)));
    feed.on("lost", () => came.push("(lost)"));
    feed.on("gap", () => came.push("(gap)"));
    feed.on("error", ({ code }) => came.push(`(error: ${code})`));
  }

  /** Plays the steps and then waits until everything has come that must. Returns what is wrong. */
  async play(steps: Step[]): Promise<string[]> {
    const { clock, server, came } = this;
    for (const { does, quietMs } of steps) {
      doings[does](this);
      await clock.pass(quietMs);
    }
    this.carried = this.network.heal();
    // Until each side has noticed silence.
    const silence = this.#cuts.reduce((ms, { silent, lateMs = 0 }) => ms + (silent ? 60_000 : 0) + lateMs, 0);
    await clock.pass(silence);
    const live = () => this.#feeds.every(({ state }) => state === "live" || state === "closed");
    await clock.until(live, 60_000);
    for (const channel of ["chat/a", "chat/b", "now/a"]) {
      server.publish(channel, "end", { id: "end" });
    }
    const ended = (all: Came) => !!all.at(-1)?.endsWith("end");
    const settled = () =>
      (this.#left !== undefined || ended(came.b)) && ended(came.a) && ended(came.all) && this.#pending === 0;
    await clock.until(() => this.#closed !== undefined || settled(), 60_000);
    await clock.pass(20_000);
    const faults = this.#closed ? [] : this.#faultsOfHolding();
    const taken = this.#closed !== undefined;
    this.holdfast.close();
    await clock.until(() => this.#closed !== undefined, 60_000);
    if (this.#closed?.code !== (taken ? 4409 : 1000)) {
      faults.push(`it closed: ${JSON.stringify(this.#closed)}`);
    }
    await clock.pass(60_000);
    if (clock.pending > 0) {
      faults.push(`${clock.pending} timers are left`);
    }
    return [...faults, ...this.#faultsOfFeeds(taken), ...this.#faultsOfAnswers(taken)];
  }

  get #pending(): number {
    const all: Asked<unknown>[] = [...this.publications, ...this.pages, ...this.calls];
    return all.filter(({ kept, failed }) => kept === undefined && failed === undefined).length;
  }

  /** The server has one connection, with what the client subscribes to. (One that opened unheard ends by itself.) */
  #faultsOfHolding(): string[] {
    const used = this.server.open.filter(({ names }) => names.length > 0);
    const held = used.map(({ names }) => names.join(" ")).join(", and ");
    const meant = ["chat/#", "chat/a", ...(this.#left === undefined ? ["chat/b"] : []), "now/a"].join(" ");
    return held === meant ? [] : [`the server holds ${held}; want ${meant}`];
  }

  #faultsOfFeeds(taken: boolean): string[] {
    const { came, server } = this;
    const of = (belongs: RegExp) =>
      server.published.filter(({ channel }) => belongs.test(channel)).map(keyOf);
    const whole: Extent = { losable: this.#forgets, ...(taken ? { to: "anywhere" } : {}) };
    const anywhere: Extent = { ...whole, from: "anywhere", losable: true };
    const left: Extent = this.#left === undefined ? {} : { to: "anywhere" };
    const behindLeft = this.#left === undefined ? [] : came.b.slice(this.#left);
    return [
      faultIn("chat/a", came.a, of(/^chat.a$/), whole),
      faultIn("chat/#", came.all, of(/^chat/).slice(early.length), whole),
      // It has no place to go on from until it is answered: a move before that may leave a gap, and tells it.
      faultIn("chat/b", came.b, of(/^chat.b$/).slice(early.length - last), { ...anywhere, ...left }),
      faultIn("now/a", came.now, of(/^now/), anywhere),
      ...behindLeft.map((one) => `chat/b: ${one} came behind unsubscribe()`),
    ].filter((fault) => fault !== undefined);
  }

  #faultsOfAnswers(taken: boolean): string[] {
    const { server } = this;
    const closed = taken ? ["closed"] : [];
    const faults = faultsOf(this.publications, server.published, (channel, code) =>
      // Without what is kept nobody can tell whether a publication was stored that long ago.
      code === "outcome_unknown" ? this.#forgets || channel === "now/a" : closed.includes(code),
    );
    for (const { data, failed } of this.calls) {
      const times = server.commands.filter(({ verb, body }) => verb === "rpc" && body.data === data).length;
      if (times > 1 || (failed && ![...closed, "disconnected"].includes(failed.code))) {
        faults.push(`${data} was called ${times} times, and failed: ${failed?.code}`);
      }
    }
    const all = server.published.filter(({ channel }) => channel === "chat/a").map(keyOf);
    for (const { kept, failed } of this.pages) {
      const page = kept?.messages.map(keyOf).join("\n") ?? "";
      if (!all.join("\n").includes(page) || (failed && !closed.includes(failed.code))) {
        faults.push(`history gave ${page}, or failed: ${failed?.code}`);
      }
    }
    return faults;
  }
}
