// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import { OwnIds } from "./ownids.ts";

beforeEach(() => sessionStorage.clear());

test("an own id is known when the page is loaded again", () => {
  new OwnIds().add("a");
  expect([new OwnIds().has("a"), new OwnIds().has("b")]).toEqual([true, false]);
});

test("only the newest are remembered", () => {
  const own = new OwnIds();
  for (let n = 0; n <= 300; n++) {
    own.add(String(n));
  }
  expect([own.has("0"), own.has("1"), own.has("300")]).toEqual([false, true, true]);
});

test.each(["{", "7", '"a"', "[1,{}]"])("what is not ours (%s) is no id", (stored) => {
  sessionStorage.setItem("holdfast.own", stored);
  expect(new OwnIds().has("a")).toBe(false);
});
