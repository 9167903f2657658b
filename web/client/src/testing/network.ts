/**
 * A network between clients and a server in memory, on which each byte takes a millisecond, and which is cut at a byte.
 * Bytes are those of the WebSocket messages, without their headers.
 */

import type { WebSocketClass, WebSocketLike } from "../transport.ts";
import { byteLength, type Frame } from "../wire.ts";
import type { Clock } from "./clock.ts";
import type { FakeServer, FakeSocket } from "./fakeserver.ts";

/** To the server, or to the client. */
export type Way = "up" | "down";

/** Where a connection breaks. */
export interface Cut {
  way: Way;
  /** So many bytes pass that way; a message that is not whole by then is lost. */
  bytes: number;
  /** Whether what has passed by then, either way, still arrives at the other end; else it is lost. */
  arrives: boolean;
  /** The client is not told: it has to notice the silence. */
  silent?: boolean;
  /** The server notices so many milliseconds later than it would. */
  lateMs?: number;
}

export class Network {
  /** The class to give to the client. */
  readonly WebSocket: WebSocketClass;
  readonly wires: Wire[] = [];
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
    this.WebSocket = class extends Wire {
      constructor(url: string, protocol: string) {
        super(network, cuts[network.wires.length], url, protocol);
        network.wires.push(this);
      }
    };
  }

  /** Whether nothing breaks any more. */
  get whole(): boolean {
    return this.#whole;
  }

  /** Ends the breaking. Returns how many bytes the first connection was given until now. */
  heal(): Record<Way, number> {
    this.#whole = true;
    return { up: 0, down: 0, ...this.wires[0]?.bytes };
  }
}

class Wire implements WebSocketLike {
  binaryType = "blob";
  protocol = "";
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  /** The bytes that were given to it, each way. */
  readonly bytes = { up: 0, down: 0 };
  readonly #network: Network;
  readonly #cut: Cut | undefined;
  /** The server's end. */
  readonly #far: FakeSocket;
  /** When all that was given to it has passed: bytes of one way follow one another. */
  readonly #free = { up: 0, down: 0 };
  #brokenAt = Number.POSITIVE_INFINITY;

  constructor(network: Network, cut: Cut | undefined, url: string, protocol: string) {
    this.#network = network;
    this.#cut = cut;
    this.#far = new network.server.WebSocket(url, protocol) as FakeSocket;
    this.#far.onopen = () => {
      this.#at(network.clock.now + 2 * network.latencyMs, () => {
        this.protocol = this.#far.protocol;
        this.onopen?.({});
      });
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
    const { clock, latencyMs } = this.#network;
    const size = byteLength(data);
    const room = this.#cut?.way === way ? this.#cut.bytes - this.bytes[way] : Number.POSITIVE_INFINITY;
    const begins = Math.max(clock.now, this.#free[way]);
    const passed = begins + size;
    this.bytes[way] += size;
    this.#free[way] = passed;
    if (room >= 0 && room <= size) {
      this.#at(begins + room, () => this.#break());
    }
    this.#at(passed + latencyMs, () => {
      if (clock.now <= this.#brokenAt || (this.#cut?.arrives && passed <= this.#brokenAt)) {
        arrive();
      }
    });
  }

  #break(): void {
    const { clock, latencyMs, whole } = this.#network;
    if (!whole && this.#brokenAt === Number.POSITIVE_INFINITY) {
      const { silent, lateMs = 0 } = this.#cut ?? {};
      this.#brokenAt = clock.now;
      this.#at(clock.now + latencyMs + lateMs, () => this.#far.silence());
      if (!silent) {
        this.#at(clock.now + latencyMs, () => this.onclose?.({ code: 1006, reason: "" }));
      }
    }
  }

  #at(time: number, run: () => void): void {
    setTimeout(run, time - this.#network.clock.now);
  }
}
