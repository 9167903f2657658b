// Publishes and receives while its connection is cut again and again; with stateful reconnect, nothing of that shows.
//
//	node reconnect.mjs WEB URL ws PROTOCOL
import assert from "node:assert/strict";
import net from "node:net";
import { connect, until } from "./connect.mjs";

const target = new URL(process.argv[3]);
const sockets = new Set();
const line = net.createServer((near) => {
  const far = net.connect(Number(target.port), target.hostname);
  const end = () => {
    near.destroy();
    far.destroy();
    sockets.delete(near);
  };
  for (const s of [near, far]) s.on("error", end).on("close", end);
  sockets.add(near);
  near.pipe(far).pipe(near);
});
await new Promise((resolve) => line.listen(0, "127.0.0.1", resolve));

const { connection } = connect({
  at: `http://127.0.0.1:${line.address().port}${target.pathname}`,
  build: (b) => b.withStatefulReconnect().withAutomaticReconnect([0, 0, 100]),
});
const came = [];
connection.on("message", (_, data) => {
  came.push(data);
});
let anew = 0;
connection.onreconnected(() => anew++);
await connection.start();
const id = connection.connectionId;
const channel = `chat/reconnect-${process.argv[5]}`;
await connection.invoke("Subscribe", channel);

const messages = Array.from({ length: 600 }, (_, i) => `m${i}`);
const answers = [];
let cuts = 0;
for (const [i, m] of messages.entries()) {
  answers.push(connection.invoke("Publish", channel, m));
  if (i % 40 === 39) {
    await until(() => came.length > i - 30); // so that each cut is in the middle of something
    for (const s of sockets) s.destroy();
    cuts++;
  }
}
const offsets = (await Promise.all(answers)).map((a) => a.offset);
await until(() => came.length >= messages.length);
assert.deepEqual(came, messages);
assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b));
assert.equal(connection.connectionId, id);
assert.equal(anew, 0);
assert.ok(cuts > 10);
await connection.stop();
line.close();
