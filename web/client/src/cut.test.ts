/**
 * Connections that break at every byte, either way, with what is on its way then lost or not. What must come of it is
 * in testing/stage.ts and testing/model.ts: each message once and in order or told as lost, each publication stored
 * once and in order, each promise kept or broken.
 */

import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { json } from "./json.ts";
import { msgpack } from "./msgpack.ts";
import { HoldfastSocket } from "./socket.ts";
import { Clock, restoreTime } from "./testing/clock.ts";
import { FakeServer } from "./testing/fakeserver.ts";
import type { Cut, Way } from "./testing/line.ts";
import { faultIn, textOf } from "./testing/model.ts";
import { Network } from "./testing/network.ts";
import { type Doing, doings, Stage, type Step } from "./testing/stage.ts";
import type { TransportName } from "./transport.ts";
import type { Encoding } from "./wire.ts";

afterEach(() => {
  restoreTime();
  vi.unstubAllGlobals();
});

/** Where a connection breaks that had so many bytes: at each, and by turns so that what had passed arrives or not. */
function* everywhere(bytes: Record<Way, number>, every = 1): Generator<Cut> {
  for (const way of ["up", "down"] as const) {
    for (let at = 0; at <= bytes[way]; at += every) {
      yield { way, bytes: at, arrives: at % 2 === 0 };
    }
  }
}

/** Over plain HTTP there are more bytes, and what becomes of a broken request does not depend on each: some are left out. */
const carriers: { by: TransportName; encoding: Encoding; every: number }[] = [
  { by: "websocket", encoding: json, every: 1 },
  { by: "websocket", encoding: msgpack, every: 1 },
  { by: "stream", encoding: json, every: 3 },
  { by: "polling", encoding: json, every: 5 },
  { by: "polling", encoding: msgpack, every: 9 },
];

const script: Step[] = [
  { does: "other", quietMs: 30 },
  { does: "publish", quietMs: 60 },
  { does: "publishBytes", quietMs: 20 },
  { does: "history", quietMs: 40 },
  { does: "publishNow", quietMs: 30 },
  { does: "otherNow", quietMs: 50 },
  { does: "otherB", quietMs: 30 },
  { does: "leave", quietMs: 40 },
  { does: "otherB", quietMs: 100 },
  { does: "rpc", quietMs: 60 },
  { does: "publish", quietMs: 3000 },
];

test.each(carriers)(
  "whatever byte of $encoding.protocol by $by breaks, each message is stored and comes once, in order",
  async ({ by, encoding, every }) => {
    const whole = new Stage(encoding, [], 40, by);
    expect(await whole.play(script)).toEqual([]);
    for (const cut of everywhere(whole.carried, every)) {
      const faults = await new Stage(encoding, [cut], 40, by).play(script);
      expect({ cut, faults }).toEqual({ cut, faults: [] });
    }
  },
  300_000,
);

/** Says something in a HoldfastSocket, while others do; returns what is wrong, and the bytes that it took. */
async function playSocket(encoding: Encoding, cuts: Cut[], by: TransportName) {
  const clock = new Clock();
  clock.install();
  const server = new FakeServer();
  const network = new Network(clock, server, cuts, 40);
  vi.stubGlobal("fetch", network.fetch);
  const url = `wss://one.test/channels/chat/a?since=${server.end}`;
  const socket = new HoldfastSocket(url, [], { dial: network.dial(by), encoding });
  const came: string[] = [];
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => came.push(textOf(data));
  for (const type of ["gap", "lost", "error", "close"]) {
    socket.addEventListener(type, () => came.push(`(${type})`));
  }
  server.publish("chat/a", "before");
  await clock.until(() => socket.readyState === 1, 60_000);
  const sent = ["one", Uint8Array.of(0, 255).buffer, "three"];
  for (const data of sent) {
    server.publish("chat/a", `not ${textOf(data)}`);
    socket.send(data);
    await clock.pass(60);
  }
  server.publish("chat/a", "end");
  await clock.until(() => came.includes("end") && socket.bufferedAmount === 0, 60_000);
  await clock.pass(1000);
  const carried = network.heal();
  const stored = server.stored("chat/a").map(textOf);
  const faults: unknown[] = [faultIn("it", came, stored, {})].filter((fault) => fault !== undefined);
  const mine = stored.filter((text) => sent.map(textOf).includes(text));
  if (`${mine}` !== `${sent.map(textOf)}` || socket.bufferedAmount > 0) {
    faults.push(`stored are ${mine}; ${socket.bufferedAmount} bytes are not acknowledged`);
  }
  let clean: boolean | undefined;
  socket.onclose = ({ wasClean }) => {
    clean = wasClean;
  };
  socket.close();
  await clock.pass(60_000);
  if (!clean || clock.pending > 0) {
    faults.push(`closed cleanly: ${clean}; ${clock.pending} timers are left`);
  }
  return { faults, carried };
}

test.each(carriers)(
  "nor does HoldfastSocket lose or repeat any, whatever byte of $encoding.protocol by $by breaks",
  async ({ by, encoding, every }) => {
    const { faults, carried } = await playSocket(encoding, [], by);
    expect(faults).toEqual([]);
    for (const cut of everywhere(carried, every)) {
      const { faults } = await playSocket(encoding, [cut], by);
      expect({ cut, faults }).toEqual({ cut, faults: [] });
    }
  },
  300_000,
);

test("however often connections break, move, are taken over and logs forget, it is so or is told", async () => {
  const does = fc.constantFrom(...(Object.keys(doings) as Doing[]).filter((doing) => doing !== "steal"));
  const quietMs = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 400 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
  );
  const cut: fc.Arbitrary<Cut> = fc.record({
    way: fc.constantFrom("up" as const, "down" as const),
    bytes: fc.integer({ min: 0, max: 3000 }),
    arrives: fc.boolean(),
    silent: fc.boolean(),
    lateMs: fc.constantFrom(0, 0, 1000, 30_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ does, quietMs }), { maxLength: 25 }),
      fc.array(cut, { maxLength: 8 }),
      fc.constantFrom(1, 40, 400, 2000),
      fc.constantFrom(json, msgpack),
      fc.constantFrom(...carriers.map(({ by }) => by)),
      fc.boolean(),
      async (steps, cuts, latencyMs, encoding, by, stolen) => {
        const stage = new Stage(encoding, cuts, latencyMs, by);
        const theft: Step[] = stolen ? [{ does: "steal", quietMs: 100 }] : [];
        expect(await stage.play([...steps, ...theft])).toEqual([]);
      },
    ),
    { numRuns: 1000 },
  );
}, 300_000);
