import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Fails a build whose files are, compressed and added up, larger than this many bytes. */
export function sizeLimit(limit: number): Plugin {
  return {
    name: "size-limit",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      let total = 0;
      for (const file of Object.values(bundle)) {
        total += gzipSync(file.type === "chunk" ? file.code : file.source).length;
      }
      const kilobytes = (total / 1000).toFixed(1);
      if (total > limit) {
        this.error(`the page is ${kilobytes} kB gzip, ${limit / 1000} kB at most`);
      }
      this.info(`the page is ${kilobytes} kB gzip of at most ${limit / 1000} kB`);
    },
  };
}
