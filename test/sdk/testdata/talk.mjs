// A program that talks through the TypeScript SDK while its connections break. It prints what came, what it was told,
// and where its messages are stored, as JSON. Arguments: the SDK's directory, the server's URL, the encoding, and how
// many messages to publish. It ends when its input has ended and everything has come.
const [sdk, url, encoding, count] = process.argv.slice(2);
const { Holdfast, HoldfastSocket, msgpack, orHTTP } = await import(`${sdk}/index.js`);

// The waits between attempts are for thousands of clients: here they are a hundredth.
const { random } = Math;
Math.random = () => random() / 100;

const options = encoding === "msgpack" ? { encoding: msgpack } : {};
const text = (data) => (typeof data === "string" ? data : `bytes ${new Uint8Array(data)}`);
const came = { channel: [], pattern: [], socket: [] };
const told = [];

const holdfast = new Holdfast(url, options);
const channel = holdfast.channel("chat/a", { since: "0" });
channel.on("message", ({ data }) => came.channel.push(text(data)));
const pattern = holdfast.pattern("chat/#", { since: "0" });
pattern.on("message", ({ channel, data }) => came.pattern.push(`${channel} ${text(data)}`));
for (const feed of [channel, pattern]) {
  for (const type of ["gap", "lost", "error"]) {
    feed.on(type, (detail) => told.push(`${feed.name} ${type}: ${JSON.stringify(detail)} ${detail}`));
  }
}
const socket = new HoldfastSocket(`${url}/channels/chat/a?since=0`, [], { ...options, dial: orHTTP() });
socket.binaryType = "arraybuffer";
socket.onmessage = ({ data }) => came.socket.push(text(data));
for (const type of ["gap", "lost", "error"]) {
  socket.addEventListener(type, (event) => told.push(`socket ${type} ${event.why}`));
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (so) => {
  while (!so()) {
    await pause(5);
  }
};
await until(() => socket.readyState === 1);

const publications = [];
const publish = (data) => publications.push({ text: text(data), stored: channel.publish(data) });
for (let number = 0; number < Number(count); number++) {
  publish(number % 5 ? `mine ${number}` : Uint8Array.of(0, 255, number).buffer);
  socket.send(number % 3 ? `socket ${number}` : Uint8Array.of(255, number));
  await pause(5);
}
const over = new Promise((resolve) => process.stdin.resume().on("end", resolve));
await over;
await until(() => socket.bufferedAmount === 0);
publish("end");
await until(() => came.channel.includes("end") && came.socket.includes("end"));
await until(() => came.pattern.includes("chat/a end") && came.pattern.includes("chat/b end"));
const stored = [];
for (const { text, stored: promise } of publications) {
  stored.push({ text, ...(await promise) });
}
await pause(100); // for what should not come
console.log(JSON.stringify({ came, told, stored }));
const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
socket.close();
await Promise.all([closed, holdfast.close()]);
