/**
 * Runs an example in this process, under a fake clock that moves by itself, and collects the lines it prints.
 *
 * The example runs as it stands: it imports the built package by its own name. What it should print is its own last comment.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatWithOptions } from "node:util";
import sinon from "sinon";
import { bundle } from "../support/fresh.ts";
import { settle } from "../support/settle.ts";

/** What a program did. */
export interface Outcome {
  lines: string[];
  /** Virtual milliseconds until it had ended. */
  took: number;
  /** Timers left after its end. */
  timersLeft: number;
}

/** The path of an example. */
export const exampleFile = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

let runs = 0;

/** How to import an example; each time as another module, since a module is evaluated once. */
const ways = {
  "as it stands": (file) => `${pathToFileURL(file).href}?run=${++runs}`,
  "without async contexts": (file) => {
    const text = `${bundle(readFileSync(file, "utf8"))}\n// run ${++runs}`;
    return `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
  },
} satisfies Record<string, (file: string) => string>;

/** Run an example to its end; a sleep takes no real time. One that brings a clock of its own is run without the fake one. */
export async function runExample(name: string, ownClock = false, way: keyof typeof ways = "as it stands"): Promise<Outcome> {
  const lines: string[] = [];
  const clock = ownClock ? undefined : sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask"] });
  const log = sinon.stub(console, "log").callsFake((...values: unknown[]) => {
    lines.push(...formatWithOptions({ colors: false }, ...values).split("\n"));
  });
  try {
    clock?.setTickMode({ mode: "nextAsync" });
    await import(ways[way](exampleFile(name)));
    const took = clock?.now ?? 0;
    clock?.setTickMode({ mode: "manual" });
    await settle();
    return { lines, took, timersLeft: clock?.countTimers() ?? 0 };
  } finally {
    log.restore();
    clock?.restore();
  }
}

/** What an example says it prints: the lines of its last comment, after the one that begins with "Prints". */
export function promised(name: string): string[] {
  const lines = readFileSync(exampleFile(name), "utf8").trimEnd().split("\n");
  const begin = lines.findLastIndex((line) => line.startsWith("// Prints"));
  if (begin < 0) throw new Error(`${name} does not end in a comment that says what it prints`);
  return lines.slice(begin + 1).map((line) => line.replace(/^\/\/ ?/, ""));
}
