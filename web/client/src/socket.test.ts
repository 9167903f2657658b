import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HoldfastSocket } from "./socket.ts";
import { FakeServer, fault } from "./testing/fakeserver.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A socket on a channel, and everything that happens to it, in order. */
function setUp(path = "chat/lobby", server = new FakeServer()) {
  const { WebSocket } = server;
  const socket = new HoldfastSocket(`wss://example.test/channels/${path}`, [], { WebSocket });
  const happened: string[] = [];
  for (const type of ["open", "error", "gap", "lost"]) {
    socket.addEventListener(type, () => happened.push(type));
  }
  socket.addEventListener("state", ({ state }) => happened.push(state));
  socket.addEventListener("message", ({ data }) => happened.push(`message ${data}`));
  socket.addEventListener("close", ({ code, reason, wasClean }) =>
    happened.push(`close ${code} ${reason} ${wasClean}`),
  );
  return { server, socket, happened };
}

const pass = (ms = 200) => vi.advanceTimersByTimeAsync(ms);

test("it opens, receives and sends on the channel of its URL", async () => {
  const { server, socket, happened } = setUp("chat/caf%C3%A9?key=1");
  expect(socket.readyState).toBe(0);
  expect(() => socket.send("too early")).toThrow(expect.objectContaining({ name: "InvalidStateError" }));
  await pass();
  expect(socket.readyState).toBe(HoldfastSocket.OPEN);
  expect(server.last.url).toBe("wss://example.test/socket?key=1");
  server.publish("chat/café", "hello");
  socket.send("to you");
  await pass();
  expect(server.stored("chat/café")).toEqual(["hello", "to you"]);
  expect(happened).toEqual(["open", "live", "message hello", "message to you"]);
});

test("a broken connection is not the end: what was missed comes once, what was sent is stored once", async () => {
  const { server, socket, happened } = setUp();
  await pass();
  server.publish("chat/lobby", "one");
  await pass();
  server.last.cut();
  server.publish("chat/lobby", "two");
  await pass(15);
  socket.send("three");
  expect([socket.readyState, socket.state, socket.bufferedAmount]).toEqual([1, "reconnecting", 5]);
  await pass(2000);
  expect(happened).toEqual([
    "open",
    "live",
    "message one",
    "reconnecting",
    "message two",
    "live",
    "message three",
  ]);
  expect([socket.state, socket.bufferedAmount]).toEqual(["live", 0]);
  expect(server.commands.filter(({ verb }) => verb === "connect").at(-1)?.body.session).toBeDefined();
});

test("while it reconnects it tells why, and until when", async () => {
  const { server, socket } = setUp();
  const told: unknown[] = [];
  socket.addEventListener("state", ({ state, code, reason, retryAt }) =>
    told.push([state, code, reason, retryAt && retryAt - Date.now()]),
  );
  await pass();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  server.refuse = true;
  server.last.cut(4429, "too many");
  await pass(10_261);
  server.refuse = false;
  await pass(1000);
  vi.restoreAllMocks();
  expect(told).toEqual([
    ["live", undefined, undefined, undefined],
    ["reconnecting", 4429, "too many", 10_250],
    ["reconnecting", 1006, "", 500],
    ["live", undefined, undefined, undefined],
  ]);
});

test("a publication whose reply was lost is sent again with its id", async () => {
  const { server, socket } = setUp();
  await pass();
  server.answer = (verb, body) => {
    if (verb === "publish") {
      server.publish("chat/lobby", body.data, body);
      server.answer = () => undefined;
      server.last.cut();
      return "nothing";
    }
    return undefined;
  };
  socket.send("once");
  socket.send("twice");
  await pass(2000);
  expect(server.stored("chat/lobby")).toEqual(["once", "twice"]);
  expect(socket.bufferedAmount).toBe(0);
});

test("after the dedup time the replay tells whether it was stored", async () => {
  const { server, socket, happened } = setUp();
  await pass();
  for (const stored of [true, false]) {
    server.answer = (verb, body) => {
      if (verb !== "publish") {
        return undefined;
      }
      if (stored) {
        server.publish("chat/lobby", body.data, body);
      }
      server.answer = () => undefined;
      server.refuse = true;
      server.last.cut();
      return "nothing";
    };
    socket.send(`stored ${stored}`);
    await pass(100_000);
    server.refuse = false;
    await pass(60_000);
  }
  expect(server.stored("chat/lobby")).toEqual(["stored true", "stored false"]);
  expect(happened.filter((what) => what.startsWith("message"))).toHaveLength(2);
  expect(socket.bufferedAmount).toBe(0);
});

