import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { licences } from "./build/licences.ts";
import { sizeLimit } from "./build/size.ts";

/** The node that the development server asks: `CAUSEWAY_NODE=http://127.0.0.1:7102 npm run dev`. */
const node = process.env.CAUSEWAY_NODE ?? "http://127.0.0.1:7100";

export default defineConfig({
  plugins: [svelte(), licences(), sizeLimit(200_000)],
  // Relative, so that a reverse proxy may serve the page below any path.
  base: "./",
  build: {
    target: ["chrome123", "firefox120", "safari17.5"],
    // Everything is loaded at once: the page works on when the node goes away.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  server: { proxy: { "/v1": { target: node, ws: true } } },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
    ],
  },
});
