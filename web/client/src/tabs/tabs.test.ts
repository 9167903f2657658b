import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { msgpack } from "../msgpack.ts";
import { HoldfastSocket } from "../socket.ts";
import { Browser } from "../testing/browser.ts";
import { fault } from "../testing/fakeserver.ts";
import { listen, pass } from "../testing/setup.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Tabs that listen to a channel, and what each hears. */
async function setUp(count: number, name = "chat/a", options: object = {}) {
  const browser = new Browser();
  const tabs = Array.from({ length: count }, () => browser.open(options));
  const got = tabs.map(({ holdfast }) => listen(holdfast, name));
  await pass(500);
  return { browser, server: browser.server, tabs, got };
}

test("tabs have one connection, one session and one subscription, and each hears everything", async () => {
  const { browser, server, tabs, got } = await setUp(3);
  expect(server.sockets).toHaveLength(1);
  expect(server.commands.filter(({ verb }) => verb === "connect")).toHaveLength(1);
  expect(browser.subscriptions("chat/a")).toBe(1);
  expect(tabs.map(({ holdfast }) => holdfast.welcome?.session?.id)).toEqual(["s1", "s1", "s1"]);
  const stored = tabs[1]?.holdfast.channel("chat/a").publish("from the second");
  await pass();
  expect(await stored).toMatchObject({ epoch: "e1" });
  server.publish("chat/a", "from elsewhere");
  await pass();
  for (const heard of got) {
    expect(heard).toEqual(["(live)", "from the second", "from elsewhere"]);
  }
});

test("a tab that comes later gets its replay, and the others are not disturbed", async () => {
  const { browser, server, got } = await setUp(1);
  const texts = Array.from({ length: 20 }, (_, at) => `${at}`);
  for (const text of texts) {
    server.publish("chat/a", text);
  }
  await pass();
  const since = browser.open().holdfast.channel("chat/a", { since: "0:e1" });
  const last = browser.open().holdfast.channel("chat/a", { last: 3 });
  const heard: unknown[][] = [[], []];
  since.on("message", ({ data }) => heard[0]?.push(data));
  last.on("message", ({ data }) => heard[1]?.push(data));
  for (let at = 20; at < 40; at++) {
    texts.push(`${at}`);
    server.publish("chat/a", `${at}`);
    await pass(7);
  }
  await pass();
  expect(got[0]).toEqual(["(live)", ...texts]);
  expect(heard).toEqual([texts, heard[1]?.slice(0, 0).concat(texts.slice(-(heard[1]?.length ?? 0)))]);
  expect(heard[1]?.length).toBeGreaterThanOrEqual(3);
  expect(browser.subscriptions("chat/a")).toBe(1);
  expect(server.open).toHaveLength(1);
});

test("when the tab with the connection dies, another has it within a moment, and nothing is lost", async () => {
  const { browser, server, tabs, got } = await setUp(4);
  for (let at = 0; at < 30; at++) {
    server.publish("chat/a", `${at}`);
    if (at === 10) {
      expect(browser.leader).toBe(tabs[0]);
      tabs[0]?.kill();
    }
    await pass(40);
  }
  await pass();
  const texts = Array.from({ length: 30 }, (_, at) => `${at}`);
  for (const heard of got.slice(1)) {
    expect(heard.filter((text) => !text.startsWith("("))).toEqual(texts);
    expect(heard.filter((text) => text.startsWith("("))).toEqual(["(live)", "(reconnecting)", "(live)"]);
  }
  expect(server.sockets).toHaveLength(2);
  const connects = server.commands.filter(({ verb }) => verb === "connect");
  expect(connects[1]?.body.session).toEqual({ id: "s1", secret: "secret1" });
  expect(browser.subscriptions("chat/a")).toBe(1);
});

test("a tab that dies or closes leaves nothing behind", async () => {
  const { browser, server, tabs } = await setUp(1);
  const [second, third] = [browser.open(), browser.open()];
  listen(second.holdfast, "chat/b");
  listen(third.holdfast, "chat/c");
  await pass();
  expect([browser.subscriptions("chat/b"), browser.subscriptions("chat/c")]).toEqual([1, 1]);
  second.kill();
  void third.holdfast.close();
  await pass();
  expect([browser.subscriptions("chat/b"), browser.subscriptions("chat/c")]).toEqual([0, 0]);
  expect(server.open).toHaveLength(1);
  void tabs[0]?.holdfast.close();
  await pass(2000);
  expect(server.last.closedWith).toEqual({ code: 1000, reason: "" });
  expect(browser.origin.channels.size).toBe(0);
  expect([...browser.origin.locks.values()].flat()).toEqual([]);
});

test("a page that has closed its client still serves the others", async () => {
  const { browser, server, tabs, got } = await setUp(2);
  void tabs[0]?.holdfast.close();
  await pass();
  server.publish("chat/a", "x");
  await pass();
  expect(got[1]).toEqual(["(live)", "x"]);
  expect(browser.leader).toBe(tabs[0]);
  expect(server.sockets).toHaveLength(1);
});

