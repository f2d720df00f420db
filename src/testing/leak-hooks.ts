/**
 * The leak check as hooks of mocha, vitest, jest and `node:test`.
 *
 * mocha lets a hook wrap the test, which then fails by itself. Elsewhere a hook before notes what there is, and one after looks what is left.
 *
 * Idea: goleak's `VerifyTestMain`.
 */
import { checkTest, TrackedTest } from "./leaks.ts";
import { frameworkLimit, rejectBefore, watchUntilEnd } from "./unended.ts";

/** What mocha's hooks see of the test that is about to run. */
interface MochaTest {
  fn?: ((this: unknown, done?: (error?: unknown) => void) => unknown) | undefined;
  async?: number | boolean | undefined;
  sync?: boolean | undefined;
  timeout?(): number;
}

/** What the hooks of others may be given: vitest's task has its limit, a test of `node:test` its signal. */
interface Context {
  readonly signal?: AbortSignal;
  readonly task?: { readonly timeout?: number };
}

/**
 * Hooks for a test framework: a leak fails the test that has leaked, and no other. A test that does not end says who waits for what: for mocha in its
 * failure, elsewhere on standard error, when its time is up or the event loop runs dry.
 *
 * mocha takes them as root hooks; vitest, jest and `node:test` by their `beforeEach` and `afterEach`. There tests that run at the same time cannot be
 * told apart: use {@link expectNoLeaks} in each.
 *
 * @example
 * ```ts
 * import { leakHooks } from "rendezvous/testing";
 *
 * // In a file that mocha gets by --require: export const mochaHooks = leakHooks();
 * // Elsewhere: const hooks = leakHooks(); beforeEach(hooks.beforeEach); afterEach(hooks.afterEach);
 * console.log(Object.keys(leakHooks())); // [ 'beforeEach', 'afterEach' ]
 * ```
 *
 * Idea: goleak's `VerifyTestMain`.
 */
export function leakHooks(): {
  /** Wraps the test that is about to run, or notes what there is before it. */
  beforeEach(this: unknown, ...given: unknown[]): void;
  /** Looks what the test has left, unless it was wrapped. */
  afterEach(this: unknown, ...given: unknown[]): Promise<void>;
} {
  let present: { test: TrackedTest; stop: () => void } | undefined;
  return {
    // Without parameters of their own: a framework would take them for callbacks.
    beforeEach(...given) {
      const test = (this as { currentTest?: MochaTest } | undefined)?.currentTest;
      if (test) {
        wrap(test);
        return;
      }
      const { signal, task } = (given[0] ?? {}) as Context; // vitest gives a function with these properties
      const tracked = new TrackedTest();
      present = { test: tracked, ...watchUntilEnd(task?.timeout ?? frameworkLimit(), signal).begin(tracked) };
    },
    async afterEach() {
      if (!present) return;
      const { test, stop } = present;
      present = undefined;
      stop();
      try {
        await test.expectNothingLeft();
      } finally {
        test.end();
      }
    },
  };
}

function wrap(test: MochaTest): void {
  const { fn } = test;
  if (!fn) return;
  test.fn = function (this: unknown): unknown {
    const body = (): unknown => (fn.length === 0 ? fn.call(this) : byCallback((done) => fn.call(this, done)));
    return checkTest(body, () => rejectBefore(() => test.timeout?.() ?? 0));
  };
  test.async = 0;
  test.sync = true;
}

/** A test that calls back, as a promise. */
function byCallback(test: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    test((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