test("silence is noticed within the ping budget, and the message comes all the same", async () => {
  const { server, happened } = setUp();
  await pass();
  server.last.silence();
  server.publish("chat/lobby", "missed");
  await pass(25_000 + 20_000 + 2000);
  expect(happened).toContain("message missed");
});

test("an idle connection is kept by pings", async () => {
  const { server, happened } = setUp();
  await pass(200_000);
  expect(server.sockets).toHaveLength(1);
  expect(happened).toEqual(["open", "live"]);
});

test("bytes come as a Blob or an ArrayBuffer, and go in the order of send() though a Blob is read later", async () => {
  const { server, socket } = setUp();
  const got: unknown[] = [];
  socket.onmessage = ({ data }) => got.push(data);
  await pass();
  const buffer = Uint8Array.from([1, 2, 3, 4]);
  socket.send(new Blob(["blob"]));
  socket.send(buffer.subarray(1, 3));
  buffer.fill(9);
  socket.send("text");
  expect(socket.bufferedAmount).toBe(4 + 2 + 4);
  await pass();
  expect(server.stored("chat/lobby")).toEqual([
    new TextEncoder().encode("blob"),
    Uint8Array.of(2, 3),
    "text",
  ]);
  expect(got[0]).toBeInstanceOf(Blob);
  expect(await (got[0] as Blob).text()).toBe("blob");
  socket.binaryType = "arraybuffer";
  socket.send(new Uint8Array([7]).buffer);
  await pass();
  expect(new Uint8Array(got[3] as ArrayBuffer)).toEqual(Uint8Array.from([7]));
});

test("close() sends what is queued first and then ends with the code that was given", async () => {
  const { server, socket, happened } = setUp();
  await pass();
  socket.send("last words");
  socket.close(3001, "bye");
  expect(socket.readyState).toBe(2);
  await pass();
  expect(server.stored("chat/lobby")).toEqual(["last words"]);
  expect(happened).toEqual(["open", "live", "closed", "close 3001 bye true"]);
  expect(server.last.closedWith).toEqual({ code: 3001, reason: "bye" });
  expect(socket.bufferedAmount).toBe(0);
  socket.send("too late");
  expect(socket.bufferedAmount).toBe(8);
});

test("close() without a code is 1005, and while connecting it fails as the standard has it", async () => {
  const { socket, happened } = setUp();
  await pass();
  socket.close();
  await pass();
  expect(happened.at(-1)).toBe("close 1005  true");
  const early = setUp();
  early.socket.close();
  expect([early.socket.readyState, early.happened]).toEqual([2, []]);
  await pass();
  expect(early.happened).toEqual(["closed", "error", "close 1006  false"]);
  expect(early.server.open).toEqual([]);
});

test("close() gives up on what can't be acknowledged", async () => {
  const { server, socket, happened } = setUp();
  await pass();
  server.refuse = true;
  server.last.cut();
  socket.send("never");
  socket.close();
  await pass(5001);
  expect(happened.at(-1)).toBe("close 1006  false");
});

test.each([
  "chat/lobby",
  "/relative",
  "ftp://example.test/channels/c",
  "wss://example.test/channels/c#",
  "wss://[",
])("the URL %s is a SyntaxError", (url) => {
  expect(() => new HoldfastSocket(url)).toThrow(expect.objectContaining({ name: "SyntaxError" }));
});

test.each([["a b"], [""], ["é"], [["a", "a"]]])("the subprotocol %j is a SyntaxError", (protocols) => {
  expect(() => new HoldfastSocket("wss://example.test/channels/c", protocols)).toThrow(
    expect.objectContaining({ name: "SyntaxError" }),
  );
});

test("close codes and reasons are checked", async () => {
  const { socket } = setUp();
  for (const code of [0, 999, 1001, 2999, 5000, Number.NaN]) {
    expect(() => socket.close(code)).toThrow(expect.objectContaining({ name: "InvalidAccessError" }));
  }
  expect(() => socket.close(1000, "é".repeat(62))).toThrow(expect.objectContaining({ name: "SyntaxError" }));
  expect(socket.readyState).toBe(0);
});

