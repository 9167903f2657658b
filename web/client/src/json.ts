/** The encoding `holdfast.v1.json`: text frames, binary payloads in base64. */

import type { Encoding } from "./wire.ts";

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}

export const json: Encoding = {
  protocol: "holdfast.v1.json",
  encode: (command) =>
    JSON.stringify(command, (_, value) =>
      value?.data instanceof Uint8Array ? { ...value, data: toBase64(value.data), binary: true } : value,
    ),
  // Bytes in the place of text are a fault, and become one.
  decode: (frame) =>
    [
      JSON.parse(frame as string, (_, value) => {
        if (value?.binary) {
          value.data = Uint8Array.from(atob(value.data), (char) => char.charCodeAt(0)).buffer;
          delete value.binary;
        }
        return value;
      }),
    ].flat(),
};
