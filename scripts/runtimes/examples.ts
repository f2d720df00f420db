/** The examples, as a user runs them, on every runtime: they print the same as on this Node. */
import { readdirSync } from "node:fs";
import { failureOf, run, type Outcome } from "./child.ts";
import { whyNot } from "./left-out.ts";
import type { Row } from "./row.ts";
import { command, present, type Runtime } from "./runtime.ts";

/** Examples that run until Ctrl-C, by the line at which it comes. */
const untilSignal: Readonly<Record<string, RegExp>> = { "14-graceful-shutdown.ts": /listening/ };

/** Examples whose lines come in the order in which a network, or chance, has them. */
const inAnyOrder: readonly string[] = ["04-wget.ts", "07-fan-in-timeout.ts", "20-chat-server.ts", "21-wget-https.ts", "23-port-scanner.ts"];

interface Shown {
  lines: string[];
  failure?: string;
}

async function show(runtime: Runtime, name: string): Promise<Shown> {
  const signal = untilSignal[name];
  let sent = false;
  const outcome = await run(...command(runtime, `examples/${name}`), {
    folder: process.cwd(),
    seconds: 60,
    env: { NO_COLOR: "1", RENDEZVOUS_DEBUG: "" },
    printed: (output, send) => {
      if (sent || signal?.test(output) !== true) return;
      sent = true;
      send("SIGINT");
    },
  });
  const expected = name === "16-deadlock.ts" ? 13 : signal ? 130 : 0;
  const lines = linesOf(outcome);
  if (inAnyOrder.includes(name)) lines.sort();
  return outcome.code === expected && !outcome.late ? { lines } : { lines, failure: `it ${failureOf(outcome)}` };
}

/** Its output, without the parts that differ in each run: ports, dates, times. */
function linesOf({ output, errors }: Outcome): string[] {
  return `${output}${/^fatal: [^]*/m.exec(errors)?.[0] ?? ""}`.trimEnd()
    .replace(/\b\d{4,5}\b(?! ms)/g, "PORT")
    .replace(/\w{3}, \d\d \w{3} PORT [\d:]+ GMT/g, "DATE")
    .split("\n").map((line) => line.trimEnd().replaceAll('"', "'")); // each platform shows an array with quotes of its own
}

/** A row for each runtime; a failure names the examples. */
export async function examples(runtimes: readonly Runtime[], each: <T>(jobs: (() => Promise<T>)[]) => Promise<T[]>): Promise<Row[]> {
  const names = readdirSync("examples").filter((name) => name.endsWith(".ts"));
  const references = new Map(names.map((name) => [name, undefined as Shown | undefined]));
  const jobs = names.filter((name) => whyNot(present.name, `example ${name}`) === undefined).map((name) => async () => { references.set(name, await show(present, name)); });
  await each(jobs);
  const rows = [present, ...runtimes].map((runtime): { runtime: Runtime; failures: string[]; passed: number } => ({ runtime, failures: [], passed: 0 }));
  const all = rows.flatMap((row) => names.map((name) => async () => {
    if (whyNot(row.runtime.name, `example ${name}`) !== undefined) return;
    const reference = references.get(name);
    const shown = row.runtime === present ? reference : await show(row.runtime, name);
    const failure = shown?.failure ?? differenceOf(shown?.lines ?? [], reference?.lines ?? []);
    if (failure === undefined) row.passed++;
    else row.failures.push(`${name}: ${failure}`);
  }));
  await each(all);
  return rows.map(({ runtime, failures, passed }): Row => ({
    what: "examples print what they print on Node",
    where: runtime.name,
    outcome: failures.length > 0 ? "failed" : "passed",
    passed,
    failed: failures.length,
    ...(failures.length > 0 && { detail: failures.join("\n") }),
  }));
}

function differenceOf(lines: readonly string[], expected: readonly string[]): string | undefined {
  const at = Array.from({ length: Math.max(lines.length, expected.length) }).findIndex((_, n) => lines[n] !== expected[n]);
  return at < 0 ? undefined : `line ${at + 1} is ${JSON.stringify(lines[at])}, on Node ${JSON.stringify(expected[at])}`;
}
