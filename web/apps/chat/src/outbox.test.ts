import { expect, test } from "vitest";
import { maxUndelivered, Outbox, type Payload } from "./outbox.ts";

function setUp() {
  const answers: { resolve(): void; reject(error: Error): void }[] = [];
  const published: Payload[] = [];
  const changes: string[] = [];
  const outbox = new Outbox(
    (payload) => {
      published.push(payload);
      return new Promise<void>((resolve, reject) => answers.push({ resolve, reject }));
    },
    (id, delivery, why) => changes.push(`${id} ${delivery} ${why}`.trimEnd()),
  );
  outbox.connected(true);
  return { outbox, published, changes, answers };
}

test("a message is sending until the server has acknowledged it", async () => {
  const { outbox, answers, changes } = setUp();
  const added = outbox.add("a", "A");
  expect(changes).toEqual(["a sending"]);
  answers[0]?.resolve();
  await added;
  expect(changes).toEqual(["a sending", "a delivered"]);
});

test("what comes back before its acknowledgement is delivered, once", async () => {
  const { outbox, answers, changes } = setUp();
  const added = outbox.add("a", "A");
  outbox.delivered("a");
  answers[0]?.resolve();
  await added;
  expect(changes).toEqual(["a sending", "a delivered"]);
});

test("without a connection a message waits, and is published all the same", async () => {
  const { outbox, published, changes } = setUp();
  outbox.connected(false);
  void outbox.add("a", "A");
  outbox.connected(true);
  outbox.connected(true);
  outbox.connected(false);
  expect(changes).toEqual(["a waiting", "a sending", "a waiting"]);
  expect(published).toEqual(["A"]);
});

test("a refused message has failed, says why, and goes out again by a retry only", async () => {
  const { outbox, published, answers, changes } = setUp();
  const added = outbox.add("a", "A");
  outbox.retry("a");
  answers[0]?.reject(new Error("too large"));
  await added;
  outbox.connected(false);
  outbox.connected(true);
  expect(published).toEqual(["A"]);
  outbox.retry("a");
  outbox.retry("a");
  expect(published, "a retry of what is on its way does nothing").toEqual(["A", "A"]);
  expect(changes).toEqual(["a sending", "a failed too large", "a sending"]);
});

test("a failed message that comes back after all is delivered", async () => {
  const { outbox, answers, changes } = setUp();
  const added = outbox.add("a", "A");
  answers[0]?.reject(new Error("outcome unknown"));
  await added;
  outbox.delivered("a");
  expect(changes.at(-1)).toBe("a delivered");
});

test("it is full at its limit, and has room again when something is delivered or forgotten", async () => {
  const { outbox, answers } = setUp();
  const added = Array.from({ length: maxUndelivered }, (_, n) => outbox.add(String(n), "x"));
  expect(outbox.full).toBe(true);
  outbox.forget("0");
  expect(outbox.full).toBe(false);
  void outbox.add("more", "x");
  answers[1]?.resolve();
  await added[1];
  expect(outbox.full).toBe(false);
});
