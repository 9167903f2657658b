import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pass } from "../testing/setup.ts";
import { persist, type Refusal } from "./request.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Makes a request that is answered so, one status each time; 0 is no answer. Returns what came of it, and how often. */
async function ask(statuses: number[], abortAtMs = Number.POSITIVE_INFINITY) {
  const asked = vi.fn(async () => {
    const status = statuses.shift() ?? 0;
    if (status === 0) {
      throw new TypeError("Failed to fetch");
    }
    return new Response(`answer ${status}`, { status });
  });
  vi.stubGlobal("fetch", asked);
  const given = new AbortController();
  const result = persist("https://one.test", { ms: 1000, signal: given.signal }).catch(
    (cause: Refusal) => cause,
  );
  await pass(Math.min(abortAtMs, 5000));
  given.abort();
  await pass(5000);
  const got = await result;
  return [asked.mock.calls.length, typeof got === "string" ? got : `${got.code} ${got.message}`];
}

test.each([
  [[200], [1, "answer 200"]],
  [
    [502, 0, 429, 200],
    [4, "answer 200"],
  ],
  [
    [404, 200],
    [1, "1006 answer 404"],
  ],
  [[413], [1, "1009 answer 413"]],
  [
    [503, 503, 503, 503, 200],
    [4, "4503 answer 503"],
  ],
  [[], [4, "1006 TypeError: Failed to fetch"]],
])("what is answered with %j comes to %j", async (statuses, want) => {
  expect(await ask(statuses)).toEqual(want);
});

test("nothing is asked any more when it was given up", async () => {
  expect((await ask([502, 502, 200], 50))[0]).toBe(1);
  expect((await ask([502, 502, 200], 200))[0]).toBe(2);
});

test("an answer that does not come in time is none", async () => {
  vi.stubGlobal(
    "fetch",
    (_: string, { signal }: RequestInit) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
  );
  const { signal } = new AbortController();
  const failed = vi.fn();
  persist("https://one.test", { ms: 1000, signal }).catch(failed);
  await pass(6500);
  expect(failed).not.toHaveBeenCalled();
  await pass(200);
  expect(failed).toHaveBeenCalledOnce();
});
