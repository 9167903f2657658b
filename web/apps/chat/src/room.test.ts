import { expect, test } from "vitest";
import { channelPath, channelUrls, checkRoom, pageOf, roomOfQuery, typingChannelOf } from "./room.ts";

test.each(["lobby", "design", "team/a/b", "日本", "a b", "#1", "a+b", "...", "?x=1&y", "100%", "it's"])(
  "%j is a room, and its page's address leads to it",
  (room) => {
    expect(checkRoom(room)).toEqual({ ok: true, room });
    const page = new URL(pageOf(room), "https://example.test");
    expect(page.pathname).toBe("/");
    expect(roomOfQuery(page.search)).toEqual({ ok: true, room });
  },
);

test.each([
  ["", "needs a name"],
  ["/a", "slash"],
  ["a/", "slash"],
  ["a//b", "slash"],
  ["+", "stands for any room"],
  ["a/#", "stands for any room"],
  ["*/a", "stands for any room"],
  [">", "stands for any room"],
  [".", "means a place"],
  ["a/../b", "means a place"],
  ["a\nb", "control character"],
  ["\u0085", "control character"],
  ["\ud800", "broken character"],
  ["x".repeat(251), "too long by 1 byte"],
  ["船".repeat(90), "too long by 20 bytes"],
])("%j is no room, and it is said why", (room, why) => {
  const result = checkRoom(room);
  expect(result).toMatchObject({ ok: false, room });
  expect("problem" in result && result.problem).toContain(why);
});

test("a name of exactly the limit is a room", () => {
  expect(checkRoom("x".repeat(250)).ok).toBe(true);
});

test("who writes is told in a channel beside the room's, unless its name would be too long", () => {
  expect(typingChannelOf("team/a")).toBe("typing/team/a");
  expect([typingChannelOf("x".repeat(248)), typingChannelOf("x".repeat(249))]).toEqual([
    `typing/${"x".repeat(248)}`,
    undefined,
  ]);
});

test("the lobby is the page without a room", () => {
  expect(roomOfQuery("")).toEqual({ ok: true, room: "lobby" });
  expect(pageOf("lobby")).toBe("/");
  expect(roomOfQuery("?room=")).toMatchObject({ ok: false });
});

test("a channel's path is escaped so that it can be copied into a program or a shell", () => {
  expect(channelPath("team/design")).toBe("/channels/chat/team/design");
  expect(channelPath('it\'s (a) $(b) `c` "d"!*')).toBe(
    "/channels/chat/it%27s%20%28a%29%20%24%28b%29%20%60c%60%20%22d%22%21%2A",
  );
});

test("the channel is encrypted where the page is", () => {
  expect(channelUrls("a", { protocol: "https:", host: "localhost:8443" })).toEqual({
    ws: "wss://localhost:8443/channels/chat/a",
    http: "https://localhost:8443/channels/chat/a",
  });
  expect(channelUrls("a", { protocol: "http:", host: "localhost:8080" }).ws).toBe(
    "ws://localhost:8080/channels/chat/a",
  );
});
