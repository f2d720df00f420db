/**
 * The options of a scope, checked before anything begins.
 */
import { checkedSignal, type Known } from "../../support/given.ts";
import type { WaitOptions } from "../../core/operation.ts";
import { show } from "../../errors.ts";
import { checkedDelay } from "../../time/timer.ts";
import { checkedBody } from "../body.ts";
import type { Task } from "../task.ts";

/** What a scope does about a child that fails. */
export type OnError = "cancel" | "supervise" | ((error: unknown, task: Task<unknown>) => unknown);

/** The options of a {@link scope}. Its `signal` cancels it: it rejects with a {@link CancelledError} whose `cause` is the signal's reason. */
export interface ScopeOptions extends WaitOptions {
  /**
   * What errors and reports call it.
   *
   * @defaultValue the name of the body
   */
  name?: string | undefined;
  /**
   * Its deadline, in milliseconds from now. When that passes, the scope is cancelled, and rejects with a {@link TimeoutError}.
   *
   * @defaultValue `Infinity`
   */
  timeout?: number | undefined;
  /**
   * What a failing child does. `"cancel"` cancels the rest and fails the scope. `"supervise"` leaves the others alone, and the failure to the
   * joiners of the child. A function is called with the error and the task; if it throws, that fails the scope.
   *
   * @defaultValue `"cancel"`
   */
  onError?: OnError | undefined;
}

/** The checked options, and those that only the library sets. */
export interface ScopeSettings {
  name?: string | undefined;
  /** Milliseconds to its deadline. */
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
  onError?: OnError | undefined;
  /** No cancel from outside reaches it. */
  shielded?: boolean | undefined;
  /** It has no body, but a block of code that it cannot cancel. */
  isOpen?: boolean | undefined;
  /** The value that it gives when its own deadline has passed, instead of the error. */
  fallback?: { value: unknown } | undefined;
  /** If the signal aborts it, it rejects with the signal's reason itself, as a verb that waits does. */
  passReason?: boolean | undefined;
  /** Called in the step in which it ends, before its outcome is known. `fulfilled`: the outcome is the value of its body. */
  whenOver?: ((fulfilled: boolean) => void) | undefined;
}

/** The names of the options of a scope. */
export const scopeOptions: Known<ScopeOptions> = { name: true, timeout: true, signal: true, onError: true };

/** Checks the options of a user, before anything has begun. */
export function checkedOptions(options: ScopeOptions, kind = "scope"): ScopeSettings {
  const { name, timeout, signal, onError } = options;
  if (name !== undefined && typeof (name as unknown) !== "string") throw new TypeError(`the name of a ${kind} cannot be ${show(name)}`);
  if (timeout !== undefined) checkedDelay(timeout, `the timeout of a ${kind}`);
  if (signal !== undefined) checkedSignal(signal, "the option signal");
  if (onError !== undefined && onError !== "cancel" && onError !== "supervise") {
    if (typeof (onError as unknown) !== "function") throw new TypeError(`onError of a ${kind} is "cancel", "supervise" or a function; got ${show(onError)}`);
    checkedBody(onError, "onError");
  }
  return { name, timeout, signal, onError };
}
