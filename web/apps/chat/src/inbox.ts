/** Telling what was received: the chat's own messages, and those of other programs. */

import { decodeText } from "./envelope.ts";
import { decodeFile } from "./file.ts";
import { extensionOf, type ImageType, imageType } from "./image.ts";
import { someone } from "./name.ts";

/** A message to show. */
export type Content =
  | { kind: "text"; text: string }
  | { kind: "image"; name: string; type: ImageType; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "file"; name: string; bytes: Uint8Array<ArrayBuffer> };

export interface Received {
  /** Undefined for messages of other programs, which have none. */
  id: string | undefined;
  from: string;
  content: Content;
}

/** Reads what came over the wire. Anything at all has some result. */
export function read(data: string | ArrayBuffer): Received {
  if (typeof data === "string") {
    const message = decodeText(data);
    return message === undefined
      ? { id: undefined, from: someone, content: { kind: "text", text: data } }
      : { id: message.id, from: message.from, content: { kind: "text", text: message.text } };
  }
  const wire = new Uint8Array(data);
  const message = decodeFile(wire);
  return message === undefined
    ? { id: undefined, from: someone, content: contentOf(undefined, wire) }
    : { id: message.id, from: message.from, content: contentOf(message.name, message.bytes) };
}

/** Bytes as an image if they are one that we show, and as a file otherwise. */
export function contentOf(name: string | undefined, bytes: Uint8Array<ArrayBuffer>): Content {
  const type = imageType(bytes);
  if (type === undefined) {
    return { kind: "file", name: name ?? "message.bin", bytes };
  }
  return { kind: "image", name: name ?? `image${extensionOf(type)}`, type, bytes };
}

/** Ids seen lately, so that a message that was sent twice is shown once. Holds a bounded number. */
export class SeenIds {
  readonly #ids = new Set<string>();
  readonly #limit: number;

  constructor(limit = 4096) {
    this.#limit = limit;
  }

  /** Notes an id, and says whether it is the first time. */
  first(id: string): boolean {
    if (this.#ids.has(id)) {
      return false;
    }
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#limit) {
        break;
      }
      this.#ids.delete(oldest);
    }
    return true;
  }
}
