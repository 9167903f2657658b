/** The server's side of the protocol over plain HTTP: docs/protocol.md. Behind it is a FakeServer, as for WebSockets. */

import { json } from "../json.ts";
import type { FakeServer, FakeSocket } from "./fakeserver.ts";

const pingMs = 25_000;
const pongMs = 20_000;

export interface FakeRequest {
  method: string;
  url: URL;
  headers: Headers;
  body: string;
  /** What it came by. */
  path: unknown;
}

/** Where an answer goes. */
export interface Responder {
  head(status: number, type?: string): void;
  write(text: string): void;
  end(): void;
}

/** One connection: what the server has for the client, and how that gets there. */
interface Connection {
  id: string;
  socket: FakeSocket;
  /** What it was opened by. */
  path: unknown;
  /** The last number of a POST that was run. */
  sequence: number;
  /** For polls: the messages behind those that are known to have arrived, and where they begin. */
  kept: unknown[];
  keptFrom: number;
  close?: { code: number; reason: string };
  /** Answers the poll that waits. */
  wake?: ((status?: number) => void) | undefined;
  /** Ends it if no request comes. */
  silence?: ReturnType<typeof setTimeout>;
  /** Ends the stream. */
  end?: () => void;
}

export class FakeHTTP {
  /** A proxy collects what a stream brings until it ends. */
  holdsBack = false;
  /** A proxy lets no POST through. */
  deaf = false;
  /** What all requests are refused with, if it is set. */
  refusal: { status: number; body: string } | undefined;
  /** A body that is longer is refused. */
  most = Number.POSITIVE_INFINITY;
  /** The requests, such as "POST 1". */
  readonly seen: string[] = [];
  readonly #connections = new Map<string, Connection>();
  #made = 0;

  constructor(readonly server: FakeServer) {}

  /** Knows none of its connections any more, and tells nobody, as a node that is another one. */
  forget(): void {
    this.#connections.clear();
  }

  /** What a connection was opened by; undefined if there is no such connection any more. */
  pathOf(connection: string): unknown {
    return this.#connections.get(connection)?.path;
  }

  /** Takes a request; returns what is to be run if the client goes before the answer has ended. */
  handle(request: FakeRequest, to: Responder): () => void {
    const { method, headers } = request;
    const connection = this.#connections.get(headers.get("Holdfast-Connection") ?? "");
    this.seen.push(`${method} ${headers.get("Holdfast-Sequence") ?? headers.get("Accept") ?? ""}`.trim());
    if (this.deaf && method === "POST") {
      return answer(to, 502, "");
    }
    if (this.refusal) {
      return answer(to, this.refusal.status, this.refusal.body);
    }
    if (method === "GET" && !headers.has("Holdfast-Connection")) {
      return headers.get("Accept") === "text/event-stream"
        ? this.#stream(request, to)
        : this.#begin(request, to);
    }
    if (!connection) {
      return answer(to, 404, "there is no such connection");
    }
    this.#heard(connection);
    switch (method) {
      case "GET":
        return this.#poll(connection, request, to);
      case "POST":
        return this.#take(connection, request, to);
      default:
        this.#drop(connection, 1000);
        return answer(to, 204);
    }
  }

  #connect(
    { url, path }: FakeRequest,
    opened: (connection: Connection) => void,
    refused: () => void,
  ): Connection {
    const socket = new this.server.WebSocket(url.href.replace("http", "ws"), json.protocol) as FakeSocket;
    const id = `c${++this.#made}`;
    const connection: Connection = { id, socket, path, sequence: 0, kept: [], keptFrom: 0 };
    socket.onopen = () => {
      this.#connections.set(connection.id, connection);
      this.#heard(connection);
      opened(connection);
    };
    socket.onclose = refused;
    return connection;
  }

  #drop(connection: Connection, code?: number): void {
    connection.wake?.(404);
    connection.end?.();
    clearTimeout(connection.silence);
    this.#connections.delete(connection.id);
    if (code) {
      connection.socket.close(code, "");
    } else {
      connection.socket.silence();
    }
  }

  #stream(request: FakeRequest, to: Responder): () => void {
    let beat: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const write = (text: string) => {
      clearTimeout(beat);
      beat = over ? undefined : setTimeout(write, pingMs, ":\n\n");
      if (!this.holdsBack && !over) {
        to.write(text);
      }
    };
    const opened = (connection: Connection) => {
      const { socket, id } = connection;
      connection.end = () => {
        over = true;
        clearTimeout(beat);
        to.end();
      };
      if (!this.holdsBack) {
        to.head(200, "text/event-stream");
      }
      write(`event: open\ndata: ${JSON.stringify({ connection: id })}\n\n`);
      socket.onmessage = (event) => write(`data: ${(event as { data: string }).data}\n\n`);
      socket.onclose = (event) => {
        const { code, reason } = event as { code: number; reason: string };
        if (code !== 1006) {
          write(`event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`);
        }
        this.#drop(connection);
      };
    };
    const connection = this.#connect(request, opened, () => answer(to, 503, "not now"));
    return () => this.#drop(connection);
  }

  #begin(request: FakeRequest, to: Responder): () => void {
    const opened = (connection: Connection) => {
      const { socket } = connection;
      socket.onmessage = (event) => {
        connection.kept.push(JSON.parse((event as { data: string }).data));
        connection.wake?.();
      };
      socket.onclose = (event) => {
        connection.close = event as { code: number; reason: string };
        connection.wake?.();
      };
      answer(to, 200, JSON.stringify({ connection: connection.id }));
    };
    this.#connect(request, opened, () => answer(to, 503, "not now"));
    return () => {};
  }

  #poll(connection: Connection, { url }: FakeRequest, to: Responder): () => void {
    const after = Number(url.searchParams.get("after"));
    const waitMs = Math.min(pingMs, Number(url.searchParams.get("wait")) * 1000);
    connection.wake?.(409);
    connection.kept.splice(0, after - connection.keptFrom);
    connection.keptFrom = Math.max(after, connection.keptFrom);
    const timer = setTimeout(() => wake(), waitMs);
    const wake = (status = 200) => {
      clearTimeout(timer);
      connection.wake = undefined;
      this.#heard(connection);
      const { kept: messages, keptFrom, close } = connection;
      const body = { next: keptFrom + messages.length, messages, ...(close ? { close } : {}) };
      answer(to, status, status === 200 ? JSON.stringify(body) : "over");
    };
    connection.wake = wake;
    if (connection.kept.length > 0 || connection.close) {
      wake();
    }
    return () => {
      if (connection.wake === wake) {
        clearTimeout(timer);
        connection.wake = undefined;
      }
    };
  }

  #heard(connection: Connection): void {
    clearTimeout(connection.silence);
    connection.silence = setTimeout(() => this.#drop(connection), pingMs + pongMs);
  }

  #take(connection: Connection, { headers, body }: FakeRequest, to: Responder): () => void {
    const number = Number(headers.get("Holdfast-Sequence"));
    if (body.length > this.most) {
      connection.socket.cut(1009, "it is too large");
      return answer(to, 413, "it is too large");
    }
    if (number !== connection.sequence && number !== connection.sequence + 1) {
      this.#drop(connection);
      return answer(to, 409, "another number was expected");
    }
    if (number > connection.sequence) {
      connection.sequence = number;
      connection.socket.send(body);
    }
    return answer(to, 204);
  }
}

function answer(to: Responder, status: number, body = ""): () => void {
  to.head(status);
  to.write(body);
  to.end();
  return () => {};
}
