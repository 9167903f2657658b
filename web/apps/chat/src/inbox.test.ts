import { expect, test } from "vitest";
import { encodeText } from "./envelope.ts";
import { encodeFile } from "./file.ts";
import { read, SeenIds } from "./inbox.ts";

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]);
const svg = new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>");
const file = { id: "i", from: "Calm Otter", name: "x", type: "image/png" };

test("the chat's own messages have an author and an id", () => {
  const raw = encodeText({ id: "i", from: "Calm Otter", text: "hi" });
  expect(read(raw)).toEqual({ id: "i", from: "Calm Otter", content: { kind: "text", text: "hi" } });
});

test("the texts of other programs are shown as they are, from someone", () => {
  for (const text of ["hello", "", '{"a":1}', "<b>"]) {
    expect(read(text)).toEqual({ id: undefined, from: "someone", content: { kind: "text", text } });
  }
});

test("a file is an image by its bytes, not by the type that its sender claims", () => {
  expect(read(encodeFile({ ...file, type: "text/html", bytes: png }).buffer).content).toMatchObject({
    kind: "image",
    type: "image/png",
  });
  expect(read(encodeFile({ ...file, bytes: svg }).buffer).content.kind).toBe("file");
  expect(read(encodeFile({ ...file, bytes: new Uint8Array() }).buffer).content.kind).toBe("file");
});

test("bytes of other programs are a file to save, or an image", () => {
  expect(read(new ArrayBuffer(3))).toMatchObject({
    from: "someone",
    content: { kind: "file", name: "message.bin" },
  });
  expect(read(png.slice().buffer).content).toMatchObject({ kind: "image", name: "image.png" });
});

test.each([
  ["image/jpeg", [0xff, 0xd8, 0xff, 0xe0]],
  ["image/gif", [..."GIF89a"].map((sign) => sign.charCodeAt(0))],
  ["image/webp", [..."RIFF....WEBP"].map((sign) => sign.charCodeAt(0))],
  ["image/avif", [..."....ftypavif"].map((sign) => sign.charCodeAt(0))],
])("%s is known by its first bytes, and not by fewer", (type, sign) => {
  expect(read(new Uint8Array(sign).buffer).content).toMatchObject({ kind: "image", type });
  expect(read(new Uint8Array(sign.slice(0, 2)).buffer).content.kind).toBe("file");
});

test("an id is new once, and forgotten only after many others", () => {
  const seen = new SeenIds(2);
  expect(seen.first("a")).toBe(true);
  expect(seen.first("a")).toBe(false);
  seen.first("b");
  expect(seen.first("a")).toBe(false);
  seen.first("c");
  expect(seen.first("a")).toBe(true);
});