test("a frozen tab with the connection is replaced, and does no harm when it comes back", async () => {
  const { browser, server, tabs, got } = await setUp(2);
  tabs[0]?.fake.freeze();
  const more = [browser.open(), browser.open()].map(({ holdfast }) => listen(holdfast, "chat/a"));
  await pass(6000);
  expect(more).toEqual([["(live)"], ["(live)"]]);
  expect(got[1]).toEqual(["(live)", "(reconnecting)", "(live)"]);
  const [, connect] = server.commands.filter(({ verb }) => verb === "connect");
  tabs[0]?.fake.thaw();
  await pass(2000);
  server.publish("chat/a", "x");
  await pass();
  expect(more).toEqual([
    ["(live)", "x"],
    ["(live)", "x"],
  ]);
  expect(got[1]).toEqual(["(live)", "(reconnecting)", "(live)", "x"]);
  expect(server.open).toEqual([connect?.socket]);
});

test("the server is told that nobody comes back, also if locks are faster than messages", async () => {
  const { browser, server, tabs } = await setUp(1);
  const delays = [200];
  browser.origin.delayMs = () => delays.shift() ?? 0;
  void tabs[0]?.holdfast.close();
  await pass(3000);
  expect(delays).toEqual([]);
  expect(server.last.closedWith?.code).toBe(1000);
});

test("tabs that read along are never cut off", async () => {
  const { server, tabs, got } = await setUp(2);
  const sub = server.commands.find(({ verb }) => verb === "subscribe")?.body.sub;
  const texts = Array.from({ length: 6000 }, (_, at) => `${at}`);
  for (let at = 0; at < texts.length; at += 1000) {
    const pushes = texts
      .slice(at, at + 1000)
      .map((data) => ({ message: { sub, offset: Number(data) + 1, data } }));
    server.last.onmessage?.({ data: JSON.stringify(pushes) });
    await pass();
  }
  expect(got).toEqual([
    ["(live)", ...texts],
    ["(live)", ...texts],
  ]);
  expect(tabs.map(({ states }) => states)).toEqual([["live"], ["live"]]);
});

test("a tab that joins when the server has asked to move moves, too", async () => {
  for (let ms = 0; ms < 20; ms++) {
    const { browser, server } = await setUp(1);
    server.last.push({ move: { after: 1, spread: 0 } });
    await pass(ms);
    listen(browser.open().holdfast, "chat/a");
    await pass(3000);
    expect(server.open).toHaveLength(1);
    expect(server.sockets[0]?.closedWith?.code).toBe(1000);
  }
});

test("echo is left out in the tab that has published, not in others", async () => {
  const { browser } = await setUp(0);
  const heard: unknown[][] = [[], []];
  const channels = heard.map((into) => {
    const channel = browser.open().holdfast.channel("chat/a", { echo: false });
    channel.on("message", ({ data }) => into.push(data));
    return channel;
  });
  await pass();
  void channels[0]?.publish("from the first");
  void channels[1]?.publish("from the second");
  await pass();
  expect(heard).toEqual([["from the second"], ["from the first"]]);
});

test("answers go to the tab that has asked", async () => {
  const { server, tabs } = await setUp(2);
  server.publish("chat/a", "x");
  const [first, second] = tabs.map(({ holdfast }) => holdfast);
  const answers = Promise.all([
    first?.rpc("echo", "one"),
    second?.rpc("echo", "two"),
    second?.channel("chat/a").history({ last: 1 }),
    first?.channel("chat/a").presence(),
  ]);
  await pass();
  expect(await answers).toMatchObject(["one", "two", { messages: [{ data: "x" }] }, { count: { users: 1 } }]);
});

test("bytes go through in MessagePack, too", async () => {
  const { browser } = await setUp(0);
  const options = { encoding: msgpack };
  const [first, second] = [browser.open(options), browser.open(options)];
  const got: unknown[] = [];
  first.holdfast.channel("chat/a").on("message", ({ data }) => got.push(new Uint8Array(data as ArrayBuffer)));
  await pass();
  void second.holdfast.channel("chat/a").publish(new Uint8Array([0, 255]).buffer);
  await pass();
  expect(got).toEqual([new Uint8Array([0, 255])]);
});

test("a HoldfastSocket shares with a Holdfast of the same server", async () => {
  const { server, tabs, got } = await setUp(1);
  const share = tabs[0]?.share;
  const socket = new HoldfastSocket("wss://one.test/channels/chat/a", [], share ? { tabs: share } : {});
  const heard: unknown[] = [];
  socket.onmessage = ({ data }) => heard.push(data);
  await pass();
  socket.send("x");
  await pass();
  expect([heard, got[0]]).toEqual([["x"], ["(live)", "x"]]);
  expect(server.sockets).toHaveLength(1);
});

