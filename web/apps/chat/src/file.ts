/**
 * The chat's file messages, one in each WebSocket binary message:
 *
 *     3 bytes   "HFF"
 *     1 byte    version, 1
 *     2 bytes   length of the header in bytes, big endian, at most 4096
 *     header    UTF-8 JSON with exactly the members {"id":"…","from":"…","name":"…","type":"…"}
 *     the rest  the bytes of the file
 */

import { parseMembers } from "./envelope.ts";
import { isId } from "./id.ts";
import { cleanName } from "./name.ts";
import { plain, visible } from "./plain.ts";

/** A file that someone sent. */
export interface FileMessage {
  id: string;
  /** The sender's name, fit to show. */
  from: string;
  /** The file's name without folders, fit to show and to save under. */
  name: string;
  /** The media type that the sender claims. Nothing may rely on it. */
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

const magic = [0x48, 0x46, 0x46, 0x01] as const;
const prefixBytes = magic.length + 2;
const maxHeaderBytes = 4096;
const maxNameLength = 120;

/** Writes a file message as it goes over the wire. */
export function encodeFile(message: FileMessage): Uint8Array<ArrayBuffer> {
  const { id, from, name, type, bytes } = message;
  const header = new TextEncoder().encode(JSON.stringify({ id, from, name, type }));
  const wire = new Uint8Array(prefixBytes + header.length + bytes.length);
  wire.set(magic);
  new DataView(wire.buffer).setUint16(magic.length, header.length);
  wire.set(header, prefixBytes);
  wire.set(bytes, prefixBytes + header.length);
  return wire;
}

/** Reads received bytes. Whatever is not exactly one of the chat's own messages gives undefined. */
export function decodeFile(wire: Uint8Array<ArrayBuffer>): FileMessage | undefined {
  if (wire.length < prefixBytes || magic.some((byte, at) => wire[at] !== byte)) {
    return undefined;
  }
  const headerBytes = new DataView(wire.buffer, wire.byteOffset).getUint16(magic.length);
  const bodyStart = prefixBytes + headerBytes;
  if (headerBytes > maxHeaderBytes || bodyStart > wire.length) {
    return undefined;
  }
  let json: string;
  try {
    json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      wire.subarray(prefixBytes, bodyStart),
    );
  } catch {
    return undefined;
  }
  const header = parseMembers(json, ["id", "from", "name", "type"]);
  if (header === undefined || !isId(header.id)) {
    return undefined;
  }
  if (typeof header.from !== "string" || typeof header.name !== "string" || typeof header.type !== "string") {
    return undefined;
  }
  const from = cleanName(header.from);
  if (from === undefined) {
    return undefined;
  }
  const name = cleanFileName(header.name);
  return { id: header.id, from, name, type: cleanType(header.type), bytes: wire.subarray(bodyStart) };
}

/** Makes a file's name fit to show and to save under: no folders, nothing invisible, not too long; "file" if nothing is left. */
export function cleanFileName(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(base)?.[0] ?? "";
  const stem = plain(base.slice(0, base.length - extension.length), maxNameLength - extension.length);
  // A leading dot would hide the file.
  const clean = (stem + extension).replace(/^\.+/, "");
  return visible(clean) ? clean : "file";
}

/** A media type in its usual form, or the one that means nothing. */
export function cleanType(type: string): string {
  return /^[a-z0-9.+-]{1,60}\/[a-z0-9.+-]{1,60}$/i.test(type)
    ? type.toLowerCase()
    : "application/octet-stream";
}
