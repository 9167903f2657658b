// Behind a balancer that sends each request to another node: when the connection is cut, the client comes to a node that does not have
// it, starts anew, and subscribes from where it was.
//
//	node anew.mjs WEB URL ws PROTOCOL
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
  build: (b) => b.withStatefulReconnect().withAutomaticReconnect([0, 10, 10, 100, 100, 1000]),
});
const channel = `chat/anew-${process.argv[5]}`;
const came = [];
let position;
let anew = 0;
connection.on("message", (_, data, meta) => {
  came.push(data);
  position = meta.position;
});
connection.onreconnected(async () => {
  anew++;
  await connection.invoke("Subscribe", channel, position);
});
await connection.start();
await connection.invoke("Subscribe", channel);

// What is sent while the client does not know yet that it has to start anew is never answered: it keeps that for the connection before.
const publish = async (text) => {
  for (const end = Date.now() + 20_000; ; ) {
    await until(() => connection.state === "Connected");
    const late = new Promise((_, no) => setTimeout(no, 500, new Error("no answer")));
    try {
      return await Promise.race([connection.invoke("Publish", channel, text, { id: text }), late]);
    } catch (e) {
      if (Date.now() > end) throw e;
    }
  }
};
const messages = Array.from({ length: 60 }, (_, i) => `m${i}`);
for (const [i, m] of messages.entries()) {
  if (i % 20 === 10) for (const s of sockets) s.destroy();
  await publish(m);
}
await until(() => came.length >= messages.length);
assert.deepEqual(came, messages);
assert.ok(anew > 0, "it has never started anew");
await connection.stop();
line.close();
