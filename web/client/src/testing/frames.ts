/** Frames as a server writes them, in either encoding. Within, bytes are a Uint8Array. */

import { msgpack } from "../msgpack.ts";
import { utf8 } from "../wire.ts";

/** The data of a WebSocket message with one object. */
export function writeFrame(protocol: string, object: object): string | ArrayBuffer {
  return protocol === msgpack.protocol ? pack(object).buffer : writeJson([object]);
}

/** The bytes of a binary payload as a client wrote it. */
export function bytesOf(data: string | ArrayBuffer): Uint8Array<ArrayBuffer> {
  return typeof data === "string"
    ? Uint8Array.from(atob(data), (char) => char.charCodeAt(0))
    : new Uint8Array(data);
}

function writeJson(value: unknown): string {
  return JSON.stringify(value, (_, field) =>
    field?.data instanceof Uint8Array
      ? { ...field, data: btoa(String.fromCharCode(...field.data)), binary: true }
      : field,
  );
}

/**
 * MessagePack. Texts, bytes, arrays and maps have fewer than 65,536 of what they have; fields that are undefined are
 * left out. (The client's own writer has no need of arrays.)
 */
function pack(value: unknown): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  const big = (number: number, size: number) => {
    for (let shift = size - 1; shift >= 0; shift--) {
      out.push(Math.floor(number / 256 ** shift) % 256);
    }
  };
  /** A length: within the first byte if it is below `few`. */
  const head = (length: number, first: number, few: number, long: number) => {
    out.push(length < few ? first + length : long);
    if (length >= few) {
      big(length, 2);
    }
  };
  const write = (one: unknown): void => {
    if (typeof one === "string") {
      const text = utf8.encode(one);
      head(text.length, 0xa0, 32, 0xda);
      out.push(...text);
    } else if (one instanceof Uint8Array) {
      head(one.length, 0, 0, 0xc5);
      out.push(...one);
    } else if (typeof one === "boolean") {
      out.push(one ? 0xc3 : 0xc2);
    } else if (typeof one === "number" && Number.isInteger(one) && one >= 0) {
      const [size, kind] = one < 2 ** 8 ? [1, 0xcc] : one < 2 ** 32 ? [4, 0xce] : [8, 0xcf];
      out.push(...(one < 0x80 ? [] : [kind]));
      big(one, one < 0x80 ? 1 : size);
    } else if (typeof one === "number") {
      const bytes = new Uint8Array(9).fill(0xcb, 0, 1);
      new DataView(bytes.buffer).setFloat64(1, one);
      out.push(...bytes);
    } else if (Array.isArray(one)) {
      head(one.length, 0x90, 16, 0xdc);
      for (const item of one) {
        write(item);
      }
    } else {
      const fields = Object.entries(one as object).filter(([, field]) => field !== undefined);
      head(fields.length, 0x80, 16, 0xde);
      for (const field of fields.flat()) {
        write(field);
      }
    }
  };
  write(value);
  return Uint8Array.from(out);
}
