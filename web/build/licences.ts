import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const ALLOWED = new Set(["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD"]);

/**
 * Writes `licences.txt` with the licence of every package that is in the bundle, as those licences
 * ask, and refuses packages under other licences.
 */
export function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle(_, bundle) {
      const directories = new Set<string>();
      for (const file of Object.values(bundle)) {
        for (const module of file.type === "chunk" ? file.moduleIds : []) {
          const directory = packageOf(module);
          if (directory) directories.add(directory);
        }
      }
      const notices = [...directories].sort().map((directory) => {
        const { name, version, license } = JSON.parse(
          readFileSync(join(directory, "package.json"), "utf8"),
        );
        if (!ALLOWED.has(license)) this.error(`${name} is under ${license}, which is not allowed`);
        const text = readdirSync(directory).find((file) => /^licen[cs]e/i.test(file));
        const terms = text ? readFileSync(join(directory, text), "utf8") : `Licence: ${license}`;
        return `${name} ${version} (${license})\n\n${terms.trim()}\n`;
      });
      const source = notices.join(`\n${"-".repeat(80)}\n\n`);
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

/** The directory of the package that a module belongs to, unless it is ours. */
function packageOf(module: string): string | undefined {
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1];
}
