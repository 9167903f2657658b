// What Microsoft's client does with a hub, over one transport in one protocol. Any fault ends it with an error.
//
//	node talk.mjs WEB URL TRANSPORT PROTOCOL
import assert from "node:assert/strict";
import { connect, until } from "./connect.mjs";

const [, , , , transport, protocol] = process.argv;
const { connection, signalR, binary } = connect();
const channel = `chat/${transport}-${protocol}`;

const came = [];
connection.on("message", (name, data, meta) => {
  assert.equal(name, channel);
  came.push({ data, meta });
});
await connection.start();

// Publishing and receiving.
const { position } = await connection.invoke("Subscribe", channel);
assert.match(position, /^\d+:/);
const first = await connection.invoke("Publish", channel, "hello ü");
await connection.send("publish", channel, { a: [1, 2.5, "x", null] }); // names are taken in any case
await until(() => came.length === 2);
assert.equal(came[0].data, "hello ü");
assert.equal(came[0].meta.offset, first.offset);
assert.equal(came[0].meta.position, `${first.offset}:${first.epoch}`);
assert.deepEqual(JSON.parse(came[1].data), { a: [1, 2.5, "x", null] });
if (binary) {
  await connection.invoke("Publish", channel, new Uint8Array([1, 2, 255]));
  await until(() => came.length === 3);
  assert.deepEqual([...came[2].data], [1, 2, 255]);
  assert.equal(came[2].meta.binary, true);
}
assert.deepEqual(await connection.invoke("Publish", channel, "once", { id: "i", key: "k" }), await once());
async function once() {
  await until(() => came.at(-1).data === "once");
  const { meta } = came.at(-1);
  assert.equal(meta.id, "i");
  assert.equal(meta.key, "k");
  return { offset: meta.offset, epoch: meta.position.split(":")[1] };
}
assert.equal((await connection.invoke("Publish", channel, "again", { id: "i" })).duplicate, true);

// History and presence.
const past = await connection.invoke("History", channel, { limit: 2 });
assert.equal(past.messages.length, 2);
assert.equal(past.more, true);
const rest = await connection.invoke("History", channel, { since: past.position });
assert.equal(past.messages.length + rest.messages.length, came.length);
assert.equal((await connection.invoke("Presence", channel)).count, 1);

// What is not right is refused, and nothing else happens.
await assert.rejects(connection.invoke("Nope", 1), /Unknown hub method 'Nope'/);
await assert.rejects(connection.invoke("Publish", "a//b", "x"), /bad_channel/);
await assert.rejects(connection.invoke("Publish", channel), /takes data/);
await assert.rejects(connection.invoke("Subscribe"), /takes a channel/);
await assert.rejects(connection.invoke("Subscribe", channel), /already_subscribed/);
await assert.rejects(connection.invoke("History", channel, { lust: 1 }), /lust/);
await assert.rejects(connection.invoke("Unsubscribe", "never"), /unknown_subscription/);
await assert.rejects(connection.invoke("Stream", channel), /streaming 'Stream' method with a non-streaming/);
await assert.rejects(
  new Promise((_, reject) => connection.stream("Publish", channel, "x").subscribe({ next() {}, complete() {}, error: reject })),
  /non-streaming 'Publish' method with a streaming/,
);

// Streams down, with a position; one is cancelled, one goes on.
const items = [];
const subscription = connection.stream("Stream", channel, { last: 1 }).subscribe({
  next: (item) => items.push(item),
  complete() {},
  error: (e) => assert.fail(e),
});
await until(() => items.length === 1);
assert.equal(items[0].data, "once");
await connection.invoke("Publish", channel, "live");
await until(() => items.length === 2);
subscription.dispose();
const others = [];
connection.stream("Stream", channel, position).subscribe({ next: (item) => others.push(item.data), complete() {}, error: (e) => assert.fail(e) });
await until(() => others.length === came.length);

// Streams up.
const subject = new signalR.Subject();
const sent = connection.invoke("Publish", `${channel}-up`, subject);
const numbers = Array.from({ length: 300 }, (_, i) => `n${i}`);
for (const n of numbers) subject.next(n);
subject.complete();
assert.equal((await sent).published, numbers.length);
const up = await connection.invoke("History", `${channel}-up`, { limit: 1000 });
assert.deepEqual(up.messages.map((m) => m.data), numbers);
const refused = new signalR.Subject();
const outcome = connection.invoke("Publish", "private/x", refused);
refused.next("no");
await assert.rejects(outcome, /unauthorized|not_permitted/);

// Much and many; nothing comes once unsubscribed.
await connection.invoke("Unsubscribe", channel);
const before = came.length;
await connection.invoke("Publish", channel, "unheard");
await connection.invoke("Subscribe", channel);
const large = "x".repeat(500_000);
await connection.invoke("Publish", channel, large);
await until(() => came.at(-1).data === large);
for (const n of numbers) connection.send("Publish", channel, n);
await until(() => came.length === before + 1 + numbers.length);
assert.deepEqual(came.slice(-numbers.length).map((c) => c.data), numbers);
assert.equal(items.length, 2); // of the cancelled stream

// Groups, by the names that every hub has.
await connection.invoke("JoinGroup", `${channel}-group`);
connection.off("message");
const told = new Promise((resolve) => connection.on("message", (name, data) => resolve([name, data])));
await connection.invoke("SendToGroup", `${channel}-group`, "ada", 1);
assert.deepEqual(await told, [`${channel}-group`, '["ada",1]']);
await connection.invoke("LeaveGroup", `${channel}-group`);

await connection.stop();
