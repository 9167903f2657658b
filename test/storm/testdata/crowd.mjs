// Clients of the TypeScript SDK for the storm. They tell what happens to them on standard output, a line of JSON each, and
// publish what standard input says, until that ends.
//
//   node crowd.mjs MODULE, and in the first line of input [{"who": …, "urls": […], "channel": … or "publishes": …}]

import { createInterface } from "node:readline";

const { Holdfast, msgpack } = await import(process.argv[2]);

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

function join({ urls, channel: name, publishes }, client) {
  const holdfast = new Holdfast(urls, client % 2 === 1 ? { encoding: msgpack } : {});
  holdfast.on("state", (state) => tell({ client, state }));
  const channel = holdfast.channel(name ?? publishes);
  if (publishes) {
    return { holdfast, channel };
  }
  let begun = false;
  let epoch = "";
  channel.on("state", (state) => {
    if (state === "live") {
      epoch = channel.position;
      tell(begun ? { client, live: true } : { client, begins: channel.position });
      begun = true;
    }
  });
  channel.on("message", (message) => tell({ client, offset: message.offset, epoch: message.epoch ?? epoch, text: message.data }));
  channel.on("gap", () => tell({ client, gap: "was told of a gap though it has a history" }));
  channel.on("lost", ({ since, position, why }) => tell({ client, lost: `from ${since} to ${position}: ${why}` }));
  channel.on("error", (error) => tell({ client, fault: `${error}` }));
  return { holdfast, channel };
}

function say({ who, id, text }) {
  const client = numbers.get(who);
  const failed = (error) => tell({ client, failed: id, fault: `${error}` });
  clients[client].channel.publish(text, { id }).then(({ offset, epoch }) => tell({ client, acked: id, offset, epoch }), failed);
}

let clients;
const numbers = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (clients) {
    say(told);
  } else {
    clients = told.map((one, client) => {
      numbers.set(one.who, client);
      return join(one, client);
    });
  }
}
await Promise.all(clients.map(({ holdfast }) => holdfast.close()));
