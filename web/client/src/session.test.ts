import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Holdfast } from "./holdfast.ts";
import { FakeServer, fault } from "./testing/fakeserver.ts";
import { listen, pass, setUp } from "./testing/setup.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a move is made before leaving: nothing is lost, nothing comes twice, no state changes", async () => {
  const { server, holdfast, states } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  const old = server.last;
  old.push({ move: { after: 1, spread: 5, why: "drain", endpoints: ["wss://two.test/socket"] } });
  for (let i = 0; i < 700; i++) {
    server.publish("chat/a", `${i}`);
    await pass(10);
  }
  expect(server.sockets.map(({ url }) => url)).toEqual(["wss://one.test/socket", "wss://two.test/socket"]);
  expect(old.closedWith?.code).toBe(1000);
  await pass();
  expect(got).toEqual(["(live)", ...Array.from({ length: 700 }, (_, i) => `${i}`)]);
  expect(states).toEqual(["live"]);
});

test("if no new connection can be made it stays, and goes on trying", async () => {
  const { server, holdfast, states } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  server.refuse = true;
  server.last.push({ move: { after: 0, spread: 1 } });
  await pass(60_000);
  server.publish("chat/a", "still here");
  await pass();
  server.refuse = false;
  await pass(60_000);
  expect(server.open).toEqual([server.last]);
  server.publish("chat/a", "there");
  await pass();
  expect(got).toEqual(["(live)", "still here", "there"]);
  expect(states).toEqual(["live"]);
});

test("a call that is under way is waited for on the old connection", async () => {
  const { server, holdfast } = setUp();
  await pass();
  const old = server.last;
  server.answer = (verb) => (verb === "rpc" ? "nothing" : undefined);
  const sent = vi.spyOn(old, "send");
  const called = holdfast.rpc("slow");
  await pass();
  const { id } = JSON.parse(String(sent.mock.lastCall));
  old.push({ move: { after: 0, spread: 0 } });
  await pass(5000);
  expect(old.closedWith).toBe(undefined);
  old.push({ id, ok: { data: "done" } });
  await pass();
  expect(await called).toBe("done");
  expect(old.closedWith?.code).toBe(1000);
});

/** Where it has connected, or tried to. */
const tried = ({ sockets }: FakeServer) => sockets.map(({ url }) => url.slice(6, -12));

test("endpoints are tried in turn, with waits that grow up to 30 s", async () => {
  const server = new FakeServer();
  vi.spyOn(Math, "random").mockReturnValue(0.999999);
  server.refuse = true;
  setUp({}, ["wss://one.test/socket", "wss://two.test/socket"], server);
  await pass(300_000);
  const urls = tried(server);
  expect(urls.slice(0, 4)).toEqual(["two", "one", "two", "one"]);
  expect(urls.length).toBeGreaterThan(12);
  expect(urls.length).toBeLessThan(18);
  vi.restoreAllMocks();
});

test("it begins at a random one of several endpoints", async () => {
  const server = new FakeServer();
  for (let i = 0; i < 60; i++) {
    setUp({}, ["wss://one.test/socket", "wss://two.test/socket", "wss://three.test/socket"], server);
  }
  const begun = tried(server);
  for (const name of ["one", "two", "three"]) {
    expect(begun.filter((other) => other === name).length).toBeGreaterThan(5);
  }
});

test("after a drop it goes to another endpoint first, those that the server tells among them", async () => {
  const server = new FakeServer();
  server.welcome = { endpoints: ["wss://two.test/socket", "wss://three.test/socket"] };
  setUp({}, ["wss://one.test/socket"], server);
  for (let i = 0; i < 5; i++) {
    await pass(15_000);
    server.welcome = {};
    server.last.cut();
  }
  await pass(1000);
  expect(tried(server)).toEqual(["one", "two", "three", "one", "two", "three"]);
});

test("an endpoint that is dead is passed over for half a minute", async () => {
  const server = new FakeServer();
  server.welcome = { endpoints: ["wss://two.test/socket"] };
  setUp({}, ["wss://one.test/socket"], server);
  await pass();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  server.refuse = true;
  server.last.cut();
  await pass(300);
  server.refuse = false;
  await pass(1500);
  for (let i = 0; i < 2; i++) {
    server.last.cut();
    await pass(3000);
  }
  expect(tried(server)).toEqual(["one", "two", "one", "one", "one"]);
  await pass(30_000);
  server.last.cut();
  await pass(1000);
  vi.restoreAllMocks();
  expect(tried(server).at(-1)).toBe("two");
});

