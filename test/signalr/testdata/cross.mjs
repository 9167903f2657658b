// Says text and bytes in chat/cross, and waits for what somebody else says there.
import assert from "node:assert/strict";
import { connect, until } from "./connect.mjs";

const { connection } = connect();
const came = [];
connection.on("message", (_, data) => {
  came.push(data);
});
await connection.start();
await connection.invoke("Subscribe", "chat/cross");
await connection.invoke("Publish", "chat/cross", "text of SignalR");
await connection.invoke("Publish", "chat/cross", new Uint8Array([0, 255]));
await until(() => came.length === 5);
assert.equal(came[2], "text of a WebSocket");
assert.deepEqual([...came[3]], [1, 254]);
assert.equal(came[4], "text of MQTT");
await connection.stop();
