import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Holdfast } from "../../../client/src/index.ts";
import { FakeServer } from "../../../client/src/testing/fakeserver.ts";
import { everyMs, Present } from "./present.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms = 100) => vi.advanceTimersByTimeAsync(ms);

async function setUp() {
  const server = new FakeServer();
  const told: (number | undefined)[] = [];
  const world = { looking: true, users: 2 };
  server.answer = (verb) =>
    verb === "presence"
      ? { ok: { users: [], count: { users: world.users, connections: world.users } } }
      : undefined;
  const present = new Present(
    () => world.looking,
    (users) => told.push(users),
  );
  const channel = new Holdfast("https://one.test", { WebSocket: server.WebSocket }).channel("chat/a");
  await pass();
  const asked = () => server.commands.filter(({ verb }) => verb === "presence").length;
  return { server, told, world, present, channel, asked };
}

test("how many are here is told at once, and again and again", async () => {
  const { told, world, present, channel } = await setUp();
  present.begin(channel);
  await pass();
  world.users = 3;
  await pass(everyMs);
  expect(told).toEqual([undefined, 2, 3]);
});

test("nobody asks while nobody looks", async () => {
  const { world, present, channel, asked } = await setUp();
  world.looking = false;
  present.begin(channel);
  await pass(5 * everyMs);
  expect(asked()).toBe(0);
});

test("without a connection it is not known, also if an answer is on its way", async () => {
  const { told, present, channel, asked } = await setUp();
  present.begin(channel);
  present.end();
  await pass(5 * everyMs);
  expect([told, asked()]).toEqual([[undefined, undefined], 1]);
});

test("a channel without presence says nothing", async () => {
  const { server, told, present, channel } = await setUp();
  server.answer = (verb) => (verb === "presence" ? { error: { code: "no_presence" } } : undefined);
  present.begin(channel);
  await pass();
  expect(told).toEqual([undefined, undefined]);
});
