// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Holdfast } from "./holdfast.ts";
import { FakeServer } from "./testing/fakeserver.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (ms = 200) => vi.advanceTimersByTimeAsync(ms);

async function lose(server: FakeServer): Promise<void> {
  vi.spyOn(Math, "random").mockReturnValue(0.999);
  server.refuse = true;
  server.last.cut();
  await pass(100_000);
  server.refuse = false;
}

test.each([
  ["the network returns", () => window.dispatchEvent(new Event("online"))],
  ["the page is seen again", () => document.dispatchEvent(new Event("visibilitychange"))],
])("when %s it connects at once", async (_, wake) => {
  const server = new FakeServer();
  const holdfast = new Holdfast("https://one.test", { dial: server.dial });
  await pass();
  await lose(server);
  wake();
  await pass(100);
  expect(holdfast.state).toBe("live");
  holdfast.close();
  await pass();
  wake();
  await pass();
  expect(holdfast.state).toBe("closed");
});

test("a connection that died meanwhile is found out in 5 s", async () => {
  const server = new FakeServer();
  const holdfast = new Holdfast("https://one.test", { dial: server.dial });
  await pass();
  server.last.silence();
  window.dispatchEvent(new Event("online"));
  await pass(4990);
  expect(holdfast.state).toBe("live");
  await pass(11);
  expect(holdfast.state).toBe("reconnecting");
});

test("a page that is hidden wakes nothing", async () => {
  const server = new FakeServer();
  const holdfast = new Holdfast("https://one.test", { dial: server.dial });
  await pass();
  await lose(server);
  vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  document.dispatchEvent(new Event("visibilitychange"));
  await pass(20);
  expect(holdfast.state).toBe("reconnecting");
});
