import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { json } from "../json.ts";
import { FakeOrigin } from "../testing/origin.ts";
import { pass } from "../testing/setup.ts";
import type { TransportEvents } from "../transport.ts";
import { createHub } from "./hub.ts";
import { callName, type Down, readsAtOnce } from "./pipe.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A hub with one call, and what comes there; `push` lets the server say something so often. */
async function setUp() {
  const { platform } = new FakeOrigin().tab();
  let server: TransportEvents | undefined;
  let dialled = 0;
  const dial = (_url: string, _subprotocol: string, events: TransportEvents) => {
    server = events;
    dialled++;
    setTimeout(events.onOpen);
    return { send: () => {}, close: () => {} };
  };
  const hub = createHub("n", platform, { dial, encoding: json });
  const pipe = new platform.BroadcastChannel(callName("n", "call"));
  const heard: Down[] = [];
  pipe.onmessage = ({ data }) => heard.push(data);
  void platform.locks.request(callName("n", "call"), () => new Promise(() => {}));
  await pass();
  hub.take("call", "wss://one.test/socket");
  await pass();
  const push = async (times: number) => {
    server?.onFrame(JSON.stringify(Array(times).fill({ expiring: { in: 1 } })));
    await pass();
  };
  return { hub, pipe, heard, push, dialled: () => dialled };
}

test("a tab that does not read is not written to without end", async () => {
  const { hub, heard, push, dialled } = await setUp();
  await push(6000);
  expect(heard.at(-1)?.closed).toEqual([1013, "the tab did not read"]);
  expect(heard.flatMap(({ incoming = [] }) => incoming)).toHaveLength(4096);
  hub.take("again", "wss://one.test/socket");
  expect(dialled()).toBe(2);
});

test("a tab that says what it has read is not cut off", async () => {
  const { hub, pipe, heard, push } = await setUp();
  for (let at = 0; at < 40; at++) {
    await push(readsAtOnce);
    pipe.postMessage({ hub: hub.id, read: readsAtOnce });
    await pass();
  }
  expect(heard.flatMap(({ incoming = [] }) => incoming)).toHaveLength(40 * readsAtOnce);
});
