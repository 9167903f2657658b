import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { json } from "./json.ts";
import { msgpack } from "./msgpack.ts";
import type { Command } from "./wire.ts";

/** The messages that the server's own tests hold to. */
const directory = new URL("../../../protocol/testdata/", import.meta.url);
const bytes = (name: string) => new Uint8Array(readFileSync(new URL(name, directory))).slice();
const text = (name: string) => new TextDecoder().decode(bytes(name));
const index: { messages: { name: string; kind: string; verb: string; json: string; msgpack?: string }[] } =
  JSON.parse(text("index.json"));

/** A frame's objects, with payloads that tests can compare. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, field) =>
      field instanceof ArrayBuffer ? { bytes: [...new Uint8Array(field)] } : field,
    ),
  );
}

const received = index.messages.filter(({ kind }) => kind !== "command");
const sent = index.messages.filter(({ kind, name }) => kind === "command" && name !== "publish-binary");

test("there are golden files of what goes either way", () => {
  expect(received.length).toBeGreaterThan(20);
  expect(sent.length).toBeGreaterThan(10);
});

test.each(received.filter((message) => message.msgpack))(
  "$name is read alike in both encodings",
  (message) => {
    const fromJson = json.decode(text(message.json));
    expect(comparable(fromJson)).toEqual(comparable(msgpack.decode(bytes(message.msgpack ?? "").buffer)));
  },
);

test.each(sent)("$name is written as in its golden files", (message) => {
  const [command] = json.decode(text(message.json)) as [Command];
  expect(json.encode(command)).toBe(text(message.json).trim());
  if (message.msgpack && typeof command.publish !== "object") {
    expect(msgpack.encode(command)).toEqual(bytes(message.msgpack));
  }
});

test("a binary publish is written as in the golden files", () => {
  const data = Uint8Array.from(atob("iVBORwD/"), (char) => char.charCodeAt(0));
  const command: Command = { id: 7, publish: { channel: "chat/lobby", data } };
  expect(json.encode(command)).toBe(text("publish-binary.json").trim());
  expect(msgpack.encode(command)).toEqual(bytes("publish-binary.msgpack"));
});

test("a broken frame throws, whatever is wrong with it", () => {
  for (const broken of ["", "{", '"text"x']) {
    expect(() => json.decode(broken)).toThrow();
  }
  expect(() => json.decode(new ArrayBuffer(2))).toThrow();
  const whole = bytes("message.msgpack");
  for (let length = 0; length < whole.length; length++) {
    expect(() => msgpack.decode(whole.slice(0, length).buffer)).toThrow();
  }
  for (const broken of [
    [0xc1],
    [0x80, 0x80],
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    [0x05],
    Array(100).fill(0x91),
  ]) {
    expect(() => msgpack.decode(Uint8Array.from(broken).buffer)).toThrow();
  }
});

test("whatever comes, a decoder gives objects or throws", () => {
  const decoders = [
    () =>
      fc
        .sample(fc.uint8Array({ maxLength: 40 }), 2000)
        .map((bytes) => () => msgpack.decode(bytes.slice().buffer)),
    () => fc.sample(fc.json(), 500).map((text) => () => json.decode(text)),
  ];
  for (const decode of decoders.flatMap((samples) => samples())) {
    let decoded: unknown;
    try {
      decoded = decode();
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      continue;
    }
    expect(Array.isArray(decoded)).toBe(true);
  }
});

test("the longer forms of MessagePack come back as they went", () => {
  for (const field of [
    "x".repeat(31),
    "x".repeat(40),
    "x".repeat(300),
    "é".repeat(40_000),
    127,
    128,
    300,
    70_000,
  ]) {
    const [back] = msgpack.decode(
      (msgpack.encode({ id: 2 ** 40, verb: { field } }) as Uint8Array<ArrayBuffer>).buffer,
    );
    expect(back).toEqual({ id: 2 ** 40, verb: { field } });
  }
  const large = new Uint8Array(70_000).fill(7);
  const [back] = msgpack.decode(
    (msgpack.encode({ id: 1, rpc: { data: large } }) as Uint8Array<ArrayBuffer>).buffer,
  );
  expect(new Uint8Array(back?.rpc.data)).toEqual(large);
});
