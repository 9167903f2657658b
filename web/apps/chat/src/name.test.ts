import { expect, test } from "vitest";
import { cleanName, inventName, maxNameLength } from "./name.ts";

test("invented names are names, and differ", () => {
  expect(inventName(() => 0)).toBe("Brave Auk");
  expect(inventName(() => 0.999)).toBe("Wise Whale");
  for (let n = 0; n < 100; n++) {
    const name = inventName();
    expect(cleanName(name)).toBe(name);
  }
});

test("names are cut to their length by characters, and what cannot be seen is no name", () => {
  expect(cleanName("🦦".repeat(40))).toBe(`${"🦦".repeat(maxNameLength - 1)}…`);
  expect(cleanName("x".repeat(1e6))).toHaveLength(maxNameLength);
  for (const name of ["", "  ", "\u200d\u200c", "\u2066\u2069", "\n\t"]) {
    expect(cleanName(name)).toBeUndefined();
  }
});
