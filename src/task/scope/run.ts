/**
 * Where a program begins: its main function runs in a scope of its own, with the signals and exit codes that a shell and a user expect.
 *
 * SIGINT and SIGTERM cancel it, and it has a grace time to clean up; a second signal exits at once. If every task waits for ever, it reports that,
 * and the exit code is 13.
 *
 * Idea: asyncio's and trio's `run`.
 */
import { knownOptions, type Known } from "../../support/given.ts";
import { promised } from "../../core/settled.ts";
import { arm, checkedDelay } from "../../time/timer.ts";
import { checkedBody, type Body, type GivenBody } from "../body.ts";
import { watchForDeadlock } from "../report/deadlock.ts";
import { host, type Host } from "../report/host.ts";
import { ScopeHandle } from "./scope-handle.ts";
import { ScopeState } from "./scope-state.ts";
import { observer } from "../cancel/observer.ts";
import { identifyFreeTasks } from "../cancel/current.ts";
import { rootCancelScope } from "../cancel/cancel-scope.ts";
import { checkedOptions, scopeOptions, type ScopeOptions } from "./scope-options.ts";
import type { Scope } from "./scope-types.ts";
import { watchTopLevel } from "../report/top-level.ts";

/** The options of {@link run}. */
export interface RunOptions extends ScopeOptions {
  /**
   * How long clean-up may take after a signal of the system, in milliseconds. Then the process exits.
   *
   * @defaultValue `5000`
   */
  grace?: number | undefined;
}

/**
 * Runs a program: its main function as the body of a {@link scope}.
 *
 * SIGINT (Ctrl-C) and SIGTERM cancel the scope, and the process exits when everything has been cleaned up, at the latest after the grace time, with
 * the code that a shell expects: 130 or 143. A second signal exits at once. If `main` returns a value despite the cancel, the program goes on with
 * it, and only the exit code is set.
 *
 * If the event loop has nothing left to do and `main` has not ended, a report on standard error says which task waits for what, and the exit code is
 * 13. `run` waits for the tasks of its scope, not for those that `main` has started by {@link go}.
 *
 * @param main - an async, a plain or a generator function; it gets the scope
 * @param options - those of a scope, and `grace` in milliseconds
 * @returns what `main` returns; rejects as {@link scope} does
 *
 * @example
 * ```ts
 * import { run, sleep } from "rendezvous";
 *
 * await run(async (s) => {
 *   s.go(async () => { await sleep(1); });
 *   await sleep(5);
 *   console.log("done"); // done
 * });
 * ```
 *
 * Idea: asyncio's `run`.
 */
export function run<T, Y = never, Z = never, P = never>(
  main: GivenBody<"run(() => main())", [scope: Scope], T, Y, Z, P>,
  options?: RunOptions,
): Promise<T>;
export function run<T>(main: unknown, options: RunOptions = {}): Promise<T> {
  return promised(() => {
    const body = checkedBody(main as Body<[scope: Scope], T>, "run");
    const settings = checkedOptions(knownOptions(options, runOptions, "run"), "run");
    const grace = checkedDelay(options.grace ?? 5000, "the grace of run");
    identifyFreeTasks(rootCancelScope);
    watchTopLevel();
    const state = new ScopeState("run", body, settings);
    const process = host();
    const outcome = state.run(body, [new ScopeHandle(state)]);
    return process ? withSignals(process, state, outcome, grace) : outcome;
  });
}

const signals = { SIGINT: 130, SIGTERM: 143 };

const runOptions: Known<RunOptions> = { ...scopeOptions, grace: true };

/** How many programs run: the last one to end lets the process exit. */
let programsRunning = 0;

/** The outcome of a program that reacts to signals, and reports a deadlock, while it runs. */
function withSignals<T>(process: Host, state: ScopeState, outcome: Promise<T>, grace: number): Promise<T> {
  let code: number | undefined;
  let disarm: (() => void) | undefined;
  programsRunning++;
  const off = listen(process, (signal, exitCode) => {
    if (code !== undefined) process.exit(exitCode);
    code = exitCode;
    disarm = arm(grace, () => process.exit(exitCode));
    state.cancel(signal);
  });
  const unwatch = watchForDeadlock(muteSignals);
  const leave = (): void => {
    if (--programsRunning === 0) observer?.ended?.(state.name);
    disarm?.();
    unwatch();
    off();
  };
  return outcome.then(
    (value) => {
      leave();
      if (code !== undefined) process.exitCode ??= code;
      return value;
    },
    (error: unknown) => {
      leave();
      if (code !== undefined && programsRunning === 0 && state.cancelScope.isCancel(error)) process.exit(code);
      throw error;
    },
  );
}

const signalListeners = new Set<{ on(): void; off(): void }>();

/** Listen to the system's signals, until the returned function is called. */
function listen(process: Host, heard: (signal: string, exitCode: number) => void): () => void {
  const listeners = Object.entries(signals).map(([signal, exitCode]) => [signal, () => { heard(signal, exitCode); }] as const);
  const pair = {
    on: () => { for (const [signal, listener] of listeners) process.on(signal, listener); },
    off: () => { for (const [signal, listener] of listeners) process.off(signal, listener); },
  };
  signalListeners.add(pair);
  pair.on();
  return () => {
    signalListeners.delete(pair);
    pair.off();
  };
}

/** Stop listening to signals in all programs, until the returned function is called. */
function muteSignals(): () => void {
  for (const pair of signalListeners) pair.off();
  return () => { for (const pair of signalListeners) pair.on(); };
}
