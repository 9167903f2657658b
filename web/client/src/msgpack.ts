/** The encoding `holdfast.v1.msgpack`: smaller than JSON for binary payloads. Only what the protocol uses of it. */

import { json } from "./json.ts";
import { type Encoding, type Incoming, utf8 } from "./wire.ts";

/** Maps and arrays in one another, as the server has it. */
const deepest = 8;

class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  value(value: unknown): void {
    if (typeof value === "string") {
      const text = utf8.encode(value);
      this.#head(text.length, text.length < 32 ? 0xa0 : undefined, [0xd9, 0xda, 0xdb]);
      this.#raw(text);
    } else if (value instanceof Uint8Array) {
      this.#head(value.length, undefined, [0xc4, 0xc5, 0xc6]);
      this.#raw(value);
    } else if (typeof value === "number") {
      this.#number(value);
    } else if (typeof value === "boolean") {
      this.#put(1, () => this.#view.setUint8(this.#length, value ? 0xc3 : 0xc2));
    } else {
      const entries = Object.entries(value as object).filter(([, field]) => field !== undefined);
      this.#head(entries.length, 0x80, []);
      for (const [key, field] of entries) {
        this.value(key);
        this.value(field);
      }
    }
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** A length, in the shortest form; `fix` is the form that holds it in its own byte. */
  #head(length: number, fix: number | undefined, [one, two, four]: number[]): void {
    if (fix !== undefined) {
      this.#put(1, () => this.#view.setUint8(this.#length, fix + length));
    } else if (length < 0x100) {
      this.#number8(one, length);
    } else if (length < 0x1_0000) {
      this.#number16(two, length);
    } else {
      this.#number32(four, length);
    }
  }

  #number(value: number): void {
    if (!Number.isInteger(value) || value < 0) {
      this.#put(9, () => {
        this.#view.setUint8(this.#length, 0xcb);
        this.#view.setFloat64(this.#length + 1, value);
      });
    } else if (value < 0x80) {
      this.#put(1, () => this.#view.setUint8(this.#length, value));
    } else if (value < 0x100) {
      this.#number8(0xcc, value);
    } else if (value < 0x1_0000) {
      this.#number16(0xcd, value);
    } else if (value < 2 ** 32) {
      this.#number32(0xce, value);
    } else {
      this.#put(9, () => {
        this.#view.setUint8(this.#length, 0xcf);
        this.#view.setBigUint64(this.#length + 1, BigInt(value));
      });
    }
  }

  #number8(kind = 0, value: number): void {
    this.#put(2, () => this.#view.setUint16(this.#length, kind * 0x100 + value));
  }

  #number16(kind = 0, value: number): void {
    this.#put(3, () => {
      this.#view.setUint8(this.#length, kind);
      this.#view.setUint16(this.#length + 1, value);
    });
  }

  #number32(kind = 0, value: number): void {
    this.#put(5, () => {
      this.#view.setUint8(this.#length, kind);
      this.#view.setUint32(this.#length + 1, value);
    });
  }

  #raw(bytes: Uint8Array): void {
    this.#put(bytes.length, () => this.#bytes.set(bytes, this.#length));
  }

  #put(size: number, write: () => void): void {
    if (this.#length + size > this.#bytes.length) {
      const larger = new Uint8Array((this.#length + size) * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    write();
    this.#length += size;
  }
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Reader {
  readonly #buffer: ArrayBuffer;
  readonly #view: DataView;
  #at = 0;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
    this.#view = new DataView(buffer);
  }

  get over(): boolean {
    return this.#at === this.#buffer.byteLength;
  }

  /** Throws a RangeError if the bytes end before it does. */
  value(depth = 0): unknown {
    const kind = this.#uint(1);
    if (kind < 0x80) {
      return kind;
    }
    if (kind >= 0xe0) {
      return kind - 0x100;
    }
    if (kind < 0x90) {
      return this.#map(kind - 0x80, depth);
    }
    if (kind < 0xa0) {
      return this.#array(kind - 0x90, depth);
    }
    if (kind < 0xc0) {
      return this.#text(kind - 0xa0);
    }
    switch (kind) {
      case 0xc0:
        return undefined;
      case 0xc2:
      case 0xc3:
        return kind === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#bytes(this.#uint(2 ** (kind - 0xc4)));
      case 0xca:
        return this.#take(4, (at) => this.#view.getFloat32(at));
      case 0xcb:
        return this.#take(8, (at) => this.#view.getFloat64(at));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(2 ** (kind - 0xcc));
      case 0xcf:
        return this.#take(8, (at) => Number(this.#view.getBigUint64(at)));
      case 0xd0:
        return this.#take(1, (at) => this.#view.getInt8(at));
      case 0xd1:
        return this.#take(2, (at) => this.#view.getInt16(at));
      case 0xd2:
        return this.#take(4, (at) => this.#view.getInt32(at));
      case 0xd3:
        return this.#take(8, (at) => Number(this.#view.getBigInt64(at)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(2 ** (kind - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 ** (kind - 0xdb)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 ** (kind - 0xdd)), depth);
      default:
        throw new RangeError(`0x${kind.toString(16)} is not used by the protocol`);
    }
  }

  #map(size: number, depth: number): object {
    this.#deeper(depth);
    const map: Record<string, unknown> = {};
    for (let left = size; left > 0; left--) {
      const key = String(this.value(deepest));
      // As data, not as the accessor that an assignment would find.
      Object.defineProperty(map, key, {
        value: this.value(depth + 1),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return map;
  }

  #array(size: number, depth: number): unknown[] {
    this.#deeper(depth);
    const array: unknown[] = [];
    for (let left = size; left > 0; left--) {
      array.push(this.value(depth + 1));
    }
    return array;
  }

  #deeper(depth: number): void {
    if (depth >= deepest) {
      throw new RangeError("nested too deep");
    }
  }

  #text(size: number): string {
    return text.decode(this.#bytes(size));
  }

  #bytes(size: number): ArrayBuffer {
    return this.#take(size, (at) => this.#buffer.slice(at, at + size));
  }

  /** A number of 1, 2 or 4 bytes. */
  #uint(size: number): number {
    return this.#take(size, (at) => {
      const whole = size === 1 ? this.#view.getUint8(at) : this.#view.getUint16(at);
      return size === 4 ? this.#view.getUint32(at) : whole;
    });
  }

  #take<T>(size: number, read: (at: number) => T): T {
    const at = this.#at;
    this.#at += size;
    if (this.#at > this.#buffer.byteLength) {
      throw new RangeError("ends too early");
    }
    return read(at);
  }
}

export const msgpack: Encoding = {
  protocol: "holdfast.v1.msgpack",
  encode: (command) => {
    const writer = new Writer();
    writer.value(command);
    return writer.done();
  },
  decode: (frame) => {
    if (typeof frame === "string") {
      // Over plain HTTP everything is JSON.
      return json.decode(frame);
    }
    const reader = new Reader(frame);
    const value = reader.value();
    if (typeof value !== "object" || !reader.over) {
      throw new RangeError("not one object or array");
    }
    return (Array.isArray(value) ? value : [value]) as Incoming[];
  },
};
