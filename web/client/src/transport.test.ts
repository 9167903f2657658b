import { expect, test } from "vitest";
import { type WebSocketLike, webSocket } from "./transport.ts";

/** A WebSocket to which the test does what a platform would. */
class Socket implements WebSocketLike {
  static last: Socket;
  binaryType = "";
  readonly protocol = "";
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onclose: WebSocketLike["onclose"] = null;
  onerror: WebSocketLike["onerror"] = null;
  constructor() {
    Socket.last = this;
  }
  send(): void {}
  close(): void {}
}

/** Dials, and returns the platform's side, the transport and what it tells. */
function dial() {
  const told: string[] = [];
  const transport = webSocket(Socket)("wss://one.test", "p", {
    onOpen: () => told.push("open"),
    onFrame: (frame) => told.push(`frame ${frame}`),
    onClose: (code, reason) => told.push(`close ${code} ${reason}`),
  });
  return { socket: Socket.last, transport, told };
}

test("a connection that can't be made ends once, with an error alone as in Node or with a close event behind it", () => {
  const { socket, told } = dial();
  socket.onerror?.({});
  expect(told).toEqual(["close 1006 "]);
  socket.onclose?.({ code: 1006, reason: "" });
  expect(told).toEqual(["close 1006 "]);
});

test("a connection that breaks ends with its close event", () => {
  const { socket, told } = dial();
  socket.onopen?.({});
  socket.onerror?.({});
  socket.onclose?.({ code: 1009, reason: "too large" });
  expect(told).toEqual(["open", "close 1009 too large"]);
});

test("nothing is heard of a connection that was closed while it was being made", () => {
  const { socket, transport, told } = dial();
  transport.close(1000, "");
  socket.onerror?.({});
  socket.onclose?.({ code: 1006, reason: "" });
  expect(told).toEqual([]);
});
