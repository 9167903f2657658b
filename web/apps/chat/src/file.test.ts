import { expect, test } from "vitest";
import { cleanFileName, cleanType, decodeFile, encodeFile } from "./file.ts";

const bytes = new Uint8Array([0, 1, 2, 255]);
const message = { id: "abc", from: "Calm Otter", name: "añ 船.txt", type: "text/plain", bytes };

function wire(
  header: string | Uint8Array,
  body = bytes,
  magic = [0x48, 0x46, 0x46, 1],
): Uint8Array<ArrayBuffer> {
  const head = typeof header === "string" ? new TextEncoder().encode(header) : header;
  return new Uint8Array([...magic, head.length >> 8, head.length & 255, ...head, ...body]);
}

test("a file arrives as it was sent", () => {
  expect(decodeFile(encodeFile(message))).toEqual(message);
  expect(decodeFile(encodeFile({ ...message, bytes: new Uint8Array() }))?.bytes).toHaveLength(0);
});

test("the form on the wire is the documented one", () => {
  const header = '{"id":"i","from":"f","name":"n","type":"a/b"}';
  const encoded = encodeFile({ id: "i", from: "f", name: "n", type: "a/b", bytes });
  expect(encoded).toEqual(wire(header));
  expect([...encoded.slice(0, 6)]).toEqual([0x48, 0x46, 0x46, 1, 0, header.length]);
});

test("a message cut anywhere before its content is none", () => {
  const whole = encodeFile(message);
  for (let length = 0; length < whole.length - bytes.length; length++) {
    expect(decodeFile(whole.slice(0, length)), `${length} bytes`).toBeUndefined();
  }
});

test("a view into a larger buffer is read from its own beginning", () => {
  const whole = new Uint8Array([9, 9, 9, ...encodeFile(message)]);
  expect(decodeFile(whole.subarray(3))).toEqual(message);
});

test("hostile headers give no message", () => {
  const header = { id: "a", from: "b", name: "c", type: "d/e" };
  expect(decodeFile(wire(JSON.stringify(header)))).toBeDefined();
  for (const other of [
    { ...header, id: "../x" },
    { ...header, from: 1 },
    { ...header, from: "\u200b" },
    { ...header, name: {} },
    { ...header, type: null },
    { ...header, more: "" },
    { id: "a", from: "b", name: "c" },
    [],
  ]) {
    expect(decodeFile(wire(JSON.stringify(other))), JSON.stringify(other)).toBeUndefined();
  }
  expect(decodeFile(wire(""))).toBeUndefined();
  expect(decodeFile(wire("nonsense"))).toBeUndefined();
  expect(decodeFile(wire(new Uint8Array([0x7b, 0xff, 0x7d])))).toBeUndefined();
  expect(decodeFile(wire(JSON.stringify({ ...header, name: "x".repeat(4096) })))).toBeUndefined();
  expect(
    decodeFile(wire(JSON.stringify(header), bytes, [0x48, 0x46, 0x46, 2])),
    "another version",
  ).toBeUndefined();
});

test.each([
  ["photo.jpg", "photo.jpg"],
  ["../../etc/passwd", "passwd"],
  ["C:\\Windows\\system.ini", "system.ini"],
  ["\u202egnp.exe", "gnp.exe"],
  ["cod\u202eexe.txt", "cod exe.txt"],
  ["a\r\nb.txt", "a b.txt"],
  [".bashrc", "bashrc"],
  ["....", "file"],
  ["", "file"],
  ["/", "file"],
  ["\u200b\u2060", "file"],
  [`${"x".repeat(500)}.tar`, `${"x".repeat(115)}….tar`],
  ["<img src=x onerror=alert(1)>.svg", "<img src=x onerror=alert(1)>.svg"],
])("the file name %j becomes %j", (name, clean) => {
  expect(cleanFileName(name)).toBe(clean);
});

test("a type is lower case and of the usual form, or it means nothing", () => {
  expect(cleanType("Image/PNG")).toBe("image/png");
  for (const type of ["", "text", "text/html; charset=x", "a/b\n", "a b/c", `a/${"x".repeat(61)}`]) {
    expect(cleanType(type)).toBe("application/octet-stream");
  }
});
