/**
 * A body that runs while it holds something: a permit, a resource.
 *
 * 1. It stands in line at the call, and starts once it has what it waits for. Cancelled in between, it does not start.
 * 2. What it holds is given back when the body and all that it has begun have really ended, in the very step in which its scope is over,
 *    before whoever waits for it goes on.
 *
 * Idea: Python's `async with lock`, with the body as a scope; a race of promises would free a lock whose body still runs.
 */
import type { Operation, WaitOptions } from "../core/operation.ts";
import { performIn, promised } from "../core/perform.ts";
import { signalOf } from "../support/given.ts";
import { checkedBody, type Body } from "../task/body.ts";
import { ScopeState } from "../task/scope/scope-state.ts";

/** What a body holds, and how it gets and gives it. */
export interface Held<H> {
  acquiring(): Operation<H>;
  /** What the body is called with. */
  given(held: H): unknown[];
  /** `fulfilled`: the body has returned, and nothing else has gone wrong. */
  giveBack(held: H, fulfilled: boolean): void;
}

export function holding<H, T>(from: Held<H>, given: unknown, verb: string, call: string, options: WaitOptions | undefined): Promise<T> {
  return promised(() => {
    const body = checkedBody(given as Body<never[], T>, verb, call);
    const signal = options && signalOf(options, verb);
    const operation = from.acquiring();
    let held: { readonly value: H } | undefined;
    const whenOver = (fulfilled: boolean): void => { if (held) from.giveBack(held.value, fulfilled); };
    const state = new ScopeState("scope", body, { signal, passReason: true, whenOver });
    performIn(state.cancelScope, operation).then(
      (value) => {
        held = { value };
        void state.run(body, from.given(value));
      },
      (error: unknown) => { state.ended("error", error); },
    );
    return state.outcome as Promise<T>;
  });
}
