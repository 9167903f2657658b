import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["apps/*/src/**/*.test.ts", "client/src/**/*.test.ts"] },
});
