import { expect, test } from "vitest";
import { longestWaitMs } from "./backoff.ts";
import { Connection, connectTimeoutMs, type Socket, type State, stableMs } from "./connection.ts";

/** A socket that does what the test says. */
class FakeSocket {
  binaryType = "blob";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: unknown[] = [];
  closedWith: number | undefined;

  constructor(readonly url: string) {}

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(code: number): void {
    this.closedWith = code;
  }
}

/** A connection in a world whose time and chance are the test's. */
function setUp(random = 0.5) {
  const sockets: FakeSocket[] = [];
  const states: State[] = [];
  const messages: unknown[] = [];
  let now = 1_000_000;
  let timers: { at: number; run: () => void }[] = [];
  const connection = new Connection(
    "wss://example.test/channels/chat/lobby",
    { onState: (state) => states.push(state), onMessage: (data) => messages.push(data) },
    {
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url);
          sockets.push(this);
        }
      } as unknown as new (
        url: string,
      ) => Socket,
      now: () => now,
      after: (ms, run) => {
        const timer = { at: now + ms, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
      random: () => random,
    },
  );
  return {
    connection,
    sockets,
    states,
    messages,
    get names() {
      return states.map((state) => state.name);
    },
    get socket(): FakeSocket {
      const last = sockets.at(-1);
      if (last === undefined) {
        throw new Error("no socket was made");
      }
      return last;
    },
    get last(): State | undefined {
      return states.at(-1);
    },
    get pendingTimers(): number {
      return timers.length;
    },
    open() {
      this.socket.onopen?.();
    },
    lose(code = 1006, reason = "") {
      this.socket.onclose?.({ code, reason });
    },
    /** How long until the next timer, in milliseconds. */
    get wait(): number {
      return Math.min(...timers.map((timer) => timer.at)) - now;
    },
    pass(ms: number) {
      now += ms;
      for (const timer of timers.filter(({ at }) => at <= now)) {
        timers = timers.filter((other) => other !== timer);
        timer.run();
      }
    },
  };
}

test("it connects, opens and hands messages on", () => {
  const t = setUp();
  t.connection.start();
  expect(t.socket.url).toBe("wss://example.test/channels/chat/lobby");
  expect(t.socket.binaryType).toBe("arraybuffer");
  t.open();
  expect(t.states).toEqual([{ name: "connecting" }, { name: "open" }]);
  t.socket.onmessage?.({ data: "hello" });
  const bytes = new ArrayBuffer(3);
  t.socket.onmessage?.({ data: bytes });
  expect(t.messages).toEqual(["hello", bytes]);
  expect(t.pendingTimers).toBe(0);
});

test("it sends only while it is open", () => {
  const t = setUp();
  expect(t.connection.send("before start")).toBe(false);
  t.connection.start();
  expect(t.connection.send("while connecting")).toBe(false);
  t.open();
  expect(t.connection.send("while open")).toBe(true);
  t.lose();
  expect(t.connection.send("after the loss")).toBe(false);
  expect(t.socket.sent).toEqual(["while open"]);
});

test("a lost connection is opened again after a wait, and says how long it was away", () => {
  const t = setUp();
  t.connection.start();
  t.open();
  t.pass(5);
  t.lose(1001, "restart");
  const closed = { code: 1001, reason: "restart", opened: true };
  expect(t.last).toEqual({ name: "reconnecting", closed, retryAt: 1_000_005 + 250 });
  t.pass(250);
  expect(t.last).toEqual({ name: "connecting", after: closed });
  t.pass(50);
  t.open();
  expect(t.last).toEqual({ name: "open", awayMs: 300 });
});

test("the time away counts from the loss, through attempts that fail", () => {
  const t = setUp();
  t.connection.start();
  t.open();
  t.lose();
  t.pass(t.wait);
  t.lose();
  const wait = t.wait;
  t.pass(wait);
  t.open();
  expect(t.last).toEqual({ name: "open", awayMs: 250 + wait });
});

test("a first connection that failed before was not away", () => {
  const t = setUp();
  t.connection.start();
  t.lose();
  expect(t.last).toMatchObject({ name: "reconnecting", closed: { code: 1006, opened: false } });
  t.pass(t.wait);
  t.open();
  expect(t.last).toEqual({ name: "open" });
});

test("waits double up to the longest, and start anew after a connection that held", () => {
  const t = setUp(1);
  t.connection.start();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    t.lose();
    waits.push(t.wait);
    t.pass(t.wait);
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, longestWaitMs, longestWaitMs]);

  t.open();
  t.pass(stableMs - 1);
  t.lose();
  expect(t.wait, "after a connection that did not hold").toBe(longestWaitMs);
  t.pass(t.wait);
  t.open();
  t.pass(stableMs);
  t.lose();
  expect(t.wait, "after one that held").toBe(500);
});

test("the wait is anything from nothing up to the bound", () => {
  const t = setUp(0);
  t.connection.start();
  t.lose();
  expect(t.wait).toBe(0);
});

test("hurry ends a wait, and does nothing otherwise", () => {
  const t = setUp();
  t.connection.hurry();
  expect(t.sockets).toHaveLength(0);
  t.connection.start();
  t.connection.hurry();
  t.open();
  t.connection.hurry();
  expect(t.sockets).toHaveLength(1);
  t.lose();
  t.connection.hurry();
  expect(t.last?.name).toBe("connecting");
  t.pass(250);
  expect(t.sockets, "the wait's timer is gone").toHaveLength(2);
});

test.each([1000, 1003, 1008])("after the close code %i it stays closed until started by hand", (code) => {
  const t = setUp();
  t.connection.start();
  t.open();
  t.lose(code, "enough");
  expect(t.last).toEqual({ name: "closed", closed: { code, reason: "enough", opened: true } });
  expect(t.pendingTimers).toBe(0);
  t.connection.hurry();
  expect(t.last?.name).toBe("closed");
  t.connection.start();
  t.open();
  expect(t.last?.name).toBe("open");
});

test("stop closes the socket and ends timers in every state", () => {
  const t = setUp();
  t.connection.stop();
  expect(t.states).toEqual([]);
  t.connection.start();
  t.connection.stop();
  expect(t.socket.closedWith).toBe(1000);
  t.connection.start();
  t.open();
  t.connection.stop();
  expect(t.socket.closedWith).toBe(1000);
  t.connection.start();
  t.lose();
  t.connection.stop();
  expect(t.last).toEqual({ name: "closed" });
  expect(t.pendingTimers).toBe(0);
});

test("a socket that was let go is not listened to any more", () => {
  const t = setUp();
  t.connection.start();
  t.open();
  const old = t.socket;
  t.connection.stop();
  expect([old.onopen, old.onmessage, old.onclose]).toEqual([null, null, null]);
});

test("an attempt without an answer is given up", () => {
  const t = setUp();
  t.connection.start();
  t.pass(connectTimeoutMs);
  expect(t.socket.closedWith).toBe(1000);
  expect(t.last).toMatchObject({ name: "reconnecting", closed: { reason: "no answer within 15 s" } });
});
