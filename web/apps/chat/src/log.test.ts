// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { h } from "./dom.ts";
import type { Content } from "./inbox.ts";
import { Log, maxContentBytes, maxEntries } from "./log.ts";
import type { Message } from "./messageview.ts";

let urls: Set<string>;

beforeEach(() => {
  urls = new Set();
  let made = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    const url = `blob:test/${made++}/${(blob as Blob).type}`;
    urls.add(url);
    return url;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void urls.delete(url));
});

afterEach(() => vi.restoreAllMocks());

function setUp() {
  const viewport = h("section");
  const list = h("div");
  const newer = h("button");
  newer.hidden = true;
  viewport.append(list);
  const retried: string[] = [];
  const forgotten: string[] = [];
  const log = new Log(
    { viewport, list, newer },
    { retry: (id) => retried.push(id), forgotten: (id) => forgotten.push(id), view: () => {} },
  );
  return { log, viewport, list, newer, retried, forgotten };
}

function message(content: Content | string, more: Partial<Message> = {}): Message {
  const at = new Date("2026-01-02T03:04:05Z");
  const shown: Content = typeof content === "string" ? { kind: "text", text: content } : content;
  return { id: undefined, from: "Calm Otter", own: false, at, content: shown, ...more };
}

function file(name: string, size = 4): Content {
  return { kind: "file", name, bytes: new Uint8Array(size) };
}

const hostile = '<img src=x onerror="alert(1)"><script>alert(1)</script>';

test("everything in a message is text, whatever it looks like", () => {
  const { log, list } = setUp();
  log.add(message(hostile, { from: hostile }));
  log.add(message(file(hostile), { from: hostile }));
  log.notice(hostile);
  expect(list.querySelectorAll("img, script")).toHaveLength(0);
  expect(list.querySelector("[data-testid=text]")?.textContent).toBe(hostile);
  expect(list.querySelector(".author")?.textContent).toBe(hostile);
  expect(list.querySelector(".notice")?.textContent).toBe(hostile);
});

test("links lead out of the page without a trace of it", () => {
  const { log, list } = setUp();
  log.add(message("see https://example.org/a, not javascript:alert(1)"));
  const links = [...list.querySelectorAll("a")];
  expect(links.map((link) => link.getAttribute("href"))).toEqual(["https://example.org/a"]);
  expect(links[0]?.getAttribute("rel")).toBe("noopener noreferrer nofollow");
  expect(links[0]?.getAttribute("target")).toBe("_blank");
});

test("a file can only be saved: its address has a type that no browser opens", () => {
  const { log, list } = setUp();
  log.add(message(file("page.html")));
  const link = list.querySelector("a");
  expect(link?.getAttribute("download")).toBe("page.html");
  expect(link?.getAttribute("href")).toContain("application/octet-stream");
});

test("an image has the type of its bytes, and is a file to save if it cannot be shown", () => {
  const { log, list } = setUp();
  log.add(message({ kind: "image", name: "a.png", type: "image/png", bytes: new Uint8Array(8) }));
  const image = list.querySelector("img");
  expect(image?.getAttribute("src")).toContain("image/png");
  expect(image?.alt).toBe("a.png");
  image?.dispatchEvent(new Event("error"));
  expect(list.querySelector("img")).toBeNull();
  expect(list.querySelector("article")?.dataset.kind).toBe("file");
  expect([...urls]).toEqual([expect.stringContaining("application/octet-stream")]);
});

test("an own message shows what became of it, and a retry", () => {
  const { log, list, retried } = setUp();
  log.add(message("hi", { own: true, id: "a" }));
  const article = list.querySelector("article");
  for (const delivery of ["waiting", "sending", "delivered", "failed"] as const) {
    log.setDelivery("a", delivery);
    expect(article?.dataset.state).toBe(delivery);
  }
  article?.querySelector<HTMLButtonElement>("[data-testid=retry]")?.click();
  expect(retried).toEqual(["a"]);
});

test("messages of one author close together stand under one name", () => {
  const { log, list } = setUp();
  const later = new Date("2026-01-02T03:30:00Z");
  log.add(message("1"));
  log.add(message("2"));
  log.add(message("3", { id: "x" }));
  log.add(message("4", { id: "y", from: "Swift Tern" }));
  log.add(message("5", { id: "z", from: "Swift Tern" }));
  log.add(message("6", { id: "w", from: "Swift Tern", at: later }));
  log.notice("away");
  log.add(message("7", { id: "v", from: "Swift Tern", at: later }));
  expect([...list.querySelectorAll("article")].map((article) => article.dataset.joined)).toEqual([
    "false",
    "true",
    "false",
    "false",
    "true",
    "false",
    "false",
  ]);
});

