import { expect, test } from "vitest";
import { formatBytes, formatDuration } from "./format.ts";

test("sizes never round down", () => {
  expect([0, 1, 1023, 1024, 1025, 1024 * 1024, 1024 * 1024 + 1, 300 * 1024].map(formatBytes)).toEqual([
    "0 bytes",
    "1 byte",
    "1023 bytes",
    "1 KiB",
    "1.1 KiB",
    "1 MiB",
    "1.1 MiB",
    "300 KiB",
  ]);
});

test("durations are short", () => {
  expect([0, 1499, 12_000, 61_000, 3_600_000, 7_500_000].map(formatDuration)).toEqual([
    "1 s",
    "1 s",
    "12 s",
    "1 min",
    "1 h",
    "2 h 5 min",
  ]);
});
