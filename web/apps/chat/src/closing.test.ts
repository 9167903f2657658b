import { expect, test } from "vitest";
import { describeClose } from "./closing.ts";

test("a close is told with its code and the server's reason", () => {
  expect(describeClose({ code: 1001, reason: "back soon", opened: true })).toBe(
    "The server is shutting down or restarting (1001: “back soon”).",
  );
  expect(describeClose({ code: 1006, reason: "", opened: true })).toBe("The connection broke (1006).");
  expect(describeClose({ code: 1006, reason: "", opened: false })).toBe(
    "The connection could not be made (1006).",
  );
  expect(describeClose({ code: "not_permitted", reason: "members only", opened: true })).toBe(
    "The server does not let you into this room (not_permitted: “members only”).",
  );
  expect(describeClose({ code: 4321, reason: "\u202ex\n", opened: true })).toBe(
    "The server closed the connection (4321: “x”).",
  );
});
