// Runs the functions on this machine: node server.js. On a platform for functions each of them is exported as it is.

import { createServer } from "node:http";
import { pipeline } from "node:stream/promises";
import comments from "./comments.js";
import notifications from "./notifications.js";
import visitors from "./visitors.js";

const functions = { "/visitors": visitors, "/comments": comments, "/notifications": notifications };
const mostBytes = 1 << 20; // of a request

const server = createServer(async (incoming, outgoing) => {
  const answer = functions[incoming.url];
  if (!answer || incoming.method !== "POST") {
    outgoing.writeHead(answer ? 405 : 404).end("POST to /visitors, /comments or /notifications\n");
    return;
  }
  try {
    const request = new Request(`http://localhost${incoming.url}`, {
      method: "POST",
      headers: incoming.headers,
      body: await bodyOf(incoming),
    });
    const response = await answer(request, process.env);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    await pipeline(response.body, outgoing);
  } catch (error) {
    process.stderr.write(`functions: ${error.stack}\n`);
    outgoing.destroy();
  }
});

async function bodyOf(incoming) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      throw new Error(`a request has more than ${mostBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const [host, port] = (process.env.ADDRESS ?? "127.0.0.1:8788").split(":");
server.listen(Number(port), host, () => {
  process.stdout.write(`The functions are at http://${host}:${server.address().port}\n`);
});
process.once("SIGTERM", () => server.close().closeAllConnections());
