import { defineConfig } from "vite";

// The package for pages that no bundler has seen, such as those of examples/jamstack.
export default defineConfig({
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "holdfast.js" },
    outDir: "../../examples/jamstack/site/sdk",
    emptyOutDir: true,
    target: "es2022",
    minify: true,
    reportCompressedSize: false,
  },
});