test("own messages stay at the end until their place among the others is known", () => {
  const { log, list } = setUp();
  const own = { own: true, id: "a" };
  log.add(message("mine", own), { unplaced: true });
  log.add(message("mine too", { ...own, id: "b" }), { unplaced: true });
  log.add(message("before it"));
  log.notice("caught up");
  const texts = () =>
    [...list.querySelectorAll("[data-testid=text], .notice")].map((text) => text.textContent);
  expect(texts()).toEqual(["before it", "caught up", "mine", "mine too"]);
  log.place("b");
  log.add(message("behind it"));
  log.place("a");
  log.place("a");
  log.place("unknown");
  log.add(message("last"));
  expect(texts()).toEqual(["before it", "caught up", "mine too", "behind it", "mine", "last"]);
  expect([...list.querySelectorAll("article")].map((article) => article.dataset.joined)).toEqual(
    Array(5).fill("false"),
  );
});

test("where places will never be known, what is delivered stays where it is", () => {
  const { log, list } = setUp();
  log.add(message("mine", { own: true, id: "a" }), { unplaced: true });
  log.add(message("waits", { own: true, id: "b" }), { unplaced: true });
  log.setDelivery("a", "delivered");
  log.placeDelivered();
  log.add(message("other"));
  expect([...list.querySelectorAll("[data-testid=text]")].map((text) => text.textContent)).toEqual([
    "mine",
    "other",
    "waits",
  ]);
});

test("a long text is folded until it is asked for", () => {
  const { log, list } = setUp();
  const long = "x".repeat(100_000);
  log.add(message(long));
  const text = list.querySelector("[data-testid=text]");
  expect(text?.textContent?.length).toBeLessThan(5000);
  list.querySelector<HTMLButtonElement>(".unfold")?.click();
  expect(text?.textContent).toBe(long);
  log.add(message("line\n".repeat(1000)));
  expect(list.querySelectorAll(".unfold")).toHaveLength(1);
});

test("only so many messages are kept, and what they held is given back", () => {
  const { log, list, viewport, forgotten } = setUp();
  log.add(message(file("mine"), { own: true, id: "mine" }));
  for (let n = 1; n < maxEntries; n++) {
    log.add(message(String(n)));
  }
  expect(list.children).toHaveLength(maxEntries);
  expect(urls.size).toBe(1);
  log.add(message("one more"));
  expect(list.children).toHaveLength(maxEntries);
  expect(urls.size).toBe(0);
  expect(forgotten).toEqual(["mine"]);
  expect(list.querySelector("article")?.dataset.joined).toBe("false");
  expect(viewport.textContent).toContain("Older messages are no longer kept");
});

test("only so many bytes are kept, and the newest message always", () => {
  const { log, list } = setUp();
  log.add(message(file("a", maxContentBytes / 2)));
  log.add(message(file("b", maxContentBytes / 2)));
  expect(list.children).toHaveLength(2);
  log.add(message(file("c", maxContentBytes)));
  expect(list.textContent).toContain("c");
  expect(list.children).toHaveLength(1);
});

test("messages that come while the reader is further up are counted until the reader comes down", () => {
  const { log, viewport, newer } = setUp();
  const place = { scrollHeight: 1000, clientHeight: 200, scrollTop: 0 };
  for (const [name, value] of Object.entries(place)) {
    Object.defineProperty(viewport, name, { value, writable: true });
  }
  log.add(message("0", { own: true, id: "a" }));
  expect(viewport.scrollTop).toBe(1000);
  viewport.scrollTop = 0;
  viewport.dispatchEvent(new Event("scroll"));
  log.add(message("1"));
  expect(newer.textContent).toBe("1 new message");
  log.add(message("2"));
  expect([newer.hidden, newer.textContent]).toEqual([false, "2 new messages"]);
  expect(viewport.scrollTop).toBe(0);
  newer.click();
  expect([newer.hidden, viewport.scrollTop]).toEqual([true, 1000]);
});

test("content that grows before the reader's place is known does not end the following", () => {
  const { log, viewport, newer } = setUp();
  const place = { scrollHeight: 1000, clientHeight: 200, scrollTop: 0 };
  for (const [name, value] of Object.entries(place)) {
    Object.defineProperty(viewport, name, { value, writable: true });
  }
  log.add(message("0", { own: true, id: "a" }));
  Object.assign(viewport, { scrollTop: 800, scrollHeight: 5000 });
  viewport.dispatchEvent(new Event("scroll"));
  log.add(message("1"));
  expect(newer.hidden).toBe(true);
});
