/** What https://websockets.spec.whatwg.org and Web IDL say of a WebSocket, of HoldfastSocket. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HoldfastSocket } from "./socket.ts";
import { FakeServer, fault } from "./testing/fakeserver.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms = 200) => vi.advanceTimersByTimeAsync(ms);

/** Arguments that types do not allow. */
// biome-ignore lint/suspicious/noExplicitAny: that is what they are for.
const any = (value: unknown): any => value;

function connect(url = "wss://example.test/channels/c", protocols?: unknown, server = new FakeServer()) {
  const { WebSocket } = server;
  const socket = new HoldfastSocket(any(url), any(protocols), { WebSocket });
  return { server, socket };
}

async function open() {
  const made = connect();
  await pass();
  return made;
}

const throws = (run: () => unknown, name: string) => expect(run).toThrow(expect.objectContaining({ name }));

test.each([
  ["wss://example.test/channels/c", "wss://example.test/channels/c"],
  ["https://example.test:443/channels/a b", "wss://example.test/channels/a%20b"],
  ["http://example.test:80/channels/c?last=1", "ws://example.test/channels/c?last=1"],
  ["WS://EXAMPLE.test/channels/../channels/c", "ws://example.test/channels/c"],
  ["wss://example.test/channels/\ud800", "wss://example.test/channels/%EF%BF%BD"],
  [new URL("wss://example.test/channels/c"), "wss://example.test/channels/c"],
])("the URL %s is %s", (url, href) => {
  expect(connect(any(url)).socket.url).toBe(href);
});

test.each([
  "relative",
  "",
  "wss://",
  "ftp://example.test/channels/c",
  "wss://example.test/channels/c#",
  "blob:x",
])("the URL %j is a SyntaxError", (url) => {
  throws(() => connect(url), "SyntaxError");
  expect(() => connect(url)).toThrow(DOMException);
});

test.each([
  [undefined, ""],
  [[], ""],
  ["chat", "chat"],
  [["chat", "superchat"], "chat"],
  [["a", "A"], "a"],
  [null, "null"],
  [5, "5"],
  ["!#$%&'*+-.^_`|~09azAZ", "!#$%&'*+-.^_`|~09azAZ"],
])("asked for the subprotocols %j it speaks %j once it is open", async (protocols, spoken) => {
  const { socket } = connect(undefined, protocols);
  expect(socket.protocol).toBe("");
  await pass();
  expect([socket.protocol, socket.extensions]).toEqual([spoken, ""]);
});

test.each([
  "",
  "a b",
  "a,b",
  "a/b",
  "a(b)",
  "a:b",
  "a@b",
  "a[b]",
  "a{b}",
  'a"b"',
  "a\\b",
  "a=b",
  "a?b",
  "a<b>",
  "a\t",
  "\0",
  "\x7f",
  "é",
  "✓",
  ["a", "a"],
  ["a", ""],
  {},
])("the subprotocols %j are a SyntaxError", (protocols) => {
  throws(() => connect(undefined, protocols), "SyntaxError");
});

test("what is left out is a TypeError, and so is a call without new, and what can't be text", () => {
  const { socket } = connect();
  for (const run of [
    () => Reflect.construct(HoldfastSocket, []),
    () => any(HoldfastSocket)("wss://example.test/channels/c"),
    () => connect(any(Symbol())),
    () => connect(undefined, Symbol()),
    () => connect(undefined, ["a", Symbol()]),
    () => any(socket).send(),
    () => any(socket).send(Symbol()),
    () => socket.close(1000, any(Symbol())),
    () => socket.close(any(1000n)),
  ]) {
    expect(run).toThrow(TypeError);
  }
});

test("constants, attributes and methods are where Web IDL has them, and as it has them", () => {
  const { prototype } = HoldfastSocket;
  for (const [value, name] of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].entries()) {
    const constant = { value, enumerable: true, writable: false, configurable: false };
    expect(Object.getOwnPropertyDescriptor(HoldfastSocket, name)).toEqual(constant);
    expect(Object.getOwnPropertyDescriptor(prototype, name)).toEqual(constant);
  }
  const writable = ["onopen", "onerror", "onclose", "onmessage", "binaryType"];
  for (const name of ["url", "readyState", "bufferedAmount", "extensions", "protocol", ...writable]) {
    const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    expect([typeof get, typeof set]).toEqual([
      "function",
      writable.includes(name) ? "function" : "undefined",
    ]);
    expect([enumerable, configurable]).toEqual([true, true]);
    expect(() => Reflect.get(prototype, name)).toThrow(TypeError);
  }
  for (const [name, length] of Object.entries({ send: 1, close: 0 })) {
    const { value, ...how } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    expect([value.name, value.length]).toEqual([name, length]);
    expect(how).toEqual({ enumerable: true, writable: true, configurable: true });
    expect(() => value.call({}, "x")).toThrow(TypeError);
  }
  expect(HoldfastSocket).toHaveLength(1);
  expect(Object.keys(prototype)).not.toContain("constructor");
  const { socket } = connect();
  expect(Object.prototype.toString.call(socket)).toBe("[object WebSocket]");
  expect(socket).toBeInstanceOf(EventTarget);
  expect(Object.keys(socket)).toEqual([]);
  expect(() => Object.assign(socket, { readyState: 3 })).toThrow(TypeError);
  expect(() => Object.assign(HoldfastSocket, { OPEN: 5 })).toThrow(TypeError);
});

