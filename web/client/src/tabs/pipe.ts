/**
 * What tabs and their hub say to each other, and by what. All that they share has one name: a lock of that name is held
 * by the hub, and a channel of that name is heard by all. A call, which is one tab's connection to the hub, has a lock
 * (held by the tab for as long as it lives, so that the hub learns of its death) and a channel of its own.
 */

import type { TransportName } from "../transport.ts";
import type { Frame, Incoming } from "../wire.ts";

/** On the channel of all: one of these. */
export interface Shout {
  /** A tab asks for a connection, to the endpoint `url` if there is none yet. */
  call?: string;
  url?: string;
  /** A hub is there now. */
  hub?: string;
}

/** From a tab to the hub that has taken its call. */
export interface Up {
  hub: string | undefined;
  frame?: Frame;
  /** There is reason to doubt the connection to the server. */
  doubt?: true;
  /** So many messages have been read. */
  read?: number;
  /** The tab is done, and this is how its connection would have been closed. */
  closed?: [code: number, reason: string];
}

/** From a hub to a tab. */
export interface Down {
  hub: string;
  /** The call is taken: what others say does not count any more. */
  taken?: true;
  /** Commands can be sent; this carries them on to the server. */
  open?: TransportName;
  incoming?: Incoming[];
  closed?: [code: number, reason: string];
}

/** The part of a BroadcastChannel that is used. */
export interface Pipe {
  onmessage: ((event: MessageEvent) => unknown) | null;
  postMessage(message: Shout | Up | Down): void;
  close(): void;
}

/** What the browser has to have. */
export interface Platform {
  locks: Pick<LockManager, "request">;
  BroadcastChannel: new (name: string) => Pipe;
}

/** The names of a call's lock and channel. */
export const callName = (name: string, call: string) => `${name} ${call}`;

/** Why a tab has to dial again. */
export const gone = "the tab with the connection is gone";

/** A tab reads so many messages before it says so. */
export const readsAtOnce = 256;

/** Runs something when the page is left or frozen: it must not keep others waiting. Returns what ends it. */
export function onLeave(run: () => void): () => void {
  const listen = (change: "addEventListener" | "removeEventListener") => {
    globalThis[change]?.("pagehide", run);
    globalThis.document?.[change]("freeze", run);
  };
  listen("addEventListener");
  return () => listen("removeEventListener");
}
