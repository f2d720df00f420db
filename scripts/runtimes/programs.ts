/** Small programs whose end shows a property of a platform: their output, and their exit code. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failureOf, run, type Outcome } from "./child.ts";
import { whyNot } from "./left-out.ts";
import type { Row } from "./row.ts";
import { command, type Runtime } from "./runtime.ts";

interface Program {
  what: string;
  /** What follows the import of `chan`, `go`, `run`. */
  text: string;
  holds: (outcome: Outcome) => boolean;
}

const reported = ({ errors, code }: Outcome): boolean => /fatal: all tasks are asleep - deadlock[^]*receive on channel "quiet"/.test(errors) && code === 13;
const main = `async (s) => { s.go(async function reader() { await chan({ name: "quiet" }).receive(); }); }`;

const programs: readonly Program[] = [
  { what: "RT-03 a deadlock in `await run(main)` at top level has its end, and a code that is not 0", text: `await run(${main});`, holds: ({ code }) => code !== undefined && code !== 0 },
  { what: "RT-03 and there is the report of who waits, and the code 13", text: `await run(${main});`, holds: reported },
  { what: "RT-03 the same of `void run(main)`, without `await`", text: `void run(${main});`, holds: reported },
  {
    what: "RT-03 no false alarm while a timer may wake somebody",
    text: `const ch = chan(); setTimeout(() => { ch.trySend("woken"); }, 2500); console.log(await run(() => ch.receive()));`,
    holds: ({ code, output }) => code === 0 && output === "woken\n",
  },
];

/** The jobs that run them all on a runtime. */
export function programsOn(runtime: Runtime): (() => Promise<Row>)[] {
  return programs.map(({ what, text, holds }) => async () => {
    const why = whyNot(runtime.name, what);
    if (why !== undefined) return { what, where: runtime.name, outcome: "not run", detail: why };
    mkdirSync("docs-out", { recursive: true });
    const folder = mkdtempSync(join("docs-out", "runtimes-"));
    try {
      const file = join(folder, "program.mjs");
      writeFileSync(file, `import { chan, go, run } from "rendezvous";\n${text}\n`);
      const outcome = await run(...command(runtime, file), { folder: process.cwd(), seconds: 40, env: { NO_COLOR: "1", RENDEZVOUS_DEBUG: "" } });
      return holds(outcome) && !outcome.late
        ? { what, where: runtime.name, outcome: "passed" }
        : { what, where: runtime.name, outcome: "failed", detail: `it ${failureOf(outcome)}` };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** Bun's own test runner, whose fake clock is unlike others. */
export async function bunTest(runtime: Runtime): Promise<Row> {
  const what = "RT-05 virtual time under the runtime's own test runner";
  const outcome = await run(runtime.program, ["test", "./spec/runtimes/clock.bun.js"], { folder: process.cwd(), seconds: 60, env: { NO_COLOR: "1" } });
  return outcome.code === 0 ? { what, where: runtime.name, outcome: "passed" } : { what, where: runtime.name, outcome: "failed", detail: failureOf(outcome) };
}

/** How to run tests of `node:test` with the runtime's own runner, and what that prints of a test that leaks, or that does not end. */
const runners = {
  bun: { options: ["test"], prints: [/"left" is left waiting in receive on channel "nobody"/] },
  deno: {
    options: ["test", "-A", "--no-lock", "--node-modules-dir=manual", "--no-check"],
    prints: [/the test itself waits in receive on channel "replies"/, /task \d+ "server" waits in receive on channel "requests"/],
  },
};

/** The leak check under the runtime's own test runner; see `left-out.ts` for what these runners do not report. */
export async function leaksUnder(runtime: Runtime): Promise<Row | undefined> {
  if (runtime.kind === "node") return undefined;
  const what = "EX-06 leaks under the runtime's own runner of node:test";
  const { options, prints } = runners[runtime.kind];
  const outcome = await run(runtime.program, [...options, "./spec/runtimes/leaks.test.js"], { folder: process.cwd(), seconds: 60, env: { NO_COLOR: "1" } });
  const printed = outcome.output + outcome.errors;
  return prints.every((wanted) => wanted.test(printed)) && /^(\(pass\) fine|fine \.\.\. ok)/m.test(printed)
    ? { what, where: runtime.name, outcome: "passed" }
    : { what, where: runtime.name, outcome: "failed", detail: `it ${failureOf(outcome)}` };
}