test("an event handler is an object or null, and has its place among the listeners", async () => {
  const { socket } = connect();
  const heard: string[] = [];
  const listen = (name: string) => socket.addEventListener("open", () => heard.push(name));
  expect(socket.onopen).toBe(null);
  socket.onopen = () => heard.push("replaced");
  listen("second");
  socket.onopen = function (event) {
    heard.push(`first ${this === socket} ${event.type}`);
  };
  socket.onmessage = () => heard.push("never");
  socket.onmessage = null;
  for (const nothing of [5, "text", undefined, true]) {
    socket.onerror = any(nothing);
    expect(socket.onerror).toBe(null);
  }
  const inert = {};
  socket.onclose = any(inert);
  expect(socket.onclose).toBe(inert);
  await pass();
  expect(heard).toEqual(["first true open", "second"]);
  const handler = socket.onopen;
  socket.onopen = null;
  socket.onopen = handler;
  heard.length = 0;
  socket.dispatchEvent(new Event("open"));
  expect(heard).toEqual(["second", "first true open"]);
  socket.close();
  await pass();
});

test("binaryType takes its two values, as text, and ignores others", () => {
  const { socket } = connect();
  expect(socket.binaryType).toBe("blob");
  for (const [given, kept] of [
    ["arraybuffer", "arraybuffer"],
    ["Blob", "arraybuffer"],
    ["", "arraybuffer"],
    [null, "arraybuffer"],
    [{ toString: () => "blob" }, "blob"],
  ]) {
    socket.binaryType = any(given);
    expect(socket.binaryType).toBe(kept);
  }
  expect(() => {
    socket.binaryType = any(Symbol());
  }).toThrow(TypeError);
});

const twelve = Uint8Array.from({ length: 12 }, (_, at) => at);

test.each([
  ["text", "é", "é", 2],
  ["a String object", new String("ab"), "ab", 2],
  ["a number", 1.5, "1.5", 3],
  ["undefined", undefined, "undefined", 9],
  ["null", null, "null", 4],
  ["an array", [1, 2], "1,2", 3],
  ["an object", {}, "[object Object]", 15],
  ["a lone surrogate", "a\ud800b😀", "a\ufffdb😀", 9],
  ["nothing", "", "", 0],
  ["an ArrayBuffer", twelve.buffer, twelve, 12],
  ["a part of one", twelve.subarray(2, 5), twelve.slice(2, 5), 3],
  ["wider numbers", new Uint16Array(twelve.buffer, 2, 2), twelve.slice(2, 6), 4],
  ["a DataView", new DataView(twelve.buffer, 3, 4), twelve.slice(3, 7), 4],
  ["a Blob", new Blob([twelve, "é"]), Uint8Array.of(...twelve, 0xc3, 0xa9), 14],
])("%s is sent as the standard has it", async (_, data, stored, bytes) => {
  const { server, socket } = await open();
  socket.send(any(data));
  expect(socket.bufferedAmount).toBe(bytes);
  await pass();
  expect(server.stored("c")).toEqual([stored]);
  expect(socket.bufferedAmount).toBe(0);
});

test("while it connects, conversions come before the InvalidStateError", () => {
  const { socket } = connect();
  throws(() => socket.send("x"), "InvalidStateError");
  throws(
    () =>
      socket.send(
        any({
          toString() {
            throw new RangeError("mine");
          },
        }),
      ),
    "RangeError",
  );
  expect(socket.bufferedAmount).toBe(0);
});

test("bufferedAmount grows at once in every later state, and closing does not set it back", async () => {
  const { server, socket } = await open();
  server.refuse = true;
  server.last.silence();
  socket.send("1234");
  socket.close();
  socket.send(new Uint8Array(3));
  expect(socket.bufferedAmount).toBe(7);
  await pass(6000);
  expect([socket.readyState, socket.bufferedAmount]).toEqual([3, 7]);
  socket.send("é");
  expect(socket.bufferedAmount).toBe(9);
});