test("constants can't be changed, handlers that are not functions are null", () => {
  const { socket } = setUp();
  expect([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED]).toEqual([0, 1, 2, 3]);
  expect(() => Object.assign(HoldfastSocket, { OPEN: 5 })).toThrow(TypeError);
  socket.onopen = 5 as never;
  expect(socket.onopen).toBe(null);
  socket.binaryType = "wrong" as never;
  expect(socket.binaryType).toBe("blob");
});

test("on a channel without history a reconnect is a gap, and a repeat is known by its id", async () => {
  const { server, socket, happened } = setUp("now/cursor");
  await pass();
  socket.send("mine");
  await pass();
  server.publish("now/cursor", "again", { id: "x" });
  server.publish("now/cursor", "again", { id: "x" });
  server.last.cut();
  await pass(2000);
  expect(happened).toEqual(["open", "live", "message mine", "message again", "reconnecting", "gap", "live"]);
});

test("messages that are not kept any more are told as lost", async () => {
  const { server, happened } = setUp("chat/lobby?since=5:gone");
  server.publish("chat/lobby", "kept");
  await pass();
  expect(happened).toEqual(["open", "lost", "message kept", "live"]);
});

test("?last and ?echo=false are honoured, also when a drop repeats what was sent", async () => {
  const server = new FakeServer();
  for (const text of ["one", "two", "three"]) {
    server.publish("chat/lobby", text);
  }
  const { socket, happened } = setUp("chat/lobby?last=2&echo=false", server);
  await pass();
  socket.send("mine");
  await pass(5);
  server.last.cut();
  await pass(2000);
  socket.send("mine too");
  await pass();
  expect(server.stored("chat/lobby")).toEqual(["one", "two", "three", "mine", "mine too"]);
  expect(happened.filter((what) => what.startsWith("message"))).toEqual(["message two", "message three"]);
});

test.each([
  ["a refused subscription", "subscribe", fault("not_permitted"), "close 1008 not_permitted! false"],
  ["a refused message", "publish", fault("not_permitted"), "close 1008 not_permitted! false"],
  ["a message that is too large", "publish", fault("too_large"), "close 1009 too_large! false"],
  ["an identity that is refused", "connect", fault("unauthorized"), "close 4401 unauthorized! false"],
])("%s ends it with error and close", async (_, at, answer, close) => {
  const server = new FakeServer();
  server.answer = (verb) => (verb === at ? answer : undefined);
  const { socket, happened } = setUp("chat/lobby", server);
  await pass();
  if (socket.readyState === 1) {
    socket.send("hello");
    await pass();
  }
  expect(happened.slice(-3)).toEqual(["closed", "error", close]);
  expect(server.open).toEqual([]);
});

test("a refusal with retry is tried again, in order", async () => {
  const { server, socket } = setUp();
  await pass();
  let refusals = 3;
  server.answer = (verb) =>
    verb === "publish" && refusals-- > 0 ? fault("log_unavailable", { retry: true }) : undefined;
  for (const text of ["a", "b", "c"]) {
    socket.send(text);
  }
  await pass(5000);
  expect(server.stored("chat/lobby")).toEqual(["a", "b", "c"]);
});

test("a URL that is not a channel's is refused by the server", async () => {
  const server = new FakeServer();
  server.answer = (verb, { channel }) =>
    verb === "subscribe" && !channel ? fault("bad_channel") : undefined;
  for (const path of ["other", "channels/%zz"]) {
    const socket = new HoldfastSocket(`wss://example.test/${path}`, [], { WebSocket: server.WebSocket });
    const closed = vi.fn();
    socket.onclose = closed;
    await pass();
    expect(closed).toHaveBeenCalledWith(expect.objectContaining({ code: 1008, wasClean: false }));
  }
});

test("lone surrogates become what WebSocket makes of them", async () => {
  const { server, socket } = setUp();
  await pass();
  socket.send("a\ud800b😀");
  await pass();
  expect(server.stored("chat/lobby")).toEqual(["a\ufffdb😀"]);
});
