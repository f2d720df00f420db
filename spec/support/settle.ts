/**
 * Utilities that every spec may use. They hold the platform's own timers, taken before any fake clock is installed.
 */
import { whenRested } from "../../src/testing/scheduler/platform.ts";

const { setImmediate } = globalThis;

/** All promise jobs are drained and at least one real macrotask turn has passed; tasks that waited for the event loop to rest have gone on, too. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 4; turns++) {
    if (turns === 2) await new Promise<void>((resolve) => { whenRested(resolve); });
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Whether a promise is still pending after everything has settled. */
export async function isPending(promise: PromiseLike<unknown>): Promise<boolean> {
  let pending = true;
  const done = (): void => {
    pending = false;
  };
  promise.then(done, done);
  await settle();
  return pending;
}

/** What a promise rejects with; fails if it does not reject. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`expected a rejection, got the value ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

/** The seed of the random specs: RENDEZVOUS_SEED, or a fixed one. */
export const seedOfRun = Number(process.env["RENDEZVOUS_SEED"] ?? 20_261_125);
