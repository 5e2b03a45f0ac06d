// Feeds standard JSON from stdin to the pinned compiler and writes its answer to stdout. Imports of packages are read
// from node_modules, where `npm ci` has checked them against the lock file.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import solc from "solc";

const modules = fileURLToPath(new URL("node_modules/", import.meta.url));

function readImport(path) {
  try {
    return { contents: readFileSync(modules + path, "utf8") };
  } catch (error) {
    return { error: error.message };
  }
}

let input = "";
process.stdin.setEncoding("utf8");
for await (const chunk of process.stdin) input += chunk;
process.stdout.write(solc.compile(input, { import: readImport }));
