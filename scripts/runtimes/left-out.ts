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
  { on: ["Node 20", ...nodes, ...others], what: "example 22-redis.ts", why: "it talks to a Redis server; its spec plays one" },
  {
    on: ["Deno 2.9"], what: "RT-03 and there is the report of who waits, and the code 13",
    why: "Deno ends a top-level await that never resolves with an error of its own, and the code 1, and runs no code of the program before; `void run(main)` reports",
  },
  ...["S-71, GO-02 (a)", "GO-02 (b)", "S-71: main itself"].map((what): LeftOut => ({ on: ["Deno 2.9"], what: `run ${what}`, why: "the same: they wait at top level" })),
  { on: ["Deno 2.9"], what: "example 16-deadlock.ts", why: "the same" },
  { on: ["Deno 2.9"], what: "law 12, nothing silent law 12: a program in which everybody waits for ever", why: "the same" },
  { on: ["Deno 2.9"], what: "spec/core/environment.spec.ts", why: "it puts another `Deno` in the place of the platform's, which cannot be replaced there" },
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
