import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Holdfast } from "../../../client/src/index.ts";
import { FakeServer } from "../../../client/src/testing/fakeserver.ts";
import { describeWriters, everyMs, lastsMs, Typing } from "./typing.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms = 100) => vi.advanceTimersByTimeAsync(ms);
const channel = "now/a";

async function setUp() {
  const server = new FakeServer();
  const told: string[][] = [];
  const typing = new Typing(channel, (names) => told.push(names));
  typing.join(new Holdfast("https://one.test", { WebSocket: server.WebSocket }));
  await pass();
  const says = (from: string, page = from) => server.publish(channel, JSON.stringify({ v: 1, page, from }));
  return { server, told, typing, says };
}

test("whoever writes is told of, until a time has passed without a word of it", async () => {
  const { told, says } = await setUp();
  says("Ada");
  await pass(lastsMs - 100);
  says("Ada");
  await pass(lastsMs - 100);
  expect(told).toEqual([["Ada"], ["Ada"]]);
  await pass(200);
  expect(told.at(-1)).toEqual([]);
});

test("whoever has sent the message is not writing it any more", async () => {
  const { told, typing, says } = await setUp();
  says("Ada");
  says("Grace");
  await pass();
  typing.arrived("Ada");
  typing.arrived("Edsger");
  expect(told.at(-1)).toEqual(["Grace"]);
});

test("it is said seldom, not to oneself, and anew after a message was sent", async () => {
  const { server, told, typing } = await setUp();
  const said = () => server.published.length;
  typing.writing("Ada");
  typing.writing("Ada");
  await pass();
  expect(said()).toBe(1);
  await pass(everyMs);
  typing.writing("Ada");
  typing.sent();
  typing.writing("Ada");
  await pass();
  expect(said()).toBe(3);
  expect(told).toEqual([]);
});

test("without a connection nothing is said, then or later", async () => {
  const { server, typing } = await setUp();
  server.refuse = true;
  server.last.cut();
  await pass();
  typing.writing("Ada");
  server.refuse = false;
  await pass(60_000);
  expect(server.published).toEqual([]);
});

test("what is not such a message says nothing, and strangers fill only so much", async () => {
  const { server, told, says } = await setUp();
  for (const data of ["x", "{}", '{"v":1,"page":"a b","from":"x"}', '{"v":1,"page":"a","from":7}']) {
    server.publish(channel, data);
  }
  says("\u200b", "a");
  await pass();
  expect(told).toEqual([]);
  for (let n = 0; n < 30; n++) {
    says(`w${n}`);
  }
  await pass();
  expect(told.at(-1)).toHaveLength(20);
});

test("a server that does not allow it changes nothing", async () => {
  const { server, told, typing } = await setUp();
  server.answer = (verb) => (verb === "publish" ? { error: { code: "not_permitted" } } : undefined);
  typing.writing("Ada");
  await pass();
  expect(told).toEqual([]);
});

test("writers are told in a few words", () => {
  expect([[], ["Ada"], ["Ada", "Grace"], ["Ada", "Grace", "Edsger"]].map(describeWriters)).toEqual([
    "",
    "Ada is writing…",
    "Ada and Grace are writing…",
    "Several are writing…",
  ]);
});
