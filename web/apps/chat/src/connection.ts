/**
 * One WebSocket that is opened again whenever it breaks. Everything that affects its state is in this file:
 *
 *     connecting ──▶ open ──▶ reconnecting ──▶ connecting ──▶ …
 *          └──────────┼───────────┘
 *                     ▼
 *                  closed        by stop(), or by the server for good; start() leaves it
 *
 * Messages sent by others while it is not open are not received: the channel has no history yet.
 */

import { waitMs } from "./backoff.ts";

/** How a socket ended. */
export interface Closed {
  /** The close code: RFC 6455 section 7.4, and 1006 where there was no close frame. */
  code: number;
  /** The reason in the close frame: a stranger's text. */
  reason: string;
  /** Whether the connection had been made, or failed before it was. */
  opened: boolean;
}

export type State =
  /** A socket is being opened; `after` is how the one before ended. */
  | { name: "connecting"; after?: Closed }
  /** Messages flow. `awayMs` is how long they did not, since an earlier socket was lost. */
  | { name: "open"; awayMs?: number }
  /** The next attempt is at `retryAt`, in the milliseconds of the clock. */
  | { name: "reconnecting"; closed: Closed; retryAt: number }
  /** Nothing will happen until start(). `closed` is how the server ended it, if it was the server. */
  | { name: "closed"; closed?: Closed };

/** What the connection needs of the world; tests give their own. */
export interface World {
  WebSocket: new (url: string) => Socket;
  /** The time in milliseconds. */
  now(): number;
  /** Calls back after a time, and returns what undoes it. */
  after(ms: number, run: () => void): () => void;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
}

/** The part of the browser's WebSocket that is used. */
export type Socket = Pick<WebSocket, "binaryType" | "onopen" | "onmessage" | "onclose" | "send" | "close">;

export interface Listener {
  onState(state: State): void;
  /** A message: a string or an ArrayBuffer. */
  onMessage(data: string | ArrayBuffer): void;
}

/** An attempt that has not succeeded after this time is given up. */
export const connectTimeoutMs = 15_000;
/** A connection that held this long was a good one: the waits start small again. */
export const stableMs = 10_000;

/** Codes after which trying again would get the same answer: done, not acceptable, refused by policy. */
const finalCodes = [1000, 1003, 1008];

export class Connection {
  readonly #url: string;
  readonly #listener: Listener;
  readonly #world: World;
  #state: State = { name: "closed" };
  /** The current socket, in the states connecting and open. */
  #socket: Socket | undefined;
  /** Undoes the timer of the current state. */
  #cancel = () => {};
  #attempt = 0;
  #openedAt = 0;
  /** When the last open socket was lost, if one was since. */
  #lostAt: number | undefined;

  constructor(url: string, listener: Listener, world: World) {
    this.#url = url;
    this.#listener = listener;
    this.#world = world;
  }

  get state(): State {
    return this.#state;
  }

  /** Connects, unless connected or connecting; ends a wait at once. */
  start(): void {
    if (this.#state.name === "connecting" || this.#state.name === "open") {
      return;
    }
    if (this.#state.name === "closed") {
      this.#attempt = 0;
    }
    this.#connect(this.#state.closed);
  }

  /** Ends a wait at once, for when the network or the reader came back. A closed connection stays closed. */
  hurry(): void {
    if (this.#state.name === "reconnecting") {
      this.#connect(this.#state.closed);
    }
  }

  /** Closes for good. */
  stop(): void {
    if (this.#state.name === "closed") {
      return;
    }
    const opened = this.#state.name === "open";
    this.#drop();
    this.#noteLoss(opened);
    this.#enter({ name: "closed" });
  }

  /** Hands a message to the socket. False means that none is open; true does not yet mean that it arrived. */
  send(data: string | BufferSource): boolean {
    if (this.#state.name !== "open" || this.#socket === undefined) {
      return false;
    }
    this.#socket.send(data);
    return true;
  }

  #connect(after: Closed | undefined): void {
    this.#cancel();
    const socket = new this.#world.WebSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => {
      if (typeof data === "string" || data instanceof ArrayBuffer) {
        this.#listener.onMessage(data);
      }
    };
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#cancel = this.#world.after(connectTimeoutMs, () => {
      this.#closed(1006, `no answer within ${connectTimeoutMs / 1000} s`);
    });
    this.#enter(after === undefined ? { name: "connecting" } : { name: "connecting", after });
  }

  #opened(): void {
    this.#cancel();
    const now = this.#world.now();
    this.#openedAt = now;
    const lostAt = this.#lostAt;
    this.#lostAt = undefined;
    this.#enter(lostAt === undefined ? { name: "open" } : { name: "open", awayMs: now - lostAt });
  }

  #closed(code: number, reason: string): void {
    const opened = this.#state.name === "open";
    const closed: Closed = { code, reason, opened };
    this.#drop();
    this.#noteLoss(opened);
    if (opened && finalCodes.includes(code)) {
      this.#enter({ name: "closed", closed });
      return;
    }
    if (opened && this.#world.now() - this.#openedAt >= stableMs) {
      this.#attempt = 0;
    }
    const wait = waitMs(this.#attempt, this.#world.random);
    this.#attempt++;
    this.#cancel = this.#world.after(wait, () => this.#connect(closed));
    this.#enter({ name: "reconnecting", closed, retryAt: this.#world.now() + wait });
  }

  /** Lets go of the socket and the timer, whatever they were doing. */
  #drop(): void {
    this.#cancel();
    this.#cancel = () => {};
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
    }
  }

  #noteLoss(opened: boolean): void {
    if (opened) {
      this.#lostAt = this.#world.now();
    }
  }

  #enter(state: State): void {
    this.#state = state;
    this.#listener.onState(state);
  }
}

/** The browser's own world. */
export const browser: World = {
  WebSocket: globalThis.WebSocket,
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
