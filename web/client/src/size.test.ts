import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

const index = fileURLToPath(new URL("index.ts", import.meta.url));
const tabs = fileURLToPath(new URL("tabs/index.ts", import.meta.url));

/** The bytes that a page loads for it: bundled, minified, gzipped. */
async function gzippedBytes(code: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-size-"));
  try {
    const input = join(directory, "entry.js");
    writeFileSync(input, code);
    const output = (await build({
      configFile: false,
      logLevel: "error",
      root: directory,
      build: {
        write: false,
        target: "es2022",
        modulePreload: { polyfill: false },
        rolldownOptions: { input, preserveEntrySignatures: "strict" },
      },
    })) as Rolldown.RolldownOutput;
    expect(output.output).toHaveLength(1);
    return gzipSync(output.output[0].code, { level: 9 }).length;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("everything is at most 12 KB", async () => {
  const everything = [index, tabs].map((path) => `export * from ${JSON.stringify(path)};`).join("");
  expect(await gzippedBytes(everything)).toBeLessThanOrEqual(12 * 1024);
});

test("HoldfastSocket alone is at most 4 KB", async () => {
  const alone = await gzippedBytes(`export { HoldfastSocket } from ${JSON.stringify(index)}`);
  expect(alone).toBeLessThanOrEqual(4 * 1024);
});
