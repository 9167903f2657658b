/** What the messages of a channel mean to the application. */

import type { Payload } from "./wire.ts";

export interface Codec<T> {
  encode(value: T): string | ArrayBuffer | ArrayBufferView;
  /** Throws if it is not one; whoever else publishes may have sent anything. */
  decode(data: Payload): T;
}

/** Messages that are JSON. That they are of the type is believed, not checked. */
export function jsonCodec<T>(): Codec<T> {
  return {
    encode: (value) => JSON.stringify(value),
    decode: (data) => JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data)),
  };
}

/** Messages as they are: text or bytes. */
export const raw: Codec<Payload> = { encode: (value) => value, decode: (data) => data };
