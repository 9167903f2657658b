// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Holdfast } from "../holdfast.ts";
import { fakeFetch } from "../testing/fakefetch.ts";
import { FakeHTTP } from "../testing/fakehttp.ts";
import { FakeServer } from "../testing/fakeserver.ts";
import { pass, setUp } from "../testing/setup.ts";
import type { Dial } from "../transport.ts";
import { createHTTP } from "./http.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(async () => {
  // The next one has the same window.
  void opened?.close();
  await pass();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

let opened: Holdfast | undefined;

/** A page whose client has no WebSocket until the server is asked for one. */
async function open() {
  const server = new FakeServer();
  const http = new FakeHTTP(server);
  const fetched = vi.fn(fakeFetch(http));
  vi.stubGlobal("fetch", fetched);
  let blocked = true;
  const plain = createHTTP(server.dial, (now) => {
    blocked = now;
  });
  const dial: Dial = (...to) => (blocked ? plain : server.dial)(...to);
  const made = setUp({ dial }, undefined, server);
  opened = made.holdfast;
  await pass();
  return { ...made, http, fetched };
}

test("a page that is left tells the server, and one that is seen again comes back", async () => {
  const { server, holdfast, http, fetched } = await open();
  window.dispatchEvent(new Event("pagehide"));
  expect(fetched.mock.lastCall?.[1]).toMatchObject({ method: "DELETE", keepalive: true });
  await pass(10);
  expect(http.seen).toContain("DELETE");
  expect(server.sockets[0]?.closedWith?.code).toBe(1000);
  await pass(2000);
  expect([holdfast.state, holdfast.transport]).toEqual(["live", "stream"]);
});

test("what has worked is remembered for the tab", async () => {
  await open();
  expect({ ...sessionStorage }).toEqual({ "holdfast one.test": "stream" });
});

test("when the network returns a WebSocket is tried at once, and the client moves there", async () => {
  const { holdfast, states } = await open();
  window.dispatchEvent(new Event("online"));
  await pass();
  expect([holdfast.transport, states, sessionStorage.length]).toEqual(["websocket", ["live"], 0]);
});
