/** What the application gives to be sent. */

import { wellFormed } from "./wire.ts";

/** What is sent, as it is now: bytes are copied, because they may be changed before they are sent; all else is text. */
export function toPayload(data: unknown): string | Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  return /ArrayBuffer\]$/.test(Object.prototype.toString.call(data))
    ? new Uint8Array(data as ArrayBuffer).slice()
    : wellFormed(`${data}`);
}
