import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/**
 * Holds the first paint until the script has run, where the browser can, so that a theme chosen by the
 * reader is there from the first frame. (The page's policy forbids the usual inline script.)
 */
const renderAfterScript: Plugin = {
  name: "render-after-script",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

export default defineConfig({
  plugins: [renderAfterScript],
  resolve: {
    // The client's sources, so that the pages don't depend on what was built before.
    alias: { "@holdfast-dev/client": fileURLToPath(new URL("../../client/src/index.ts", import.meta.url)) },
  },
  build: {
    outDir: "../../../internal/console/dist/chat",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    // `npm run dev` beside `go run ./cmd/holdfast`.
    proxy: {
      "/channels": { target: "http://localhost:8080", ws: true },
      "/socket": { target: "http://localhost:8080", ws: true },
    },
  },
});
