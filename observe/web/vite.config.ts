import { defineConfig } from "vite";

// The build is committed (../dist) and embedded, so it must be the same bytes
// wherever it is made. The server lets browsers keep assets/ for ever, so names
// there carry the hash of what they name. All addresses are relative, because
// the page may be mounted under any path.

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "../dist", emptyOutDir: true, target: "es2022", modulePreload: false, assetsInlineLimit: 0 },
  worker: { format: "es" },
});
