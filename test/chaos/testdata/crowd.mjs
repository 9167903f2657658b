// Clients of the TypeScript SDK for the jitter test. They tell what happens to them on standard output, a line of JSON
// each, and publish what standard input says, until that ends.
//
//   node crowd.mjs MODULE, and in the first line of input {"urls": […], "channels": […]}

import { createInterface } from "node:readline";

const { Holdfast, msgpack } = await import(process.argv[2]);

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

function join(url, name, client) {
  const holdfast = new Holdfast(url, client % 2 === 1 ? { encoding: msgpack } : {});
  const channel = holdfast.channel(name);
  let begun = false;
  channel.on("state", (state) => {
    if (state === "live") {
      tell(begun ? { client, live: true } : { client, begins: channel.position });
      begun = true;
    }
  });
  channel.on("message", ({ offset, data }) => tell({ client, offset, text: data }));
  channel.on("gap", () => tell({ client, fault: "was told of a gap though it has a history" }));
  channel.on("lost", ({ why }) => tell({ client, fault: `was told of a loss: ${why}` }));
  channel.on("error", (error) => tell({ client, fault: `${error}` }));
  return { holdfast, channel };
}

function say({ client, number, text }) {
  const failed = (error) => tell({ client, fault: `message ${number}: ${error}` });
  clients[client].channel.publish(text).then(({ offset }) => tell({ client, number, stored: offset }), failed);
}

let clients;
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (clients) {
    say(told);
  } else {
    clients = told.urls.map((url, client) => join(url, told.channels[client], client));
  }
}
await Promise.all(clients.map(({ holdfast }) => holdfast.close()));
