/** The encoding `holdfast.v1.json`: text frames, binary payloads in base64. */

import type { Encoding, Incoming } from "./wire.ts";

/** How many arguments a function call may safely have. */
const chunk = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += chunk) {
    text += String.fromCharCode(...bytes.subarray(at, at + chunk));
  }
  return btoa(text);
}

/** Puts the bytes in the place of their base64. */
function unpack(body: { data?: unknown; binary?: boolean } | undefined): void {
  if (body?.binary) {
    body.data = Uint8Array.from(atob(body.data as string), (char) => char.charCodeAt(0)).buffer;
    delete body.binary;
  }
}

export const json: Encoding = {
  protocol: "holdfast.v1.json",
  encode: (command) =>
    JSON.stringify(command, (_, value) =>
      value?.data instanceof Uint8Array ? { ...value, data: toBase64(value.data), binary: true } : value,
    ),
  decode: (frame) => {
    // Bytes are a fault here, and become one.
    const parsed: Incoming | Incoming[] = JSON.parse(frame as string);
    const incoming = Array.isArray(parsed) ? parsed : [parsed];
    for (const { message, ok } of incoming) {
      unpack(message);
      unpack(ok);
      for (const stored of ok?.messages ?? []) {
        unpack(stored);
      }
    }
    return incoming;
  },
};
