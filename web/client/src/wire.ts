/** The objects of the protocol, as far as the client reads or writes them: docs/protocol.md. */

import type { Fault } from "./error.ts";

/** What a message carries: text or bytes. */
export type Payload = string | ArrayBuffer;

/** One command: `{id, verb: {…}}`. A Uint8Array under `data` is a binary payload. */
export type Command = { id: number } & Record<string, unknown>;

/** The reply to `connect`. Durations are in seconds. */
export interface Welcome {
  session?: { id: string; secret: string };
  resumed?: boolean;
  why?: string;
  user?: string;
  expires?: number;
  dedup?: number;
  ping?: number;
  pong?: number;
  limits?: { message?: number; commands?: number; subscriptions?: number };
  endpoints?: string[];
}

/** The reply to `subscribe`. */
export interface Subscribed {
  position?: string;
  lost?: boolean;
  why?: string;
  oldest?: string;
}

/** A message, as it is pushed and as it is in a history. */
export interface WireMessage {
  channel?: string;
  epoch?: string;
  offset?: number;
  data: Payload;
  id?: string;
  key?: string;
  time?: number;
  meta?: string[];
}

export interface Reply {
  id?: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape follows from the command.
  ok?: any;
  error?: Fault;
}

/** Who comes and goes: the presence push. */
export interface PresenceChange {
  join?: Member[];
  leave?: Member[];
  count?: { users: number; connections: number };
  /** There were more joins and leaves than are named: ask for the roster anew. */
  partial?: boolean;
}

export interface Member {
  /** The identity; "" if anonymous. */
  user: string;
  /** The session's id. */
  id: string;
  info?: string;
}

/** One object from the server: a reply or a push, `{verb: {…}}`. */
// biome-ignore lint/suspicious/noExplicitAny: a push that is not known is ignored, fields and all.
export type Incoming = Reply & Record<string, any>;

/** What goes into one WebSocket message. */
export type Frame = string | Uint8Array<ArrayBuffer>;

/** How objects become WebSocket messages, and back. */
export interface Encoding {
  /** The subprotocol's name. */
  readonly protocol: string;
  encode(command: Command): Frame;
  /** Throws if the frame is not of this encoding. */
  decode(frame: string | ArrayBuffer): Incoming[];
}

export const utf8 = new TextEncoder();

/** The bytes that a frame or a text is on the wire. */
export function byteLength(frame: Frame): number {
  return typeof frame === "string" ? utf8.encode(frame).length : frame.length;
}
