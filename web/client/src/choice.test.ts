import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeServer } from "./testing/fakeserver.ts";
import { pass, setUp } from "./testing/setup.ts";

/** What loading the module for plain HTTP comes to. */
let load: () => object;
vi.mock("./http/http.ts", () => load());

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.resetModules();
});

test("that plain HTTP can't be loaded is an attempt that has failed, as any other", async () => {
  load = () => {
    throw new Error("offline");
  };
  const { orHTTP } = await import("./choice.ts");
  const server = new FakeServer();
  server.refuse = true;
  const { holdfast, states } = setUp({ dial: orHTTP(server.dial) }, undefined, server);
  const reasons: string[] = [];
  holdfast.on("waiting", ({ code, reason }) => reasons.push(`${code} ${reason}`));
  await vi.waitFor(async () => {
    await pass(100);
    expect(reasons.length).toBeGreaterThan(0);
  });
  expect(reasons[0]).toMatch(/^1006 .*Error/);
  server.refuse = false;
  await pass(30_000);
  expect([holdfast.transport, states]).toEqual(["websocket", ["live"]]);
});

test("nobody loads it where WebSockets work", async () => {
  load = vi.fn(() => ({}));
  const { orHTTP } = await import("./choice.ts");
  const server = new FakeServer();
  const { holdfast } = setUp({ dial: orHTTP(server.dial) }, undefined, server);
  await pass();
  server.last.cut();
  await pass(2000);
  expect(holdfast.transport).toBe("websocket");
  expect(load).not.toHaveBeenCalled();
});