test.each([1002, 1008, 4400, 4403, 4409, 4499])("the close code %i is final", async (code) => {
  const { server, holdfast, states } = setUp();
  const closed = vi.fn();
  holdfast.on("closed", closed);
  await pass();
  server.last.cut(code, "no");
  await pass(60_000);
  expect(closed).toHaveBeenCalledExactlyOnceWith({ code, reason: "no", clean: false });
  expect(states).toEqual(["live", "closed"]);
  await expect(holdfast.channel("chat/a").publish("x")).rejects.toMatchObject({ code: "closed" });
  expect(vi.getTimerCount()).toBe(0);
});

test.each([1000, 1001, 1006, 1011, 1012, 1013, 4408, 4429, 4503, 4500])(
  "after the close code %i it comes back",
  async (code) => {
    const { server, states } = setUp();
    await pass();
    server.last.cut(code);
    await pass(12_000);
    expect(states).toEqual(["live", "reconnecting", "live"]);
    expect(server.commands.at(-1)?.body).toMatchObject({ session: { id: "s1", secret: "secret1" } });
  },
);

test("while it waits it tells why, and until when, each time", async () => {
  const { server, holdfast } = setUp();
  const waits: unknown[] = [];
  holdfast.on("waiting", ({ code, reason, retryAt }) => waits.push([code, reason, retryAt - Date.now()]));
  await pass();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  server.refuse = true;
  server.last.cut(1012, "restart");
  await pass(500);
  vi.restoreAllMocks();
  expect(waits).toEqual([
    [1012, "restart", 250],
    [1006, "", 500],
  ]);
});

test("the token is renewed ahead of its expiry, and once when it is refused", async () => {
  let issued = 0;
  const asked: boolean[] = [];
  const token = (renew: boolean) => {
    asked.push(renew);
    return `t${++issued}`;
  };
  const { server, states } = setUp({ token });
  server.welcome = { expires: 100 };
  server.answer = (verb) => (verb === "refresh" ? { ok: { expires: 1000 } } : undefined);
  await pass(91_000);
  expect(server.commands.map(({ verb, body }) => [verb, body.token])).toContainEqual(["refresh", "t2"]);
  server.last.cut(4401);
  await pass(2000);
  expect(server.commands.at(-1)?.body.token).toBe("t3");
  server.answer = (verb) => (verb === "connect" ? fault("token_expired") : undefined);
  server.last.cut();
  await pass(60_000);
  expect(states).toEqual(["live", "reconnecting", "live", "reconnecting", "closed"]);
  expect(asked).toEqual([false, true, true, true]);
});

test("a provider that fails is asked again", async () => {
  let failures = 2;
  const errors: string[] = [];
  const { holdfast, states } = setUp({
    token: async () => {
      if (failures-- > 0) {
        throw new Error("offline");
      }
      return "t";
    },
  });
  holdfast.on("error", ({ code }) => errors.push(code));
  await pass(5000);
  expect(errors).toEqual(["not_dialled", "not_dialled"]);
  expect(states).toEqual(["live"]);
});

test("close() waits for what is not acknowledged, and leaves no timer", async () => {
  const { server, holdfast } = setUp();
  await pass();
  const stored = holdfast.channel("chat/a").publish("last");
  const closed = holdfast.close();
  await pass();
  expect(await stored).toEqual({ offset: 1, epoch: "e1" });
  expect(await closed).toEqual({ code: 1000, reason: "", clean: true });
  expect(server.open).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("another transport takes the place of WebSocket", async () => {
  const server = new FakeServer();
  const dialled: string[] = [];
  const holdfast = new Holdfast("https://one.test", {
    dial: (url, subprotocol, { onOpen, onFrame, onClose }) => {
      dialled.push(`${url} ${subprotocol}`);
      const socket = new server.WebSocket(url, subprotocol);
      socket.onopen = onOpen;
      socket.onmessage = ({ data }) => onFrame(data);
      socket.onclose = ({ code, reason }) => onClose(code, reason);
      return { send: (frame) => socket.send(frame), close: (code, reason) => socket.close(code, reason) };
    },
  });
  const got = listen(holdfast, "chat/a");
  await pass();
  server.publish("chat/a", "1");
  server.last.cut();
  await pass(2000);
  expect(got).toEqual(["(live)", "1", "(reconnecting)", "(live)"]);
  expect(dialled[0]).toBe("wss://one.test/socket holdfast.v1.json");
});
