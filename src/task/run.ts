/**
 * Where a program begins.
 *
 * Idea: asyncio's and trio's `run`.
 */
import { go, type Body } from "./task.ts";

/**
 * Runs a program: its main function as a task, and gives its result. Tasks that main has started and not joined are left to
 * end by themselves.
 *
 * @param main - an async or a plain function; it starts in a later microtask, as every task does
 * @returns what `main` returns; rejects with what it throws
 *
 * @example
 * ```ts
 * import { run, sleep } from "rendezvous";
 *
 * await run(async () => {
 *   await sleep(5);
 *   console.log("done"); // done
 * });
 * ```
 *
 * Idea: asyncio's `run`.
 */
export function run<T>(main: Body<[], T>): Promise<T> {
  try {
    return go(main).join();
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- thrown by this library: always an Error
    return Promise.reject(error);
  }
}
