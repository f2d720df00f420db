/**
 * Tests that do not end: who waits for what, by name, where the framework alone would say that the time is up.
 *
 * 1. Where the framework lets a rejection be seen (mocha), the test rejects shortly before its time is up.
 * 2. Elsewhere it is written to standard error: when the time of the test is up, if that is known, or when the event loop runs dry.
 */
import { now } from "../platform/macrotask.ts";
import { afterRealTime } from "./scheduler/platform.ts";

/** A test that can say who waits. */
export interface Waiting {
  waiting(why: string): Error;
}

/** How to watch a test. */
export interface Watch {
  begin(test: Waiting): { rejection?: Promise<never>; stop: () => void };
}

interface Process { prependListener(event: string, listener: () => void): unknown; off(event: string, listener: () => void): unknown }

/** Write who waits to standard error shortly before so many milliseconds have passed, or when the event loop runs dry. */
export function watchUntilEnd(limit: number | undefined, signal?: AbortSignal): Watch {
  return {
    begin(test) {
      const tell = (why: string): void => {
        if (isOver) return; // an event that it does not wait for any more may be on its way
        stop();
        console.error(String(test.waiting(why)));
      };
      let isOver = false;
      const { process } = globalThis as { process?: Partial<Process> };
      const dry = (): void => { tell("The event loop has run dry, and a test has not ended"); };
      const aborted = (): void => { tell("The time of a test is up, and it has not ended"); };
      const disarm = limit === undefined ? undefined : afterRealTime(shortlyBefore(limit), () => { tell(`A test has not ended within its ${String(limit)} ms`); });
      process?.prependListener?.("beforeExit", dry); // before that of node:test, which then aborts the signal
      signal?.addEventListener("abort", aborted, { once: true });
      const stop = (): void => {
        isOver = true;
        disarm?.();
        process?.off?.("beforeExit", dry);
        signal?.removeEventListener("abort", aborted);
      };
      return { stop };
    },
  };
}

/** Reject shortly before the time of the test is up; `limit` gives it at each moment, and 0 for none. */
export function rejectBefore(limit: () => number): Watch {
  return {
    begin(test) {
      let stop = (): void => { /* nothing is armed */ };
      const rejection = new Promise<never>((_, reject) => {
        const began = now();
        const arm = (): void => {
          const ms = limit();
          if (ms <= 0 || ms > 2 ** 31 - 1) return;
          const left = shortlyBefore(ms) - (now() - began);
          const { stop: stopWriting } = watchUntilEnd(undefined).begin(test);
          const disarm = afterRealTime(Math.max(0, left), () => {
            stop();
            if (limit() === ms) reject(test.waiting(`The test has not ended within its ${String(ms)} ms`));
            else arm();
          });
          stop = (): void => {
            disarm();
            stopWriting();
          };
        };
        arm();
      });
      rejection.catch(() => { /* the test may have ended first */ });
      return { rejection, stop: () => { stop(); } };
    },
  };
}

interface Limited { readonly timeout?: unknown }
interface Vitest { readonly current?: Limited; readonly config?: { readonly testTimeout?: unknown } }
interface Jest { readonly currentlyRunningTest?: Limited; readonly testTimeout?: unknown }

/** The time that vitest or jest gives to the running test, if one of them runs it. Each keeps it in an object of its own, which is global. */
export function frameworkLimit(): number | undefined {
  const { __vitest_worker__: vitest } = globalThis as { __vitest_worker__?: Vitest };
  const ofJest = Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === "JEST_STATE_SYMBOL");
  const jest = ofJest && (globalThis as Record<symbol, unknown>)[ofJest] as Jest | undefined;
  const limit = vitest?.current?.timeout ?? vitest?.config?.testTimeout ?? jest?.currentlyRunningTest?.timeout ?? jest?.testTimeout;
  return typeof limit === "number" && limit > 0 && limit < Infinity ? limit : undefined;
}

/** Shortly before a test's time is up. */
function shortlyBefore(ms: number): number {
  return ms - Math.min(ms / 4, Math.max(20, ms / 50));
}
