import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

const index = fileURLToPath(new URL("index.ts", import.meta.url));
const tabs = fileURLToPath(new URL("tabs/index.ts", import.meta.url));

/**
 * The bytes that a page loads for it, and those that it loads when a WebSocket has failed: bundled, minified, gzipped.
 * As a library, so that the bundler's own loader of modules, which a page has once for all of its parts, is not counted.
 */
async function gzippedBytes(code: string): Promise<{ first: number; later: number }> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-size-"));
  try {
    const entry = join(directory, "entry.js");
    writeFileSync(entry, code);
    const [bundle] = (await build({
      configFile: false,
      logLevel: "error",
      root: directory,
      build: {
        write: false,
        target: "es2022",
        lib: { entry, formats: ["es"] },
        rolldownOptions: { output: { minify: true, topLevelVar: true, comments: false } },
      },
    })) as [Rolldown.RolldownOutput];
    const chunks = bundle.output.filter((chunk) => chunk.type === "chunk");
    /** A chunk and what it imports. */
    const loads = (name: string): Rolldown.OutputChunk[] => {
      const chunk = chunks.find(({ fileName }) => fileName === name) as Rolldown.OutputChunk;
      return [chunk, ...chunk.imports.flatMap(loads)];
    };
    const size = (some: Iterable<Rolldown.OutputChunk>) =>
      [...some].reduce((sum, chunk) => sum + gzipSync(chunk.code, { level: 9 }).length, 0);
    const first = new Set(loads("entry.mjs"));
    return { first: size(first), later: size(chunks.filter((chunk) => !first.has(chunk))) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const only = (name: string) => gzippedBytes(`export { ${name} } from ${JSON.stringify(index)}`);

test("everything is at most 12 KB", async () => {
  const everything = [index, tabs].map((path) => `export * from ${JSON.stringify(path)};`).join("");
  const { first, later } = await gzippedBytes(everything);
  expect(first).toBeLessThanOrEqual(12 * 1024);
  expect(later).toBeLessThanOrEqual(2.5 * 1024);
});

test("HoldfastSocket alone is at most 4 KB", async () => {
  expect(await only("HoldfastSocket")).toEqual({
    first: expect.toSatisfy((bytes) => bytes <= 4 * 1024),
    later: 0,
  });
});

test("Holdfast alone is at most 6.5 KB, and 3.75 KB more where WebSockets fail", async () => {
  const { first, later } = await only("Holdfast");
  expect(first).toBeLessThanOrEqual(6.5 * 1024);
  expect(later).toBeLessThanOrEqual(3.75 * 1024);
});

test("what carries HoldfastSocket over plain HTTP is at most half a KB until it is needed", async () => {
  const [alone, both] = [await only("HoldfastSocket"), await only("HoldfastSocket, orHTTP")];
  expect(both.first - alone.first).toBeLessThanOrEqual(512);
});
