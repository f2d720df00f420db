/**
 * What is not run on a runtime, and why: the one list of it. The matrix prints it.
 *
 * `what` is a file of specs, an example, a program of `programs.ts`, or how the title of a spec or of several begins.
 */
interface LeftOut {
  on: readonly string[];
  what: string;
  why: string;
}

const nodes = ["Node 22", "Node 24", "Node 26"];
const others = ["Bun 1.4", "Deno 2.9"];

export const all: readonly LeftOut[] = [
  { on: [...nodes, ...others], what: "example 22-redis.ts", why: "it talks to a Redis server; its own spec plays one, on this Node" },
];

/** What is left out on a runtime: files of specs, and beginnings of titles. */
export function leftOut(runtime: string): { files: ReadonlySet<string>; titles: readonly string[] } {
  const here = all.filter(({ on }) => on.includes(runtime)).map(({ what }) => what);
  return { files: new Set(here.filter((what) => what.endsWith(".spec.ts"))), titles: here.filter((what) => !what.endsWith(".ts")) };
}

/** Why an example or a program is not run on a runtime; nothing, if it is. */
export function whyNot(runtime: string, what: string): string | undefined {
  return all.find((one) => one.what === what && one.on.includes(runtime))?.why;
}
