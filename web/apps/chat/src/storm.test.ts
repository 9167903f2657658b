// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { webSocket } from "../../../client/src/index.ts";
import { FakeServer } from "../../../client/src/testing/fakeserver.ts";
import { Conversation } from "./conversation.ts";
import { Storm } from "./storm.ts";

// The client's sources, so that nothing has to be built before.
vi.mock("@holdfast-dev/client", () => import("../../../client/src/index.ts"));

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms = 1000) => vi.advanceTimersByTimeAsync(ms);

function setUp() {
  const server = new FakeServer();
  const got: unknown[] = [];
  const world = { cuts: 0 };
  const storm = new Storm({
    cut: () => {
      world.cuts++;
    },
    back: () => conversation.hurry(),
  });
  const conversation = new Conversation(
    "https://one.test",
    "chat/a",
    {
      onState: () => {},
      onMessage: ({ data }) => got.push(data),
      onCaughtUp: () => {},
      onClient: () => {},
      onMissing: (why) => got.push(`missing: ${why}`),
    },
    storm.through(webSocket(server.WebSocket)),
  );
  return { server, storm, conversation, got, world };
}

test("in a storm everything comes once and in order, both ways", async () => {
  const { server, storm, conversation, got, world } = setUp();
  conversation.start();
  await pass();
  storm.on = true;
  const expected: string[] = [];
  const published: Promise<unknown>[] = [];
  for (let n = 0; n < 100; n++) {
    expected.push(`${n}`);
    if (n % 2 === 0) {
      server.publish("chat/a", `${n}`);
    } else {
      published.push(conversation.publish(`${n}`));
    }
    await pass(300);
  }
  storm.on = false;
  await pass(60_000);
  await Promise.all(published);
  expect(world.cuts).toBeGreaterThan(3);
  expect(got).toEqual(server.stored("chat/a"));
  expect([...got].sort()).toEqual(expected.sort());
  const own = got.filter((data) => Number(data) % 2 === 1).map(Number);
  expect(own).toEqual([...own].sort((a, b) => a - b));
});

test("without a storm nothing is late and nothing is cut", async () => {
  const { server, conversation, world } = setUp();
  conversation.start();
  await pass(60_000);
  expect([world.cuts, server.sockets.length]).toEqual([0, 1]);
});

test("a storm that has ended cuts nothing more", async () => {
  const { server, storm, conversation, world } = setUp();
  conversation.start();
  storm.on = true;
  await pass(20_000);
  storm.on = false;
  const { cuts } = world;
  await pass(5000);
  expect(conversation.state).toEqual({ name: "live" });
  const connections = server.sockets.length;
  await pass(60_000);
  expect([world.cuts, server.sockets.length]).toEqual([cuts, connections]);
});
