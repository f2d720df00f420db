/**
 * The modules that users import, as package.json lists them.
 */
import { readFileSync } from "node:fs";

interface Export {
  types: string;
  node: string;
  default: string;
}

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { exports: Record<string, Export | string> };

/** Each in the folder `dist`: `net/index.d.ts`, `bundle/net/index.js`, `net/index.js`. */
export const entries: readonly Export[] = Object.values(manifest.exports).flatMap((paths) => {
  if (typeof paths === "string") return [];
  const within = (path: string): string => path.replace(/^\.\/dist\//, "");
  return [{ types: within(paths.types), node: within(paths.node), default: within(paths.default) }];
});
