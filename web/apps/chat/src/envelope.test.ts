import { expect, test } from "vitest";
import { decodeText, encodeText } from "./envelope.ts";

test("a text message arrives as it was written", () => {
  for (const text of ["hello", "", "a\nb", '"\\u0000', "👋🏽", "<b>", "\u2028"]) {
    const message = { id: "abc_-9", from: "Calm Otter", text };
    expect(decodeText(encodeText(message))).toEqual(message);
  }
});

test("whatever is not exactly a message of the chat is none", () => {
  const good = { v: 1, id: "a", from: "b", text: "c" };
  expect(decodeText(JSON.stringify(good))).toBeDefined();
  for (const other of [
    { ...good, v: 2 },
    { ...good, v: "1" },
    { ...good, more: 1 },
    { v: 1, id: "a", from: "b" },
    { ...good, id: 7 },
    { ...good, id: "" },
    { ...good, id: "a b" },
    { ...good, id: "x".repeat(65) },
    { ...good, from: null },
    { ...good, from: "\u202e\u200b " },
    { ...good, text: ["c"] },
    [good],
    "text",
    null,
  ]) {
    expect(decodeText(JSON.stringify(other)), JSON.stringify(other)).toBeUndefined();
  }
  for (const raw of [
    "",
    "{",
    "hello",
    " {}",
    '{"__proto__":{"v":1},"id":"a","from":"b","text":"c"}',
    "[".repeat(1e5),
  ]) {
    expect(decodeText(raw), raw.slice(0, 20)).toBeUndefined();
  }
  expect(decodeText("{".repeat(500_000))).toBeUndefined();
});

test("names come without anything that could turn or hide the text around them", () => {
  const from = "\u202eadmin\u2069\n\u0007  of   all";
  expect(decodeText(encodeText({ id: "a", from, text: "" }))?.from).toBe("admin of all");
});
