import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { orHTTP } from "../choice.ts";
import { Holdfast } from "../holdfast.ts";
import { msgpack } from "../msgpack.ts";
import { HoldfastSocket } from "../socket.ts";
import { fakeFetch } from "../testing/fakefetch.ts";
import { FakeHTTP } from "../testing/fakehttp.ts";
import { FakeServer } from "../testing/fakeserver.ts";
import { listen, pass } from "../testing/setup.ts";
import { webSocket } from "../transport.ts";

// What is loaded when a WebSocket fails is loaded before: a test's time does not wait for files.
beforeAll(() => import("./http.ts"));
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A server behind a proxy that lets no WebSocket through, and a client. */
function setUp(options: object = {}, blocks = true, server = new FakeServer()) {
  const http = new FakeHTTP(server);
  vi.stubGlobal("fetch", fakeFetch(http));
  /** What becomes of WebSockets: all fail, or so many, or nothing is heard of them. */
  const proxy = { blocks, failures: 0, hangs: false };
  let tried = 0;
  const WebSocket = class extends server.WebSocket {
    constructor(url: string, protocol: string) {
      server.refuse = proxy.blocks || proxy.failures-- > 0;
      super(url, protocol);
      server.refuse = false;
      tried++;
      if (proxy.hangs) {
        this.close();
      }
    }
  };
  const dial = () => orHTTP(webSocket(WebSocket));
  const holdfast = new Holdfast("https://one.test", { dial: dial(), ...options });
  const states: string[] = [];
  holdfast.on("state", (state) => states.push(state));
  return { server, http, proxy, holdfast, states, dial, webSockets: () => tried };
}

/** Publishes so many texts from elsewhere, one each so many milliseconds, and returns them. */
async function publish(server: FakeServer, count: number, everyMs: number): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, at) => `${at}`);
  for (const text of texts) {
    server.publish("chat/a", text);
    await pass(everyMs);
  }
  return texts;
}

test("where no WebSocket gets through, a stream carries it", async () => {
  const { server, http, holdfast, states } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  expect(holdfast.transport).toBe("stream");
  const others = await publish(server, 3, 20);
  const stored = ["x", "y"].map((text) => holdfast.channel("chat/a").publish(text));
  await pass();
  expect(await Promise.all(stored)).toHaveLength(2);
  expect([got, states]).toEqual([["(live)", ...others, "x", "y"], ["live"]]);
  expect(http.seen).toEqual(["GET text/event-stream", "POST 1", "POST 2"]);
});

test("where a stream is held back, polls carry it, and are the first the next time", async () => {
  const { server, http, holdfast, states } = setUp();
  http.holdsBack = true;
  const got = listen(holdfast, "chat/a");
  await pass(5300);
  expect(holdfast.transport).toBe("polling");
  const others = await publish(server, 30, 100);
  const stored = holdfast.channel("chat/a").publish("x");
  await pass();
  expect(await stored).toMatchObject({ epoch: "e1" });
  expect([got, states]).toEqual([["(live)", ...others, "x"], ["live"]]);
  http.seen.length = 0;
  server.last.cut();
  await pass(1000);
  expect(states).toEqual(["live", "reconnecting", "live"]);
  expect(http.seen).not.toContain("GET text/event-stream");
});

test("a page that is reloaded begins with what has worked", async () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  const before = setUp();
  before.http.holdsBack = true;
  await pass(6000);
  expect([...kept]).toEqual([["holdfast one.test", "polling"]]);
  const { holdfast, proxy, webSockets } = setUp();
  await pass();
  expect([holdfast.transport, webSockets()]).toEqual(["polling", 0]);
  proxy.blocks = false;
  await pass(80_000);
  expect([holdfast.transport, ...kept]).toEqual(["websocket"]);
});

test("it moves to a WebSocket when one gets through, and nothing is lost or told", async () => {
  for (const holdsBack of [false, true]) {
    const { server, http, proxy, holdfast, states } = setUp();
    http.holdsBack = holdsBack;
    const welcomes: unknown[] = [];
    holdfast.on("welcome", () => welcomes.push(holdfast.transport));
    const got = listen(holdfast, "chat/a");
    await pass(6000);
    proxy.blocks = false;
    const others = await publish(server, 900, 100);
    expect([got, states]).toEqual([["(live)", ...others], ["live"]]);
    expect(welcomes).toEqual([holdsBack ? "polling" : "stream", "websocket"]);
    expect(server.open).toHaveLength(1);
    server.last.cut();
    await pass(1000);
    expect(holdfast.transport).toBe("websocket");
  }
});

