import { expect, test } from "vitest";
import { linkify } from "./linkify.ts";

function links(text: string): string[] {
  return linkify(text).flatMap(({ href, text }) => (href === undefined ? [] : [text]));
}

test.each([
  ["see https://example.org.", ["https://example.org"]],
  ["(http://example.org/a_(b))", ["http://example.org/a_(b)"]],
  ["https://a.example, https://b.example/x?y=1#z!", ["https://a.example", "https://b.example/x?y=1#z"]],
  ["HTTPS://EXAMPLE.ORG", ["HTTPS://EXAMPLE.ORG"]],
  ["https://münchen.example/straße", ["https://münchen.example/straße"]],
  ["<https://example.org>", ["https://example.org"]],
])("%j has the links %j", (text, expected) => {
  expect(links(text)).toEqual(expected);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "file:///etc/passwd",
  "ftp://example.org",
  "https://",
  "https://bank.example@evil.example",
  "https://user:secret@example.org",
  "https:example.org",
  "xhttps://example.org",
  `https://example.org/${"a".repeat(3000)}`,
])("%j has no links", (text) => {
  expect(links(text)).toEqual([]);
});

test("an address ends before a character that turns the text around", () => {
  expect(links("https://example.org/\u202egpj.exe")).toEqual(["https://example.org/"]);
});

test("the pieces are the text again, whatever it is", () => {
  for (const text of [
    "",
    "a",
    "https://a.b",
    "x https://a.b) y https://c.d/…\nhttp://",
    "))))https://a.b))))",
  ]) {
    const pieces = linkify(text);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
  }
});

test("a megabyte of brackets and addresses is cut without delay", () => {
  for (const text of [`https://a.b/${")".repeat(1e6)}`, "https://a.b) ".repeat(5e4), "http://".repeat(1e5)]) {
    expect(linkify(text).length).toBeGreaterThan(0);
  }
});
