// Connects with the npm package mqtt, publishes to itself with each QoS, and prints what comes.
// node talk.mjs URL 4|5 CA-FILE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const mqtt = require("mqtt");

const [url, version, ca] = process.argv.slice(2);
const client = await mqtt.connectAsync(url, {
  protocolVersion: Number(version),
  clientId: "npm " + version,
  ca: readFileSync(ca),
  reconnectPeriod: 0,
});
const topic = "npm/" + version;
const came = [];
const all = new Promise((resolve) => {
  client.on("message", (from, payload, packet) => {
    came.push([from, payload.toString(), packet.qos, packet.properties?.userProperties?.unit ?? ""].join(" "));
    if (came.length === 3) resolve();
  });
});
await client.subscribeAsync(topic, { qos: 2 });
for (const qos of [0, 1, 2]) {
  const properties = version === "5" ? { userProperties: { unit: "C" } } : undefined;
  await client.publishAsync(topic, "hello " + qos, { qos, properties });
}
await all;
await client.endAsync();
console.log(came.join("\n"));