test.each([
  [0, "InvalidAccessError"],
  [0.5, "InvalidAccessError"],
  [Number.NaN, "InvalidAccessError"],
  [Number.POSITIVE_INFINITY, "InvalidAccessError"],
  [-1000, "InvalidAccessError"],
  [999, "InvalidAccessError"],
  [1001, "InvalidAccessError"],
  [1005, "InvalidAccessError"],
  [2999, "InvalidAccessError"],
  [5000, "InvalidAccessError"],
  [66536, "InvalidAccessError"],
  [70000, "InvalidAccessError"],
  [null, "InvalidAccessError"],
  ["", "InvalidAccessError"],
  ["x", "InvalidAccessError"],
  [{}, "InvalidAccessError"],
])("close(%j) is an %s", async (code, name) => {
  const { socket } = await open();
  throws(() => socket.close(any(code)), name);
  throws(() => socket.close(any(code), "x".repeat(124)), name);
  expect(socket.readyState).toBe(1);
});

test.each([
  [[], 1005, ""],
  [[undefined], 1005, ""],
  [[1000], 1000, ""],
  [[1000, undefined], 1000, ""],
  [["3000", "text"], 3000, "text"],
  [[3000.4], 3000, ""],
  [[999.5], 1000, ""],
  [[3000.5], 3000, ""],
  [[3001.5], 3002, ""],
  [[4999, null], 4999, "null"],
  [[4000, "é".repeat(61)], 4000, "é".repeat(61)],
  [[4000, "a\ud800"], 4000, "a\ufffd"],
])("close(...%j) ends with %i %j, cleanly", async (args, code, reason) => {
  const { socket } = await open();
  const closed = vi.fn();
  socket.onclose = closed;
  any(socket).close(...args);
  expect([socket.readyState, closed.mock.calls]).toEqual([2, []]);
  await pass();
  expect(socket.readyState).toBe(3);
  expect(closed.mock.calls).toEqual([[expect.objectContaining({ code, reason, wasClean: true })]]);
  any(socket).close(...args);
  expect(socket.readyState).toBe(3);
});

test("a reason of more than 123 bytes is a SyntaxError, in any state", async () => {
  const { socket } = await open();
  const close = () => socket.close(1000, "é".repeat(62));
  throws(close, "SyntaxError");
  throws(() => socket.close(undefined, "x".repeat(124)), "SyntaxError");
  socket.close();
  throws(close, "SyntaxError");
  throws(() => socket.close(5), "InvalidAccessError");
});

/** What happens to a socket, with the state that it is in then. */
function record(socket: HoldfastSocket): string[] {
  const happened: string[] = [];
  for (const type of ["open", "message", "error", "close"] as const) {
    socket.addEventListener(type, (event: Event) => {
      const { data, code, reason, wasClean } = event as Partial<MessageEvent & CloseEvent>;
      const detail = type === "message" ? [data] : type === "close" ? [code, reason, wasClean] : [];
      happened.push([type, socket.readyState, ...detail].join(" "));
    });
  }
  return happened;
}

test("closed while it connects, it fails: later, with error and then close, and never opens", async () => {
  const { server, socket } = connect(undefined, "chat");
  const happened = record(socket);
  socket.close(3000, "unheard");
  expect([socket.readyState, socket.protocol, happened]).toEqual([2, "", []]);
  await pass();
  expect(happened).toEqual(["error 3", "close 3 1006  false"]);
  expect(server.open).toEqual([]);
});

test("events come in the standard's order and states; what comes while it is closing is not told", async () => {
  const { server, socket } = connect();
  const happened = record(socket);
  await pass();
  server.publish("c", "one");
  await pass();
  server.publish("c", "two");
  socket.close(3000, "done");
  await pass();
  expect(happened).toEqual(["open 1", "message 1 one", "close 3 3000 done true"]);
});

test("events are those of the platform, with the origin of the socket's URL", async () => {
  const server = new FakeServer();
  const { socket } = connect("wss://example.test:8443/channels/c", [], server);
  const events: Event[] = [];
  for (const type of ["open", "message", "error", "close"]) {
    socket.addEventListener(type, (event) => events.push(event));
  }
  await pass();
  server.publish("c", "text");
  server.publish("c", twelve);
  await pass();
  socket.binaryType = "arraybuffer";
  server.publish("c", twelve);
  await pass();
  server.answer = () => fault("not_permitted");
  socket.send("refused");
  await pass();
  expect(events.map((event) => [event.constructor.name, event.type])).toEqual([
    ["Event", "open"],
    ["MessageEvent", "message"],
    ["MessageEvent", "message"],
    ["MessageEvent", "message"],
    ["Event", "error"],
    [globalThis.CloseEvent ? "CloseEvent" : "Event", "close"],
  ]);
  const messages = events.slice(1, 4) as MessageEvent[];
  expect(messages.map(({ origin }) => origin)).toEqual(Array(3).fill("wss://example.test:8443"));
  expect(messages.map(({ data }) => Object.prototype.toString.call(data))).toEqual([
    "[object String]",
    "[object Blob]",
    "[object ArrayBuffer]",
  ]);
  expect(events.every(({ bubbles, cancelable }) => !bubbles && !cancelable)).toBe(true);
});
