import { expect, test } from "vitest";
import { flagOf, hues, patterns } from "./flag.ts";

test("a name's flag is always the same, and names spread over all patterns and hues", () => {
  expect(flagOf("Calm Otter")).toEqual(flagOf("Calm Otter"));
  const flags = Array.from({ length: 500 }, (_, n) => flagOf(`name ${n}`));
  expect(new Set(flags.map(({ pattern }) => pattern)).size).toBe(patterns);
  expect(new Set(flags.map(({ hue }) => hue)).size).toBe(hues);
});
