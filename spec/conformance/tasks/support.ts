/**
 * What the conformance specs of scopes share: the lanes in which a body can be written, with or without an async context, and the places
 * in which it can be waiting.
 *
 * A script is a body written once, as a generator that is given `wait`: `yield* wait(operation)`, `yield* wait(promise)`. A lane makes
 * a body of it: an async function that awaits, or a generator task that yields.
 */
import { expect } from "chai";
import * as node from "../../../src/node.ts";
import type { Body, Channel, Operation, Scope, WaitOptions } from "../../../src/index.ts";
import { freshCopy } from "../../support/fresh.ts";

export type Library = typeof import("../../../src/index.ts");

/** A verb with both its forms. */
export interface Verb<T> {
  start(options: WaitOptions): Promise<T>;
  operation(): Operation<T>;
}

export type Wait = <T>(what: Operation<T> | Promise<T> | Verb<T>) => Generator<unknown, T>;
export type Script<A extends unknown[], T> = (wait: Wait, ...args: A) => Generator<unknown, T>;

export interface Lane {
  readonly name: string;
  readonly lib: Library;
  /** What is waited for learns of a cancel by itself; otherwise only by the signal of the scope, which is handed on. */
  readonly implicit: boolean;
  /** The body of a scope. */
  main<T>(script: Script<[Scope], T>): Body<[Scope], T>;
  /** The body of something inside of a scope. */
  inside<T>(scope: Scope, script: Script<[], T>): Body<[], T>;
  /** The options with which a wait, or a scope, is inside of this scope. */
  within(scope: Scope): WaitOptions;
}

const isVerb = <T>(what: object): what is Verb<T> => "start" in what;
const isPromise = <T>(what: object): what is Promise<T> => "then" in what;

type Start = (options: WaitOptions) => Promise<unknown>;

async function drive<T>(script: Generator<unknown, T>, options: WaitOptions): Promise<T> {
  let step = script.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = await (step.value as Start)(options);
    } catch (error) {
      step = script.throw(error);
      continue;
    }
    step = script.next(value);
  }
  return step.value;
}

function asyncLane(name: string, lib: Library, implicit: boolean): Lane {
  const wait: Wait = function* <T>(what: Operation<T> | Promise<T> | Verb<T>): Generator<unknown, T> {
    const start: Start = (options) => {
      if (isPromise(what)) return what;
      return isVerb<T>(what) ? what.start(options) : lib.perform(what, options);
    };
    return (yield start) as T;
  };
  const within = (scope: Scope): WaitOptions => (implicit ? {} : { signal: scope.signal });
  return {
    name, lib, implicit, within,
    main: (script) => (scope) => drive(script(wait, scope), within(scope)),
    inside: (scope, script) => () => drive(script(wait), within(scope)),
  };
}

function generatorLane(name: string, lib: Library): Lane {
  const wait: Wait = function* <T>(what: Operation<T> | Promise<T> | Verb<T>): Generator<unknown, T> {
    if (isPromise(what)) return yield* lib.awaiting(what);
    return yield* isVerb<T>(what) ? what.operation() : what;
  };
  return {
    name, lib, implicit: true, within: () => ({}),
    main: (script) => function* (scope) { return yield* script(wait, scope); },
    inside: (_scope, script) => function* () { return yield* script(wait); },
  };
}

/** What browsers get: no module of it knows an async context. */
const browser = await freshCopy();

/** All lanes; without an async context the scope's signal is handed on, or the body is a generator. */
export const lanes: readonly Lane[] = [
  asyncLane("async", node, true),
  asyncLane("async with the scope's signal", node, false),
  generatorLane("generator", node),
  asyncLane("S-66 without an async context: async with the scope's signal", browser, false),
  generatorLane("S-66 without an async context: generator", browser),
];

/** The lanes in which a cancel needs no argument. */
export const implicitLanes: readonly Lane[] = lanes.filter(({ implicit }) => implicit);

/** A place to wait for ever, and the waiters that are left there. */
export interface Place extends Verb<unknown> {
  left(): number;
}

/** How many wait on an open and empty channel without buffer: asked by meeting them, so the channel is of no use afterwards. */
export function waitersOn<T>(channel: Channel<T>): number {
  let left = 0;
  while (channel.tryReceive()?.done === false) left++;
  while (channel.trySend(undefined as T)) left++;
  return left;
}

/** Places of every kind of wait. */
export const places: Readonly<Record<string, (lib: Library) => Place>> = {
  receive: (lib) => {
    const ch = lib.chan<number>();
    return { start: (options) => ch.receive(options), operation: () => ch.receiving(), left: () => waitersOn(ch) };
  },
  next: (lib) => {
    const ch = lib.chan<number>();
    return { start: (options) => ch.next(options), operation: () => ch.nexting(), left: () => waitersOn(ch) };
  },
  send: (lib) => {
    const ch = lib.chan<number>();
    return { start: (options) => ch.send(1, options), operation: () => ch.sending(1), left: () => waitersOn(ch) };
  },
  "send to a full buffer": (lib) => {
    const ch = lib.chan<number>(1);
    ch.trySend(0);
    return {
      start: (options) => ch.send(1, options),
      operation: () => ch.sending(1),
      left: () => {
        ch.tryReceive();
        return ch.size;
      },
    };
  },
  select: (lib) => {
    const [one, two] = [lib.chan<number>(), lib.chan<number>()];
    const cases = (): [Operation<unknown>, Operation<unknown>, Operation<unknown>] => [one.receiving(), two.sending(1), lib.sleeping(1e9)];
    return {
      start: (options) => lib.select(cases(), options),
      operation: () => lib.selecting(cases()),
      left: () => waitersOn(one) + waitersOn(two),
    };
  },
  sleep: (lib) => ({ start: (options) => lib.sleep(1e9, options), operation: () => lib.sleeping(1e9), left: () => 0 }),
  join: (lib) => {
    const task = lib.go(() => new Promise(() => undefined));
    return { start: (options) => task.join(options), operation: () => task.joining(), left: () => 0 };
  },
  accept: (lib) => {
    const { server } = lib.calls<number, number>();
    return { start: (options) => server.accept(options), operation: () => server.accepting(), left: () => 0 };
  },
  gather: (lib) => {
    const start = (options: WaitOptions): Promise<unknown> => lib.gather([new Promise(() => undefined)], options);
    return { start, operation: () => lib.settling(start({})), left: () => 0 };
  },
};

/** The error is the `CancelledError` of a cancel with this reason. */
export function expectCancelled(lib: Library, error: unknown, reason: unknown, what = "the error"): asserts error is Error {
  expect(error, what).to.be.instanceOf(lib.CancelledError);
  expect(error, what).not.to.be.instanceOf(lib.TimeoutError);
  expect(error, what).to.include({ name: "CancelledError", code: "RENDEZVOUS_CANCELLED" });
  expect((error as Error).cause, `the reason of ${what}`).to.equal(reason);
}

/** The error is a `TimeoutError`, and nothing else. */
export function expectTimeout(lib: Library, error: unknown, what = "the error"): asserts error is Error {
  expect(error, what).to.be.instanceOf(lib.TimeoutError);
  expect(error, what).not.to.be.instanceOf(lib.CancelledError);
  expect(error, what).to.include({ name: "TimeoutError", code: "RENDEZVOUS_TIMEOUT" });
}

export const failing = (error: unknown) => (): never => { throw error; };

/** A promise that is none of the library's, and how to settle it. */
export interface Foreign<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function foreign<T = undefined>(): Foreign<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((...both) => { [resolve, reject] = both; });
  return { promise, resolve, reject };
}
