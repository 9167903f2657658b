/** `fetch`, to a server in memory. */

import { utf8 } from "../wire.ts";
import type { FakeHTTP } from "./fakehttp.ts";
import type { Ends, Line } from "./line.ts";

/** What requests and answers pass through: here at once. */
type Path = Pick<Line, "pass">;

/** What a request or an answer has besides its body. */
const headBytes = 10;

const direct: Path = { pass: (_way, _bytes, arrive) => arrive() };

/** `pathOf` returns the path of a request, by the connection that it belongs to, or null if it begins one. */
export function fakeFetch(
  http: FakeHTTP,
  pathOf: (connection: string | null, ends: Ends) => Path = () => direct,
): typeof fetch {
  return (input, { method = "GET", headers: given, body = "", signal }: RequestInit = {}) =>
    new Promise((resolve, reject) => {
      const headers = new Headers(given);
      let controller: ReadableStreamDefaultController | undefined;
      let over = false;
      /** The server has answered, or knows that nobody listens. */
      let done = false;
      let left = () => {};
      const client = (cause: unknown = new TypeError("Failed to fetch")) => {
        if (!over) {
          over = true;
          controller?.error(cause);
          reject(cause);
        }
      };
      const server = () => {
        if (!done) {
          done = true;
          left();
        }
      };
      const path = pathOf(headers.get("Holdfast-Connection"), { client, server });
      const down = (bytes: number, arrive: () => void) => path.pass("down", bytes, () => over || arrive());
      const respond = (status: number, type: string) => {
        const stream = new ReadableStream({
          start(made) {
            controller = made;
          },
        });
        resolve(new Response(status === 204 ? null : stream, { status, headers: { "Content-Type": type } }));
      };
      const to = {
        head: (status: number, type = "text/plain") => down(headBytes, () => respond(status, type)),
        write: (text: string) => {
          const bytes = utf8.encode(text);
          down(bytes.length, () => controller?.enqueue(bytes));
        },
        end: () => {
          done = true;
          down(0, () => {
            over = true;
            controller?.close();
          });
        },
      };
      signal?.addEventListener("abort", () => {
        client(signal.reason);
        server();
      });
      path.pass("up", headBytes + String(body).length, () => {
        const url = new URL(String(input));
        left = http.handle({ method, url, headers, body: String(body), path }, to);
      });
    });
}