test("trials of WebSockets become rarer, up to ten minutes", async () => {
  const { holdfast, webSockets } = setUp();
  await pass();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const begun = webSockets();
  const times: number[] = [];
  for (let minute = 0; minute < 60; minute++) {
    await pass(60_000);
    times.push(webSockets() - begun);
  }
  vi.restoreAllMocks();
  expect(times.filter((count, at) => count > (times[at - 1] ?? 0)).length).toBe(8);
  expect([times[1], times[4], times[59]]).toEqual([1, 2, 8]);
  expect(holdfast.state).toBe("live");
});

test("who is refused is told by whom and why, and tries no other way", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.999);
  const { http, holdfast } = setUp();
  http.refusal = { status: 403, body: "the origin is not allowed\n" };
  const waits: unknown[] = [];
  holdfast.on("waiting", ({ code, reason }) => waits.push([code, reason]));
  await pass();
  vi.restoreAllMocks();
  expect(waits).toEqual([[1006, "the origin is not allowed"]]);
  expect(http.seen).toEqual(["GET text/event-stream"]);
});

test.each([
  [401, "closed", 0],
  [403, "connecting", 0],
  [429, "connecting", 10_000],
  [503, "connecting", 0],
])("a refusal with %i means what its close code does", async (status, state, leastMs) => {
  const { http, holdfast } = setUp();
  http.refusal = { status, body: "" };
  const waits: number[] = [];
  holdfast.on("waiting", ({ retryAt }) => waits.push(retryAt - Date.now()));
  await pass();
  expect(holdfast.state).toBe(state);
  expect(Math.min(...waits, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(leastMs);
});

test("a HoldfastSocket that says more than the server takes is told so, as by a WebSocket", async () => {
  const { http, dial } = setUp();
  http.most = 1000;
  const socket = new HoldfastSocket("wss://one.test/channels/chat/a", [], { dial: dial() });
  const closed = vi.fn();
  socket.onclose = ({ code, reason }) => closed(code, reason);
  await pass();
  socket.send("x".repeat(2000));
  await pass();
  expect(closed).toHaveBeenCalledExactlyOnceWith(1009, "it is too large");
});

test("if nothing works it waits, and begins with a WebSocket again", async () => {
  const { server, http, proxy, holdfast, states } = setUp();
  http.refusal = { status: 502, body: "" };
  await pass(20_000);
  expect(holdfast.state).toBe("connecting");
  proxy.blocks = false;
  await pass(40_000);
  expect([holdfast.transport, states, server.open.length]).toEqual(["websocket", ["live"], 1]);
});

test("a way on which nothing gets to the server does not work, and it begins with a WebSocket again", async () => {
  const { http, proxy, holdfast, states } = setUp();
  http.deaf = true;
  await pass(30_000);
  expect(holdfast.state).toBe("connecting");
  expect(http.seen.filter((request) => request === "GET text/event-stream").length).toBeGreaterThan(0);
  proxy.blocks = false;
  await pass(45_000);
  expect([holdfast.transport, states]).toEqual(["websocket", ["live"]]);
});

test("a WebSocket that has worked may fail once", async () => {
  const { server, http, proxy, holdfast } = setUp({}, false);
  await pass();
  const connect = async (failures: number) => {
    await pass(11_000);
    proxy.failures = failures;
    server.last.cut();
    await pass(3000);
    return holdfast.transport;
  };
  expect([await connect(0), await connect(1), http.seen]).toEqual(["websocket", "websocket", []]);
  expect(await connect(2)).toBe("stream");
});

test("a WebSocket that opens and is cut before an answer comes is one that fails, the second time", async () => {
  const fated = new FakeServer();
  fated.fates = [{ frames: 0 }, { frames: 0 }];
  const { server, http, holdfast } = setUp({}, false, fated);
  await pass(2000);
  expect([holdfast.transport, server.sockets.length]).toEqual(["stream", 3]);
  expect(http.seen[0]).toBe("GET text/event-stream");
});

test("a WebSocket that the server closes before it answers has not failed", async () => {
  const { server, http, holdfast } = setUp({}, false);
  server.answer = (verb, _, socket) => {
    if (verb === "connect" && server.sockets.length < 4) {
      socket.cut(1012, "restart");
      return "nothing";
    }
    return undefined;
  };
  await pass(20_000);
  expect([holdfast.transport, server.sockets.length, http.seen]).toEqual(["websocket", 4, []]);
});

test("a WebSocket that neither opens nor fails is given up", async () => {
  const { holdfast, proxy } = setUp();
  proxy.hangs = true;
  await pass(11_000);
  expect([holdfast.transport, holdfast.state]).toEqual(["stream", "live"]);
});

test.each([false, true])("close codes of the server come through (polls: %s)", async (holdsBack) => {
  const { server, http, holdfast } = setUp();
  http.holdsBack = holdsBack;
  const closed = vi.fn();
  holdfast.on("closed", closed);
  await pass(6000);
  server.last.cut(4403, "not any more");
  await pass();
  expect(closed).toHaveBeenCalledExactlyOnceWith({ code: 4403, reason: "not any more", clean: false });
  await pass(60_000);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([false, true])(
  "close() tells the server, and leaves nothing behind (polls: %s)",
  async (holdsBack) => {
    const { server, http, holdfast } = setUp();
    http.holdsBack = holdsBack;
    await pass(6000);
    void holdfast.close();
    await pass(3000);
    expect([http.seen.at(-1), server.last.closedWith?.code, holdfast.transport]).toEqual([
      "DELETE",
      1000,
      undefined,
    ]);
    expect(vi.getTimerCount()).toBe(0);
  },
);

test("what is sent at once goes in one request, as much as the server takes", async () => {
  const { server, http, holdfast } = setUp();
  await pass();
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", async (...args: Parameters<typeof fetch>) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return fetch(...args);
  });
  const channel = holdfast.channel("chat/a");
  const small = Array.from({ length: 150 }, (_, at) => channel.publish(`${at}`));
  await pass(1000);
  await Promise.all(small);
  expect(http.seen.filter((one) => one.startsWith("POST")).length).toBeLessThan(10);
  const before = http.seen.length;
  const large = Array.from({ length: 5 }, () => channel.publish("x".repeat(30_000)));
  await pass(1000);
  await Promise.all(large);
  expect(http.seen.length - before).toBe(3);
  expect(server.stored("chat/a")).toHaveLength(155);
});

test("MessagePack becomes JSON on the way", async () => {
  const { holdfast } = setUp({ encoding: msgpack });
  const got: unknown[] = [];
  const channel = holdfast.channel("chat/a");
  channel.on("message", ({ data }) => got.push(data));
  await pass();
  const stored = [channel.publish("text"), channel.publish(Uint8Array.of(0, 255).buffer)];
  await pass();
  expect(await Promise.all(stored)).toHaveLength(2);
  expect(got).toEqual(["text", Uint8Array.of(0, 255).buffer]);
});

test.each([false, true])(
  "an answer that is lost costs nothing and repeats nothing (polls: %s)",
  async (holdsBack) => {
    const { server, http, holdfast, states } = setUp();
    http.holdsBack = holdsBack;
    const got = listen(holdfast, "now/a");
    await pass(6000);
    const { fetch } = globalThis;
    let requests = 0;
    vi.stubGlobal("fetch", async (...args: Parameters<typeof fetch>) => {
      const response = await fetch(...args);
      if (requests++ % 2) {
        throw new TypeError("Failed to fetch");
      }
      return response;
    });
    const stored: unknown[] = [];
    for (let at = 0; at < 20; at++) {
      stored.push(holdfast.channel("now/a").publish(`${at}`));
      await pass(300);
    }
    await pass(5000);
    await Promise.all(stored);
    const texts = Array.from({ length: 20 }, (_, at) => `${at}`);
    expect(server.published.map(({ data }) => data)).toEqual(texts);
    expect([got, states]).toEqual([["(live)", ...texts], ["live"]]);
  },
);

test.each([
  ["a stream", 5000],
  ["a stream", 60_000],
  ["polls", 5000],
  ["polls", 60_000],
])("who only hears, by %s, is heard by the server, too, with a message each %i ms", async (by, everyMs) => {
  const { server, http, holdfast, states } = setUp();
  http.holdsBack = by === "polls";
  const got = listen(holdfast, "chat/a");
  await pass(6000);
  const others = await publish(server, 20, everyMs);
  expect([got, states]).toEqual([["(live)", ...others], ["live"]]);
});

test("a connection that the server does not know any more is made anew", async () => {
  const { server, http, holdfast, states } = setUp();
  const got = listen(holdfast, "chat/a");
  await pass();
  http.forget();
  void holdfast.channel("chat/a").publish("x");
  await pass(1000);
  expect([got, states]).toEqual([
    ["(live)", "(reconnecting)", "(live)", "x"],
    ["live", "reconnecting", "live"],
  ]);
  expect(server.stored("chat/a")).toEqual(["x"]);
});

test("HoldfastSocket takes it as an option", async () => {
  const { server, dial } = setUp();
  const socket = new HoldfastSocket("wss://one.test/channels/chat/a", [], { dial: dial() });
  const got: unknown[] = [];
  socket.onmessage = ({ data }) => got.push(data);
  await pass();
  server.publish("chat/a", "1");
  socket.send("2");
  await pass();
  expect([got, socket.bufferedAmount]).toEqual([["1", "2"], 0]);
});
