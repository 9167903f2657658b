import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { jsonCodec } from "./codec.ts";
import type { Holdfast } from "./holdfast.ts";
import { fault } from "./testing/fakeserver.ts";
import { listen, pass, setUp } from "./testing/setup.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("many channels share one connection", async () => {
  const { server, holdfast } = setUp();
  const a = listen(holdfast, "chat/a");
  await pass();
  const b = listen(holdfast, "chat/b");
  await pass();
  expect(
    await Promise.all([
      holdfast.channel("chat/a").publish("1"),
      holdfast.channel("chat/b").publish("2"),
      pass(),
    ]),
  ).toEqual([{ offset: 1, epoch: "e1" }, { offset: 3, epoch: "e1" }, vi]);
  expect([a, b]).toEqual([
    ["(live)", "1"],
    ["(live)", "2"],
  ]);
  expect(server.sockets.map(({ url }) => url)).toEqual(["wss://one.test/socket"]);
});

test("it publishes before it is connected and without a subscription", async () => {
  const { server, holdfast } = setUp();
  const stored = holdfast.channel("chat/a").publish("early");
  await pass();
  expect(await stored).toEqual({ offset: 1, epoch: "e1" });
  expect(server.commands.map(({ verb }) => verb)).toEqual(["connect", "publish"]);
});

test("a publication's id is known before its message comes back", async () => {
  const { server, holdfast } = setUp();
  const channel = holdfast.channel("chat/a");
  const ids: unknown[] = [];
  channel.on("message", ({ id }) => ids.push(id));
  await pass();
  const publishing = channel.publish("mine");
  server.publish("chat/a", "another's");
  await Promise.all([publishing, pass()]);
  expect(ids).toEqual([undefined, publishing.id]);
});

test("what a device says of its message comes with it", async () => {
  const { server, holdfast } = setUp();
  const got: unknown[] = [];
  holdfast.channel("chat/a").on("message", ({ meta }) => got.push(meta));
  await pass();
  server.publish("chat/a", "21.5", { meta: ["unit", "°C"] });
  server.publish("chat/a", "22");
  await pass();
  expect(got).toEqual([["unit", "°C"], undefined]);
});

test("messages are typed by a codec; what is not of the type is an error, not an end", async () => {
  const { server, holdfast } = setUp();
  const channel = holdfast.channel("chat/a", { codec: jsonCodec<{ text: string }>() });
  const texts: string[] = [];
  const errors: string[] = [];
  channel.on("message", ({ data }) => texts.push(data.text));
  channel.on("error", ({ code }) => errors.push(code));
  await pass();
  server.publish("chat/a", "no JSON");
  await Promise.all([channel.publish({ text: "hello" }), pass()]);
  expect([texts, errors]).toEqual([["hello"], ["invalid_data"]]);
  expect(server.stored("chat/a")[1]).toBe('{"text":"hello"}');
});

test("a listener that throws neither stops the others nor loses a message", async () => {
  const { server, holdfast } = setUp();
  const thrown: unknown[] = [];
  const caught = (error: unknown) => thrown.push(error);
  process.on("uncaughtException", caught);
  holdfast.channel("chat/a").on("message", () => {
    throw new Error("mine");
  });
  const got = listen(holdfast, "chat/a");
  await pass();
  server.publish("chat/a", "1");
  await pass();
  server.last.cut();
  server.publish("chat/a", "2");
  await pass(2000);
  process.off("uncaughtException", caught);
  expect(got.filter((what) => what.length === 1)).toEqual(["1", "2"]);
});

test("an iteration gets every message, and ends with unsubscribe()", async () => {
  const { server, holdfast } = setUp();
  const channel = holdfast.channel("chat/a");
  const got: unknown[] = [];
  const done = (async () => {
    for await (const { data } of channel) {
      got.push(data);
    }
    return "over";
  })();
  await pass();
  for (const text of ["1", "2", "3"]) {
    server.publish("chat/a", text);
  }
  await pass();
  server.last.cut();
  server.publish("chat/a", "4");
  await pass(2000);
  channel.unsubscribe();
  expect(await done).toBe("over");
  expect(got).toEqual(["1", "2", "3", "4"]);
  server.publish("chat/a", "5");
  await pass();
  expect(got).toHaveLength(4);
});

test("an iteration throws what ends its channel", async () => {
  const { server, holdfast } = setUp();
  server.answer = (verb) => (verb === "subscribe" ? fault("not_permitted") : undefined);
  const first = expect(holdfast.channel("chat/a")[Symbol.asyncIterator]().next()).rejects.toThrow(
    "not_permitted!",
  );
  await pass();
  await first;
});

test("a pattern's messages bear their channel, and its positions outlive a drop", async () => {
  const { server, holdfast } = setUp();
  const got: string[] = [];
  const feed = holdfast.pattern("sensors/#");
  feed.on("message", ({ channel, data, epoch }) => got.push(`${channel} ${data} ${epoch}`));
  await pass();
  server.publish("sensors/a", "1");
  await pass();
  server.last.cut();
  await pass(2000);
  expect(got).toEqual(["sensors/a 1 e1"]);
  expect(server.commands.at(-1)?.body).toMatchObject({ pattern: "sensors/#", since: "1:e1" });
});

