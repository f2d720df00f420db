/**
 * The build, `npm run build`: the modules, the bundle and the declarations, into `dist`.
 */
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { bundle } from "./bundle.ts";
import { declarations } from "./declarations.ts";
import { compile } from "./modules.ts";
import { place } from "./place.ts";

try {
  const compiled = compile();
  // Bundlers alone read them, and the comments are in the declarations. Without blanks the package is 24 kB smaller.
  const code = (text: string): string => transformSync(text, { target: "esnext", minifyWhitespace: true }).code;
  const files = new Map([...compiled].filter(([name]) => name.endsWith(".js")).map(([name, text]) => [name, code(text)]));
  for (const [name, text] of bundle()) files.set(`bundle/${name}`, text);
  for (const [name, text] of await declarations(compiled)) files.set(name, text);
  place(fileURLToPath(new URL("../dist/", import.meta.url)), files);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