test("who comes and goes is told in each tab, and one that came later asks for the roster anew", async () => {
  const { browser, server } = await setUp(0);
  const told: string[][] = [[], []];
  for (const into of told) {
    const channel = browser.open().holdfast.channel("chat/a", { presence: true });
    channel.on("join", ({ user }) => into.push(user));
    channel.on("partial", () => into.push("partial"));
    await pass();
  }
  const sub = server.commands.find(({ verb }) => verb === "subscribe")?.body.sub;
  server.last.push({ presence: { sub, join: [{ user: "bob", id: "b" }] } });
  await pass();
  expect(told).toEqual([["bob"], ["partial", "bob"]]);
});

test("in a channel without history a later tab hears what comes, and each is told of a gap", async () => {
  const { browser, server, tabs, got } = await setUp(3, "now/a");
  server.publish("now/a", "1");
  await pass();
  expect(browser.subscriptions("now/a")).toBe(1);
  server.last.cut();
  await pass(5000);
  server.publish("now/a", "2");
  await pass();
  for (const heard of got) {
    expect(heard.toSorted()).toEqual(["(gap)", "(live)", "(live)", "(reconnecting)", "1", "2"]);
  }
  expect(tabs.map(({ holdfast }) => holdfast.state)).toEqual(["live", "live", "live"]);
  expect(browser.subscriptions("now/a")).toBe(1);
});

test("a subscription that the server refuses or ends fails in each tab", async () => {
  const { server, got } = await setUp(2);
  const [sub] = server.commands.filter(({ verb }) => verb === "subscribe").map(({ body }) => body.sub);
  server.last.end(sub ?? 0, { code: "not_permitted" });
  await pass();
  for (const heard of got) {
    expect(heard.slice(-2)).toEqual(["(closed)", "(error: not_permitted)"]);
  }
});

test("a tab whose token is refused is on its own: the others come with theirs", async () => {
  const { browser, server } = await setUp(0);
  server.welcome = { user: "ada" };
  server.answer = (verb, { token }) =>
    ["connect", "refresh"].includes(verb) && token === "bad" ? fault("unauthorized") : undefined;
  const [first, good, bad] = ["bad", "good", "bad"].map((token) => browser.open({ token: () => token }));
  await pass(10_000);
  expect([first?.states, good?.states, bad?.states]).toEqual([["closed"], ["live"], ["closed"]]);
  expect(server.open).toHaveLength(1);
});

test("a tab with another token is let in when the server has taken that for the same user", async () => {
  const { browser, server } = await setUp(0);
  server.welcome = { user: "ada", expires: 1000 };
  server.answer = (verb) => (verb === "refresh" ? { ok: { expires: 2000 } } : undefined);
  const [first, second] = ["one", "two"].map((token) => browser.open({ token: () => token }));
  const got = second && listen(second.holdfast, "chat/a");
  await pass(500);
  expect([first?.holdfast.welcome?.expires, second?.holdfast.welcome?.expires]).toEqual([1000, 2000]);
  const tokens = server.commands.map(({ verb, body }) => [verb, body.token]);
  expect(tokens.slice(0, 2)).toEqual([
    ["connect", "one"],
    ["refresh", "two"],
  ]);
  server.publish("chat/a", "x");
  await pass();
  expect(got).toEqual(["(live)", "x"]);
});

test.each([
  [4403, ["live", "closed"]],
  [1012, ["live", "reconnecting", "live"]],
  // Another tab has been faster; none of them is meant.
  [4409, ["live", "reconnecting", "live"]],
])("the close code %i is for all tabs", async (code, states) => {
  const { server, tabs } = await setUp(3);
  server.last.cut(code);
  await pass(5000);
  expect(tabs.map((tab) => tab.states)).toEqual([states, states, states]);
  expect(server.open).toHaveLength(states.at(-1) === "live" ? 1 : 0);
});

test("a move is made before leaving, by all tabs", async () => {
  const { browser, server, tabs, got } = await setUp(3);
  const old = server.last;
  old.push({ move: { after: 1, spread: 5 } });
  const texts = Array.from({ length: 400 }, (_, at) => `${at}`);
  for (const text of texts) {
    server.publish("chat/a", text);
    await pass(20);
  }
  for (const heard of got) {
    expect(heard).toEqual(["(live)", ...texts]);
  }
  expect(tabs.map(({ states }) => states)).toEqual([["live"], ["live"], ["live"]]);
  expect(old.closedWith?.code).toBe(1000);
  expect(server.sockets).toHaveLength(2);
  expect(browser.subscriptions("chat/a")).toBe(1);
});

test("where a page may not have locks, it connects by itself", async () => {
  const browser = new Browser();
  const tab = browser.open({}, () => Promise.reject(new DOMException("no", "SecurityError")));
  const got = listen(tab.holdfast, "chat/a");
  await pass();
  browser.server.publish("chat/a", "x");
  await pass();
  expect(got).toEqual(["(live)", "x"]);
  void tab.holdfast.close();
  await pass(2000);
  expect(browser.server.last.closedWith?.code).toBe(1000);
});
