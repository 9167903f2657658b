/** What the application gives to be sent. */

/**
 * What is sent, as it is now: bytes are copied, because they may be changed before they are sent; all else is text.
 * Memory that threads share is refused, as Web IDL has it.
 */
export function toPayload(data: unknown): string | Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(data)
    ? data
    : ({ buffer: data } as Partial<ArrayBufferView>);
  const kind = Object.prototype.toString.call(buffer);
  if (kind === "[object SharedArrayBuffer]") {
    throw new TypeError("shared");
  }
  return kind === "[object ArrayBuffer]"
    ? new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice()
    : `${data}`.toWellFormed();
}
