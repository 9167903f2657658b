// A connection as the command line wants it.
import { createRequire } from "node:module";

const [, , web, url, transport, protocol] = process.argv;
const require = createRequire(`${web}/package.json`);
export const signalR = require("@microsoft/signalr");
const { MessagePackHubProtocol } = require("@microsoft/signalr-protocol-msgpack");

/** Builds a connection, which has not been started. */
export function connect({ at = url, options = {}, build = (b) => b } = {}) {
  const skips = transport === "skip"; // the negotiation
  const binary = protocol === "messagepack";
  const of = { skip: "WebSockets", ws: "WebSockets", sse: "ServerSentEvents", poll: "LongPolling" }[transport];
  const builder = new signalR.HubConnectionBuilder()
    .withUrl(at, { transport: signalR.HttpTransportType[of], skipNegotiation: skips, ...options })
    .configureLogging(signalR.LogLevel.Critical);
  if (binary) builder.withHubProtocol(new MessagePackHubProtocol());
  return { connection: build(builder).build(), signalR, binary };
}

/** Waits for something that comes to be. */
export async function until(done) {
  for (const end = Date.now() + 20_000; !done(); ) {
    if (Date.now() > end) throw new Error(`not in time: ${done}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
