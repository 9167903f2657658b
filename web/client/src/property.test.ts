/**
 * Drops at every point of a session, against a model of what must arrive: what is stored is the model. In a channel
 * with history each message comes once, in order, whoever sent it; what is sent is stored once, in order.
 */

import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Holdfast } from "./holdfast.ts";
import { json } from "./json.ts";
import { msgpack } from "./msgpack.ts";
import type { Stored } from "./outbox.ts";
import { HoldfastSocket } from "./socket.ts";
import { FakeServer, type Fate, fault } from "./testing/fakeserver.ts";
import type { Encoding } from "./wire.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** What happens in a session: who says something, or the server asks to move; and how long it is quiet after that. */
interface Step {
  who: "me" | "other" | "move" | "refusal";
  quietMs: number;
}

/** Plays a session with both faces of the client at once, and checks what came of it. */
async function play(steps: Step[], fates: Fate[], latencyMs: number, encoding: Encoding): Promise<void> {
  const server = new FakeServer();
  server.latencyMs = latencyMs;
  server.fates = [...fates];
  const { WebSocket, dial } = server;
  const got: unknown[] = [];
  const patterned: unknown[] = [];
  const socketGot: unknown[] = [];
  const mishaps: unknown[] = [];
  const stored: Promise<Stored>[] = [];
  const holdfast = new Holdfast("https://one.test", { dial, encoding });
  const channel = holdfast.channel("chat/a", { since: server.end });
  channel.on("message", ({ data }) => got.push(data));
  const feed = holdfast.pattern("chat/#", { since: server.end });
  feed.on("message", ({ data }) => patterned.push(data));
  for (const type of ["gap", "lost", "error"] as const) {
    channel.on(type, (detail) => mishaps.push(detail));
    feed.on(type, (detail) => mishaps.push(detail));
  }
  const socket = new HoldfastSocket(`wss://one.test/channels/chat/a?since=${server.end}`, [], {
    WebSocket,
    encoding,
  });
  socket.onmessage = ({ data }) => socketGot.push(data);
  socket.onerror = () => mishaps.push("error");
  const mine: string[] = [];
  const socketSent: string[] = [];
  for (const [at, { who, quietMs }] of steps.entries()) {
    if (who === "other") {
      server.publish("chat/a", `other ${at}`);
    } else if (who === "move") {
      server.open[0]?.push({ move: { after: 0, spread: 1 } });
    } else if (who === "refusal") {
      let refusals = 1;
      server.answer = (verb) =>
        verb === "subscribe" && refusals-- > 0 ? fault("unavailable", { retry: true, after: 1 }) : undefined;
    } else {
      mine.push(`mine ${at}`);
      stored.push(channel.publish(`mine ${at}`));
      if (socket.readyState === 1) {
        socketSent.push(`socket ${at}`);
        socket.send(`socket ${at}`);
      }
    }
    await pass(quietMs);
  }
  // Whatever is still to come: silence is noticed, and no more than the fates is cut.
  await pass((fates.length + 2) * 80_000);

  const log = server.stored("chat/a");
  expect(log.filter((text) => String(text).startsWith("mine"))).toEqual(mine);
  expect(log.filter((text) => String(text).startsWith("socket"))).toEqual(socketSent);
  expect(new Set(log).size).toBe(log.length);
  expect(got).toEqual(log);
  expect(patterned).toEqual(log);
  expect(socketGot).toEqual(log);
  expect(mishaps).toEqual([]);
  const offsets = server.logs.get("chat/a")?.filter(({ data }) => mine.includes(data as string));
  expect((await Promise.all(stored)).map(({ offset }) => offset)).toEqual(
    offsets?.map(({ offset }) => offset) ?? [],
  );
  socket.close();
  holdfast.close();
  await pass(6000);
  expect(vi.getTimerCount()).toBe(0);
}

const script: Step[] = Array.from({ length: 8 }, (_, at) => ({ who: at % 2 ? "other" : "me", quietMs: 40 }));

test.each([
  { encoding: json, silent: false },
  { encoding: json, silent: true },
  { encoding: msgpack, silent: false },
])(
  "a session in $encoding.protocol survives a cut after each frame (silently: $silent)",
  async (how) => {
    const { encoding, silent } = how;
    for (let frames = 0; frames < 45; frames++) {
      await play(
        script,
        Array(2)
          .fill(undefined)
          .map(() => ({ frames, silent })),
        10,
        encoding,
      );
    }
  },
  30_000,
);

test("a scripted session survives two cuts, wherever they are", async () => {
  for (let first = 0; first < 40; first += 3) {
    for (let second = 0; second < 40; second += 3) {
      await play(
        script,
        [{ frames: first }, { frames: second }, { frames: first }, { frames: second }],
        10,
        json,
      );
    }
  }
}, 30_000);

test("random sessions on random networks lose nothing and repeat nothing", async () => {
  const step = fc.record({
    who: fc.constantFrom("me" as const, "other" as const, "me" as const, "move" as const, "refusal" as const),
    quietMs: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 40_000 })),
  });
  const fate = fc.record({ frames: fc.integer({ min: 0, max: 40 }), silent: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 20 }),
      fc.array(fate, { maxLength: 8 }),
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom(json, msgpack),
      play,
    ),
    { numRuns: 150 },
  );
}, 30_000);
