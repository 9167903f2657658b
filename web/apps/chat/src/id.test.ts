import { expect, test } from "vitest";
import { isId, newId } from "./id.ts";

test("ids have their form and differ", () => {
  const ids = new Set(Array.from({ length: 1000 }, newId));
  expect(ids.size).toBe(1000);
  expect([...ids].every((id) => isId(id) && id.length === 22)).toBe(true);
});