test("who comes and goes is told to who listens, also if that begins later", async () => {
  const { server, holdfast } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  server.publish("chat/a", "1");
  await pass();
  const who: string[] = [];
  holdfast.channel("chat/a").on("join", ({ user, count }) => who.push(`+${user} ${count?.users}`));
  holdfast.channel("chat/a").on("leave", ({ user }) => who.push(`-${user}`));
  await pass();
  const { sub, presence } = server.commands.at(-1)?.body ?? {};
  expect(presence).toBe(true);
  server.last.push({
    presence: {
      sub,
      join: [{ user: "ada", id: "s1" }],
      leave: [{ user: "bob", id: "s2" }],
      count: { users: 1 },
    },
  });
  server.publish("chat/a", "2");
  await pass();
  expect(who).toEqual(["-bob", "+ada 1"]);
  expect(got).toEqual(["(live)", "1", "2"]);
  const roster = holdfast.channel("chat/a").presence();
  await pass();
  expect((await roster).users[0]?.user).toBe("ada");
});

test("history is decoded", async () => {
  const { server, holdfast } = setUp();
  server.publish("chat/a", Uint8Array.of(2, 3));
  server.publish("chat/a", "two");
  const page = holdfast.channel("chat/a").history({ last: 2 });
  await pass();
  const { messages, more } = await page;
  expect(messages.map(({ data }) => data)).toEqual([Uint8Array.from([2, 3]).buffer, "two"]);
  expect(more).toBe(false);
});

test("a call is not repeated: after a drop its outcome is unknown", async () => {
  const { server, holdfast } = setUp();
  const answered = holdfast.rpc("echo", Uint8Array.from([1, 2]));
  await pass();
  expect(await answered).toEqual(Uint8Array.from([1, 2]).buffer);
  server.answer = (verb) => (verb === "rpc" ? "nothing" : undefined);
  const unknown = expect(holdfast.rpc("pay")).rejects.toMatchObject({ code: "disconnected" });
  await pass();
  server.last.cut();
  await pass(2000);
  await unknown;
  expect(server.commands.filter(({ verb }) => verb === "rpc")).toHaveLength(2);
});

test("what was unsubscribed with retry comes back without loss, without retry it ends", async () => {
  const { server, holdfast } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  const { sub } = server.commands.at(-1)?.body ?? {};
  server.last.end(Number(sub), { code: "unavailable", retry: true });
  server.publish("chat/a", "1");
  await pass(2000);
  server.last.end(Number(sub), { code: "not_permitted" });
  await pass();
  expect(got).toEqual(["(live)", "(reconnecting)", "1", "(live)", "(closed)", "(error: not_permitted)"]);
});

test.each([
  ["without a subscription", () => {}],
  ["with one that is younger", (holdfast: Holdfast) => listen(holdfast, "chat/a")],
])("%s nobody can tell after a long time whether it was stored", async (_, meanwhile) => {
  const { server, holdfast } = setUp();
  await pass();
  server.answer = (verb) => (verb === "publish" ? "nothing" : undefined);
  const unknown = expect(holdfast.channel("chat/a").publish("x")).rejects.toMatchObject({
    code: "outcome_unknown",
  });
  await pass();
  server.refuse = true;
  server.last.cut();
  meanwhile(holdfast);
  await pass(60_000);
  server.refuse = false;
  await pass(60_000);
  await unknown;
  expect(server.stored("chat/a")).toEqual([]);
});

test("nor can a subscription tell that has lost messages meanwhile", async () => {
  const { server, holdfast } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  server.answer = (verb) => (verb === "publish" ? "nothing" : undefined);
  const unknown = expect(holdfast.channel("chat/a").publish("x")).rejects.toMatchObject({
    code: "outcome_unknown",
  });
  await pass();
  server.refuse = true;
  server.last.cut();
  await pass(60_000);
  server.epoch = "e2";
  server.refuse = false;
  await pass(60_000);
  await unknown;
  expect(got).toEqual(["(live)", "(reconnecting)", "(lost: reset)", "(live)"]);
});

test("pushes and fields that it does not know are ignored", async () => {
  const { server, holdfast, states } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  for (const push of [
    {},
    { news: null },
    { news: { sub: 99 } },
    { message: { sub: 99, data: "x" } },
    { id: 99, ok: {} },
  ]) {
    server.last.push(push);
  }
  server.publish("chat/a", "1");
  await pass();
  expect([got, states]).toEqual([["(live)", "1"], ["live"]]);
});

test("a fault of a whole message is told", async () => {
  const { server, holdfast } = setUp();
  const errors: string[] = [];
  holdfast.on("error", ({ code, message }) => errors.push(`${code}: ${message}`));
  await pass();
  server.last.push(fault("bad_json"));
  await pass();
  expect(errors).toEqual(["bad_json: bad_json!"]);
});

test("no more publications are in flight than any server takes, and too large ones fail alone", async () => {
  const { server, holdfast } = setUp();
  server.welcome = { limits: { message: 200 } };
  await pass();
  let inFlight = 0;
  let most = 0;
  server.answer = (verb) => {
    if (verb === "publish") {
      most = Math.max(most, ++inFlight);
      // Until the reply is there, which takes as long.
      setTimeout(() => inFlight--, server.latencyMs);
    }
    return undefined;
  };
  const large = expect(holdfast.channel("chat/a").publish("x".repeat(300))).rejects.toMatchObject({
    code: "too_large",
  });
  const all = Promise.all(Array.from({ length: 200 }, (_, i) => holdfast.channel("chat/a").publish(`${i}`)));
  await pass(5000);
  await Promise.all([all, large]);
  expect(server.stored("chat/a")).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
  expect(most).toBe(64);
});

test("a call that is too large fails, and the connection goes on", async () => {
  const { server, holdfast } = setUp();
  server.welcome = { limits: { message: 200 } };
  await pass();
  await expect(holdfast.rpc("rename", "x".repeat(300))).rejects.toMatchObject({ code: "too_large" });
  expect(holdfast.state).toBe("live");
});
