/**
 * What an exploration has found, as an error.
 */
import { variable } from "../../platform/environment.ts";
import { isError } from "../../errors.ts";
import { waitingFor } from "../../support/printing.ts";
import { lineOfError } from "../../task/report/call-site.ts";
import { aboutSignals } from "../../task/report/deadlock.ts";
import { written } from "../strategies/schedule.ts";
import { diagramOf, lastLines, traceOf } from "./trace.ts";
import type { Blocked, FindingKind, Verdict } from "./program-run.ts";

const found: Readonly<Record<FindingKind, string>> = {
  exception: "a failure that nobody handles",
  deadlock: "a deadlock: everybody waits",
  leak: "a leak: main has ended, and others have not",
  livelock: "no end to a run",
  uncontrolled: "a task that it does not control",
  nondeterministic: "that two runs of the same choices differ",
};

/** What a proof by partial orders cannot see. */
const unseen =
  "every order that channels, joins and timers can tell apart is right, so tasks share something else, as a plain object: make it shared(object)";

function waits(operations: readonly string[]): string {
  if (operations.length === 0) return "waits in what is not the library's";
  return operations.map((operation, index) => waitingFor(index === 0 ? "waits in" : "and in", operation)).join(", ");
}

const traceLines = 40;
const choicesPrinted = 200;

/** How to see it again. */
function again({ schedule: { choices } }: Verdict, schedule: string): string {
  const file = keptInFile(schedule);
  if (file !== undefined) return `the schedule is in ${file}, for replay(program, schedule)`;
  if (choices.length <= choicesPrinted) return `replay(program, "${schedule}"), or RENDEZVOUS_REPLAY=${schedule}`;
  return `replay(program, error.schedule), which has ${String(choices.length)} choices; RENDEZVOUS_SCHEDULE_FILE names a file to keep it in`;
}

/** Keep a schedule in the file that the environment names, where there are files. */
function keptInFile(schedule: string): string | undefined {
  const file = variable("RENDEZVOUS_SCHEDULE_FILE");
  if (file === undefined || file === "") return undefined;
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => { writeFileSync(file: string, text: string): void } } };
  try {
    process?.getBuiltinModule?.("node:fs").writeFileSync(file, schedule);
  } catch {
    return undefined;
  }
  return file;
}

/**
 * A program has a schedule in which it goes wrong. The message says what, who waits for what, how to see it again, and what went on.
 *
 * @example
 * ```ts
 * import { chan } from "rendezvous";
 * import { explore, ExploreError } from "rendezvous/testing";
 *
 * const error: unknown = await explore(async () => {
 *   await chan<number>({ name: "answers" }).receive();
 * }).catch((reason: unknown) => reason);
 * console.log(error instanceof ExploreError && error.kind); // deadlock
 * console.log((error as ExploreError).blocked); // [ { task: 'main', operations: [ 'receive on channel "answers"' ] } ]
 * ```
 *
 * Idea: the failing schedules of loom and shuttle.
 */
export class ExploreError extends Error {
  /** `"ExploreError"`. */
  override readonly name = "ExploreError";
  /** Stable, for programs to compare with. */
  readonly code = "RENDEZVOUS_EXPLORE";
  /** What was found. */
  readonly kind: FindingKind;
  /** The choices that lead there, shrunk: for {@link replay}. */
  readonly schedule: string;
  /** The seed of the exploration. */
  readonly seed: number;
  /** Who had not ended, and what each waited for. */
  readonly blocked: readonly Blocked[];
  /** What went on, a line for each step. */
  readonly trace: readonly string[];
  readonly #diagram: () => string;

  /** @internal */
  constructor(verdict: Verdict, seed: number, schedules: number, wasProven = false) {
    const kind = verdict.kind === "ok" ? "nondeterministic" : verdict.kind;
    const schedule = written(verdict.schedule);
    const trace = traceOf(verdict.scheduler);
    const failure = isError(verdict.error) ? verdict.error.message : verdict.error === undefined ? "" : String(verdict.error);
    const place = isError(verdict.error) && verdict.kind === "exception" ? lineOfError(verdict.error) : undefined;
    super(
      [
        `explore has found ${found[kind]}${failure && `: ${failure}`}`,
        ...(place === undefined ? [] : [`  made at ${place}`]),
        `  in run ${String(schedules)} of seed ${String(seed)}; again: ${again(verdict, schedule)}`,
        ...verdict.blocked.map(({ task, operations }) => `  ${task} ${waits(operations)}`),
        ...(wasProven ? [`  ${unseen}`] : []),
        ...(verdict.kind === "deadlock" && verdict.holdsSignal ? [`  ${aboutSignals}`] : []),
        ...lastLines(trace, traceLines).map((line) => `  ${line}`),
      ].join("\n"),
      verdict.error === undefined ? undefined : { cause: verdict.error },
    );
    this.kind = kind;
    this.schedule = schedule;
    this.seed = seed;
    this.blocked = verdict.blocked;
    this.trace = trace;
    this.#diagram = () => diagramOf(verdict.scheduler, `${found[kind]}${failure && `: ${failure}`}`);
  }

  /** What went on, as a Mermaid sequence diagram: the last 60 events, values the way of the arrows; the last row is what was found. */
  diagram(): string {
    return this.#diagram();
  }
}
