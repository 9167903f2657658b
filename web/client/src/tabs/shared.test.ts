// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Holdfast } from "../holdfast.ts";
import { FakeServer } from "../testing/fakeserver.ts";
import { FakeOrigin } from "../testing/origin.ts";
import { listen, pass } from "../testing/setup.ts";
import { webSocket } from "../transport.ts";
import { serve, shared } from "./index.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What is run next is run in a page of the origin, or in a worker of a name. */
function enter(origin: FakeOrigin, name = "") {
  const tab = origin.tab();
  vi.stubGlobal("navigator", { locks: tab.platform.locks });
  vi.stubGlobal("BroadcastChannel", tab.platform.BroadcastChannel);
  vi.stubGlobal("name", name);
  return tab;
}

function open(origin: FakeOrigin, server: FakeServer, ...how: Parameters<typeof shared>) {
  const tab = enter(origin);
  const holdfast = new Holdfast("https://one.test", { dial: server.dial, tabs: shared(...how) });
  return { tab, holdfast, got: listen(holdfast, "chat/a") };
}

test("tabs share by URL and identity", async () => {
  const [origin, server] = [new FakeOrigin(), new FakeServer()];
  for (const identity of ["ada", "bob", "ada"]) {
    open(origin, server, identity);
  }
  await pass();
  expect(server.open).toHaveLength(2);
});

test.each(["navigator", "BroadcastChannel"])("without %s each tab connects by itself", async (missing) => {
  const [origin, server] = [new FakeOrigin(), new FakeServer()];
  for (const identity of ["", ""]) {
    enter(origin);
    vi.stubGlobal(missing, missing === "navigator" ? {} : undefined);
    new Holdfast("https://one.test", { dial: server.dial, tabs: shared(identity) });
  }
  await pass();
  expect(server.open).toHaveLength(2);
});

test("a worker has the connection, and a tab when that is gone", async () => {
  const [origin, server] = [new FakeOrigin(), new FakeServer()];
  const workers: ReturnType<typeof enter>[] = [];
  const start = (name: string) => {
    if (workers.length === 0) {
      workers.push(enter(origin, name));
      serve({ dial: webSocket(server.WebSocket) });
    }
    return {} as SharedWorker;
  };
  const { tab, got: first } = open(origin, server, "", start);
  const { got } = open(origin, server, "", start);
  await pass();
  tab.kill();
  server.publish("chat/a", "1");
  await pass();
  expect(got).toEqual(["(live)", "1"]);
  expect(server.sockets).toHaveLength(1);
  workers[0]?.kill();
  server.last.silence();
  await pass(1000);
  server.publish("chat/a", "2");
  await pass();
  expect(got).toEqual(["(live)", "1", "(reconnecting)", "(live)", "2"]);
  expect(first).toEqual(["(live)"]);
  expect(server.open).toHaveLength(1);
});

test("a worker that can't be made, or does not answer, is not waited for", async () => {
  const [origin, server] = [new FakeOrigin(), new FakeServer()];
  const forbidden = () => {
    throw new DOMException("not by this policy", "SecurityError");
  };
  const { got: without } = open(origin, server, "without", forbidden);
  await pass();
  expect(without).toEqual(["(live)"]);
  const { got: mute } = open(origin, server, "mute", () => ({}) as SharedWorker);
  await pass(6000);
  expect(mute).toEqual(["(live)"]);
});

test("a tab that wakes makes the hub doubt its connection", async () => {
  const [origin, server] = [new FakeOrigin(), new FakeServer()];
  const { got } = open(origin, server, "");
  await pass();
  server.last.silence();
  window.dispatchEvent(new Event("online"));
  await pass(6000);
  expect(got).toEqual(["(live)", "(reconnecting)", "(live)"]);
});

test("a page that is left lets go of everything, and comes back when it is seen again", async () => {
  const [origin, server] = [new FakeOrigin(), new FakeServer()];
  const { got } = open(origin, server, "");
  await pass();
  vi.spyOn(Math, "random").mockReturnValue(0.99);
  document.dispatchEvent(new Event("freeze"));
  await pass(20);
  expect(server.open).toEqual([]);
  expect(server.last.closedWith?.code).toBe(3000);
  expect([...origin.locks.values()].flat()).toEqual([]);
  expect(origin.channels.size).toBe(0);
  document.dispatchEvent(new Event("visibilitychange"));
  await pass();
  expect(got).toEqual(["(live)", "(reconnecting)", "(live)"]);
});
