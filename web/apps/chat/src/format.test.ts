import { expect, test } from "vitest";
import { formatBytes, formatClock, formatDuration } from "./format.ts";

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

test("a time of another day names the day", () => {
  const at = new Date(2026, 0, 2, 10, 31);
  expect(formatClock(at, new Date(2026, 0, 2, 23))).not.toContain("2,");
  expect(formatClock(at, new Date(2026, 0, 3))).toMatch(/2.*31/);
});
