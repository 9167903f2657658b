/** Over plain HTTP everything is JSON. */

import { json } from "../json.ts";
import { msgpack } from "../msgpack.ts";
import type { Command, Frame } from "../wire.ts";

/** A command in JSON, whichever encoding it is written in. */
export function toJSON(frame: Frame): string {
  if (typeof frame === "string") {
    return frame;
  }
  const [command] = msgpack.decode(frame.slice().buffer);
  for (const body of Object.values(command ?? {})) {
    if (body.data instanceof ArrayBuffer) {
      // Bytes that were decoded are to be encoded again.
      body.data = new Uint8Array(body.data);
    }
  }
  return json.encode(command as Command) as string;
}
