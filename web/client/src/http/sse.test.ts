import fc from "fast-check";
import { expect, test } from "vitest";
import { createEventStream } from "./sse.ts";

/** What a stream that comes in these pieces tells. */
function read(...pieces: string[]): string[] {
  const told: string[] = [];
  const push = createEventStream({
    event: (type, data) => told.push(`${type}: ${data}`),
    comment: () => told.push("(comment)"),
  });
  for (const piece of pieces) {
    push(piece);
  }
  return told;
}

test.each([
  ["data: a\n\n", ["message: a"]],
  ["event: open\ndata: {}\n\n", ["open: {}"]],
  ["data: a\ndata: b\ndata\ndata:\n\n", ["message: a\nb\n\n"]],
  ["data:a\n\ndata:  a\n\n", ["message: a", "message:  a"]],
  ["data: a: b\n\n", ["message: a: b"]],
  ["data: a\r\n\r\ndata: b\r\rdata: c\n\n", ["message: a", "message: b", "message: c"]],
  [":\n\n: 25 s\n\n", ["(comment)", "(comment)"]],
  ["data: a\n:\ndata: b\n\n", ["(comment)", "message: a\nb"]],
  ["event: lonely\n\ndata: a\n\n", ["message: a"]],
  ["event: x\nevent: y\ndata: a\n\n", ["y: a"]],
  ["id: 7\nretry: 10\nnonsense\ndatax: 1\n data: 2\n\n", []],
  ["data: \u2028 \u0085\n\n", ["message: \u2028 \u0085"]],
  ["data: not ended\n", []],
  ["data: not ended", []],
  ["\n\n\r\r\n", []],
  ["data\n\n", ["message: "]],
])("%j tells %j, however it is cut", (text, want) => {
  expect(read(text)).toEqual(want);
  expect(read(...text)).toEqual(want);
  for (let at = 0; at <= text.length; at++) {
    expect(read(text.slice(0, at), "", text.slice(at))).toEqual(want);
  }
});

test("whatever is written comes out, with any ends of lines, in any pieces", () => {
  const eol = fc.constantFrom("\n", "\r", "\r\n");
  const line = fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\n]/g, ""));
  const event = fc.record({
    type: fc.constantFrom("message", "open", "close"),
    lines: fc.array(line, { minLength: 1, maxLength: 4 }),
    comments: fc.nat({ max: 2 }),
  });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 6 }),
      eol,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (events, end, sizes) => {
        const text = events
          .map(({ type, lines, comments }) =>
            [
              ...Array(comments).fill(":"),
              `event: ${type}`,
              ...lines.map((data) => `data: ${data}`),
              "",
              "",
            ].join(end),
          )
          .join("");
        const pieces: string[] = [];
        for (let at = 0; at < text.length; ) {
          const size = sizes[pieces.length % sizes.length] as number;
          pieces.push(text.slice(at, at + size));
          at += size;
        }
        const want = events.flatMap(({ type, lines, comments }) => [
          ...Array(comments).fill("(comment)"),
          `${type}: ${lines.join("\n")}`,
        ]);
        expect(read(...pieces)).toEqual(want);
      },
    ),
    { numRuns: 150 },
  );
}, 30_000);

test("anything at all is read without a fault, and alike in any pieces", () => {
  const noise = fc.string({
    unit: fc.constantFrom("data", "event", ":", " ", "\r", "\n", "x", "é"),
    maxLength: 40,
  });
  fc.assert(
    fc.property(noise, fc.nat(), (text, where) => {
      const at = where % (text.length + 1);
      expect(read(text.slice(0, at), text.slice(at))).toEqual(read(text));
      expect(read(...text)).toEqual(read(text));
    }),
    { numRuns: 1000 },
  );
}, 30_000);
