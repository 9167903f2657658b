/**
 * A network between clients and a server in memory, on which each byte takes a millisecond, and which is cut at a byte.
 * Bytes are those of WebSocket messages without their headers, or of the bodies of HTTP with some for each head.
 */

import { polling } from "../http/polling.ts";
import { stream } from "../http/stream.ts";
import { toJSON } from "../http/transcode.ts";
import {
  type Dial,
  type TransportName,
  type WebSocketClass,
  type WebSocketLike,
  webSocket,
} from "../transport.ts";
import { byteLength, type Frame } from "../wire.ts";
import type { Clock } from "./clock.ts";
import { fakeFetch } from "./fakefetch.ts";
import { FakeHTTP } from "./fakehttp.ts";
import type { FakeServer, FakeSocket } from "./fakeserver.ts";
import { type Cut, type Ends, Line, type Surroundings, type Way } from "./line.ts";

export class Network implements Surroundings {
  /** To give to the client. */
  readonly WebSocket: WebSocketClass;
  readonly fetch: typeof fetch;
  readonly #http: FakeHTTP;
  readonly #cuts: Cut[];
  /** Those that connections began with. */
  readonly #lines: Line[] = [];
  #whole = false;

  /** `cuts` are of the connections, in the order in which they are made; `latencyMs` is from one end to the other. */
  constructor(
    readonly clock: Clock,
    readonly server: FakeServer,
    cuts: Cut[],
    readonly latencyMs: number,
  ) {
    const network = this;
    server.latencyMs = 0;
    this.#cuts = cuts;
    this.#http = new FakeHTTP(server);
    this.fetch = fakeFetch(this.#http, (connection, ends) => this.#path(connection, ends));
    this.WebSocket = class extends Wire {
      constructor(url: string, protocol: string) {
        super(network.#line(), server, url, protocol, 2 * latencyMs);
      }
    };
  }

  get whole(): boolean {
    return this.#whole;
  }

  /** Dials by one transport and no other. */
  dial(by: TransportName): Dial {
    if (by === "websocket") {
      return webSocket(this.WebSocket);
    }
    const way = { stream, polling }[by];
    return (url, _, events) => {
      const onHeldBack = () => events.onClose(1006, "held back");
      const { send, close } = way(url.replace(/^ws/, "http"), { ...events, onHeldBack });
      return { send: (frame) => send(toJSON(frame)), close };
    };
  }

  /** Ends the breaking. Returns how many bytes the first connection was given until now. */
  heal(): Record<Way, number> {
    this.#whole = true;
    return { up: 0, down: 0, ...this.#lines[0]?.bytes };
  }

  #line(): Line {
    const line = new Line(this, this.#cuts[this.#lines.length]);
    this.#lines.push(line);
    return line;
  }

  /** A request takes the line of its connection, or another if that is broken. */
  #path(connection: string | null, ends: Ends): Line {
    const began = connection === null ? this.#line() : (this.#http.pathOf(connection) as Line | undefined);
    const line = !began || began.broken ? new Line(this, undefined) : began;
    line.ends.add(ends);
    return line;
  }
}

class Wire implements WebSocketLike {
  binaryType = "blob";
  protocol = "";
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly #line: Line;
  /** The server's end. */
  readonly #far: FakeSocket;

  constructor(line: Line, server: FakeServer, url: string, protocol: string, handshakeMs: number) {
    this.#line = line;
    line.ends.add({
      client: () => this.onclose?.({ code: 1006, reason: "" }),
      server: () => this.#far.silence(),
    });
    this.#far = new server.WebSocket(url, protocol) as FakeSocket;
    this.#far.onopen = () => {
      setTimeout(() => {
        this.protocol = this.#far.protocol;
        this.onopen?.({});
      }, handshakeMs);
    };
    this.#far.onmessage = (event) => {
      const { data } = event as { data: string | ArrayBuffer };
      this.#pass("down", typeof data === "string" ? data : new Uint8Array(data), () =>
        this.onmessage?.({ data }),
      );
    };
    this.#far.onclose = (event) => this.#pass("down", "", () => this.onclose?.(event));
  }

  send(data: Frame): void {
    this.#pass("up", data, () => this.#far.send(data));
  }

  close(code?: number, reason?: string): void {
    this.#pass("up", "", () => this.#far.close(code, reason));
  }

  #pass(way: Way, data: Frame, arrive: () => void): void {
    this.#line.pass(way, byteLength(data), arrive);
  }
}
