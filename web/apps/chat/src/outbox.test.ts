import { expect, test } from "vitest";
import { maxUndelivered, Outbox, type Payload } from "./outbox.ts";

function setUp(isOpen = true) {
  const world = { isOpen, sent: [] as Payload[], changes: [] as string[] };
  const outbox = new Outbox(
    (payload) => {
      if (world.isOpen) {
        world.sent.push(payload);
      }
      return world.isOpen;
    },
    (id, delivery) => world.changes.push(`${id} ${delivery}`),
  );
  return Object.assign(world, { outbox });
}

test("a message is sending until its echo, and then sent", () => {
  const t = setUp();
  expect(t.outbox.add("a", "A")).toBe("sending");
  expect(t.outbox.echoed("b"), "a stranger's id").toBe(false);
  expect(t.outbox.echoed("a")).toBe(true);
  expect(t.outbox.echoed("a"), "a second echo").toBe(false);
  t.outbox.lost();
  expect(t.changes).toEqual(["a sent"]);
});

test("messages written without a connection wait and go out in order", () => {
  const t = setUp(false);
  expect(t.outbox.add("a", "A")).toBe("waiting");
  expect(t.outbox.add("b", "B")).toBe("waiting");
  t.outbox.lost();
  t.isOpen = true;
  t.outbox.opened();
  expect(t.sent).toEqual(["A", "B"]);
  expect(t.changes).toEqual(["a sending", "b sending"]);
});

test("what had no echo when the connection broke has failed, and goes out again only by a retry", () => {
  const t = setUp();
  t.outbox.add("a", "A");
  t.outbox.lost();
  t.outbox.opened();
  expect(t.sent).toEqual(["A"]);
  t.outbox.retry("a");
  t.outbox.retry("a");
  expect(t.sent, "a retry of what is on its way does nothing").toEqual(["A", "A"]);
  t.outbox.echoed("a");
  expect(t.changes).toEqual(["a failed", "a sending", "a sent"]);
});

test("a retry without a connection waits for it", () => {
  const t = setUp();
  t.outbox.add("a", "A");
  t.isOpen = false;
  t.outbox.lost();
  t.outbox.retry("a");
  expect(t.changes).toEqual(["a failed", "a waiting"]);
});

test("it is full at its limit, and has room again when something is sent or forgotten", () => {
  const t = setUp(false);
  for (let n = 0; n < maxUndelivered; n++) {
    expect(t.outbox.full).toBe(false);
    t.outbox.add(String(n), "x");
  }
  expect(t.outbox.full).toBe(true);
  t.outbox.forget("0");
  expect(t.outbox.full).toBe(false);
});
