/**
 * The seam between the protocol and what carries it. A transport takes frames one way and gives them the other, in
 * order, and tells once how it ended.
 */

import type { Encoding, Frame } from "./wire.ts";

export interface Transport {
  /** Only between onOpen and onClose. */
  send(frame: Frame): void;
  /** Nothing is heard of it after this. */
  close(code: number, reason: string): void;
}

/** What carries frames. The last two are plain HTTP, by how the client hears; what it sends is POSTed. */
export type TransportName = "websocket" | "stream" | "polling";

export interface TransportEvents {
  /** `by` is what it is, if not a WebSocket. */
  onOpen(by?: TransportName): void;
  onFrame(frame: string | ArrayBuffer): void;
  /** Once, at the end, by a WebSocket close code; 1006 if there was none. Also if it never opened. */
  onClose(code: number, reason: string): void;
}

/** Begins to connect; the events come later, never during the call. */
export type Dial = (url: string, subprotocol: string, events: TransportEvents) => Transport;

/** What carries the protocol, and how it is written. */
export interface Carrier {
  dial: Dial;
  encoding: Encoding;
}

/** The part of a WebSocket class that is used: the browser's, or one for Node. */
export type WebSocketClass = new (url: string, protocols: string) => WebSocketLike;

export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  // biome-ignore lint/suspicious/noExplicitAny: implementations have event types of their own.
  onopen: ((event: any) => void) | null;
  // biome-ignore lint/suspicious/noExplicitAny: likewise.
  onmessage: ((event: any) => void) | null;
  // biome-ignore lint/suspicious/noExplicitAny: likewise.
  onclose: ((event: any) => void) | null;
  // biome-ignore lint/suspicious/noExplicitAny: likewise.
  onerror: ((event: any) => void) | null;
  send(data: Frame): void;
  close(code?: number, reason?: string): void;
}

/** The platform's own, also when this client is put in its place. Undefined in Node 20. */
const native: WebSocketClass = globalThis.WebSocket;

/** The transport that is a WebSocket. */
export function webSocket(Socket = native): Dial {
  return (url, subprotocol, events) => {
    const socket = new Socket(url, subprotocol);
    socket.binaryType = "arraybuffer";
    const mute = () => {
      // Libraries for Node throw if nobody listens.
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = () => {};
    };
    socket.onopen = () => {
      // From now on a close event follows an error.
      socket.onerror = () => {};
      events.onOpen();
    };
    socket.onmessage = (event) => events.onFrame(event.data);
    // Node's own WebSocket says by an error alone that it could not connect.
    socket.onclose = socket.onerror = ({ code = 1006, reason = "" }) => {
      mute();
      events.onClose(code, reason);
    };
    return {
      send: (frame) => socket.send(frame),
      close(code, reason) {
        mute();
        socket.close(code, reason);
      },
    };
  };
}
