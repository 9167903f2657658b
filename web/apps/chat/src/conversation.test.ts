// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TransportName } from "../../../client/src/index.ts";
import { FakeServer } from "../../../client/src/testing/fakeserver.ts";
import { Conversation, historyCount } from "./conversation.ts";

// The client's sources, so that nothing has to be built before.
vi.mock("@holdfast-dev/client", () => import("../../../client/src/index.ts"));

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms = 1000) => vi.advanceTimersByTimeAsync(ms);

/** A room on a server in memory, and what the page is told of it, in one list. */
function setUp(channel = "chat/a", server = new FakeServer(), dial = server.dial) {
  const told: string[] = [];
  const conversation = new Conversation(
    "https://one.test",
    channel,
    {
      onState: (state) => told.push(`(${state.name})`),
      onMessage: ({ data }, occasion) => told.push(`${occasion} ${data}`),
      onCaughtUp: (awayMs) => told.push(`caught up after ${Math.round(awayMs / 10_000)}0 s`),
      onClient: () => {},
      onMissing: (why) => told.push(`missing: ${why}`),
    },
    dial,
  );
  const take = () => told.splice(0);
  return { server, conversation, take };
}

test("whoever enters a room gets its newest messages", async () => {
  const { server, conversation, take } = setUp();
  for (let n = 0; n < historyCount; n++) {
    server.publish("chat/a", `${n}`);
  }
  server.answer = (verb, { sub, last }) =>
    verb === "subscribe" && last === historyCount ? { ok: { sub, position: "0:e1" } } : undefined;
  conversation.start();
  await pass();
  const told = take();
  expect(told.filter((line) => line.startsWith("history"))).toHaveLength(historyCount);
  expect([told[0], told.at(-2), told.at(-1)]).toEqual(["(connecting)", "history 99", "(live)"]);
});

test("after a drop what was missed comes once, in order, and then it is said that all has come", async () => {
  const { server, conversation, take } = setUp();
  conversation.start();
  await pass();
  server.publish("chat/a", "1");
  await pass();
  expect(take().at(-1)).toBe("live 1");
  server.refuse = true;
  server.last.cut();
  await pass(5000);
  server.publish("chat/a", "2");
  server.publish("chat/a", "3");
  expect(new Set(take())).toEqual(new Set(["(reconnecting)", "(connecting)"]));
  server.refuse = false;
  await pass(35_000);
  const told = take();
  expect(told.filter((line) => !line.startsWith("("))).toEqual([
    "missed 2",
    "missed 3",
    expect.stringMatching(/^caught up after \d+ s$/),
  ]);
  expect(told.at(-1)).toBe("(live)");
});

test("a room that is live tells what carries it, if it is not a WebSocket", async () => {
  const server = new FakeServer();
  let by: TransportName | undefined = "stream";
  const { conversation, take } = setUp("chat/a", server, (url, subprotocol, events) =>
    server.dial(url, subprotocol, { ...events, onOpen: () => events.onOpen(by) }),
  );
  conversation.start();
  await pass();
  expect(conversation.state).toEqual({ name: "live", by: "stream" });
  take();
  by = undefined;
  server.last.push({ move: { after: 0, spread: 0 } });
  await pass();
  expect([conversation.state, take()]).toEqual([{ name: "live" }, ["(live)"]]);
});

test("what is published while it is away is stored, once, when it is back", async () => {
  const { server, conversation } = setUp();
  conversation.start();
  await pass();
  server.refuse = true;
  server.last.cut();
  await pass();
  const published = conversation.publish("x");
  server.refuse = false;
  await pass(35_000);
  await expect(published).resolves.toMatchObject({ epoch: "e1" });
  expect(server.stored("chat/a")).toEqual(["x"]);
});

test("a room that keeps nothing says that something may be missing", async () => {
  const { server, conversation, take } = setUp("now/a");
  conversation.start();
  await pass();
  take();
  server.last.cut();
  await pass(5000);
  server.publish("now/a", "x");
  await pass();
  expect(take().filter((line) => !line.startsWith("("))).toEqual([
    "missing: no_history",
    expect.stringMatching(/^caught up/),
    "live x",
  ]);
});

test("a log that was made anew is told, and what it has comes", async () => {
  const { server, conversation, take } = setUp();
  conversation.start();
  await pass();
  server.epoch = "e2";
  take();
  server.last.cut();
  await pass(5000);
  expect(take()).toContain("missing: reset");
});

test("when the server ends it for good it is closed, and goes on where it was when started again", async () => {
  const { server, conversation, take } = setUp();
  conversation.start();
  await pass();
  server.publish("chat/a", "1");
  await pass();
  server.last.cut(4403, "enough");
  await pass(60_000);
  expect(take().at(-1)).toBe("(closed)");
  expect(conversation.state).toMatchObject({ name: "closed" });
  server.publish("chat/a", "2");
  conversation.start();
  conversation.start();
  await pass();
  expect(take().filter((line) => !line.startsWith("("))).toEqual([
    "missed 2",
    expect.stringMatching(/^caught up/),
  ]);
});

test("a room that one may not enter is closed, with the server's words", async () => {
  const { server, conversation } = setUp();
  server.answer = (verb) =>
    verb === "subscribe" ? { error: { code: "not_permitted", message: "members only" } } : undefined;
  conversation.start();
  await pass(60_000);
  expect(conversation.state).toEqual({
    name: "closed",
    closed: { code: "not_permitted", reason: "members only", opened: true },
  });
});

test("a reader who leaves is done with, and comes back if the page is seen again", async () => {
  const { server, conversation, take } = setUp();
  conversation.start();
  await pass();
  const { last } = server;
  conversation.leave();
  expect(last.closedWith?.code).toBe(1000);
  server.publish("chat/a", "1");
  await pass(2000);
  expect(take()).toContain("missed 1");
  expect(conversation.state).toEqual({ name: "live" });
});

test("a server that can't be reached is tried again, at once if the reader hurries", async () => {
  const { server, conversation, take } = setUp();
  server.refuse = true;
  conversation.start();
  await pass(100_000);
  expect(new Set(take())).toEqual(new Set(["(connecting)", "(reconnecting)"]));
  server.refuse = false;
  conversation.hurry();
  await pass(100);
  expect(conversation.state).toEqual({ name: "live" });
});
