/**
 * The seam: a controller, absent in production, decides what the scheduler, the timers and chance decide otherwise, and learns what the running
 * code does. The testing module is built on it and on nothing else.
 *
 * Idea: the schedulers of loom and shuttle.
 */
import { timersAreReal } from "../platform/macrotask.ts";
import { below, fraction } from "../platform/random.ts";

/** Stands for whatever others may look at or change: a cancel, or code of the user, may do anything. */
export const everything: unique symbol = Symbol("everything");

/** What the running code does to something that is shared: it may wait, or it is done at once and the running code goes on. */
export type Verb = MayWait | DoneAtOnce;
/** The verbs that may wait: what follows them comes when the running code is resumed. */
export type MayWait = "send" | "receive" | "read" | "join" | "closeWrite" | "acquire" | "take";
/** The verbs that return at once, even if they wake a waiter. Between "poll" and "polled" the others do, too. */
export type DoneAtOnce =
  | "trySend" | "tryReceive" | "poll" | "polled" | "close" | "cancel" | "abort" | "resume" | "reply" | "limit"
  | "deliver" | "end of what comes" | OfSync | OfNetInMemory;
type OfSync = "tryAcquire" | "tryTake" | "release" | "resize" | "set" | "forget";
type OfNetInMemory = "listen" | "close a listener" | "connect" | "reset" | "partition" | "heal";

/** A task or a scope. */
export interface Actor {
  readonly kind: string;
  readonly id: number;
  readonly name: string;
  readonly cancelScope: Part | undefined;
}

/** A part of the program that can be cancelled as one. */
export interface Part {
  readonly owner: Actor;
  readonly parent: Part | undefined;
}

/** What is waited for. */
export interface Waited {
  /** See the traits of operations. */
  readonly traits: number;
  /** Access all that it depends on. */
  footprint(): void;
  toString(): string;
}

/** A scope whose end is waited for by the code that has made it. */
export interface Enclosing extends Actor {
  readonly holdsSignal: boolean;
  /** Whether its body has still to end. */
  readonly bodyRuns: boolean;
  /** Whether a task in it has still to end. */
  readonly hasTasks: boolean;
}

/** Something that goes on by itself, again and again, as a thread of its own. */
export interface Mover {
  readonly name: string;
  run(): void;
}

/** Decides instead of the scheduler. */
export interface Controller {
  // -- Who goes on. The result `true`: at once, as in production, and `proceed` is not kept. --

  /** The body of a task or a scope begins whenever `proceed` is called, and has to do so in the present async context. */
  started(proceed: () => void, who: Actor): boolean;
  /** What waited goes on whenever `proceed` is called: as this waiter or job, or, without one, as the running code itself, with what was there. */
  ready(proceed: () => void, who?: object): boolean;
  /** The running code would like to go on once everybody else has. */
  turn(proceed: () => void): void;
  /** Whether the running code goes on as in production with what was there, without being told so. */
  runsOn(): boolean;

  // -- What chance and time decide --

  /**
   * Which of the `left` cases that were not polled yet is polled next: a whole number from 0 up to, and without, `left`. `cases`: all; each
   * polling has its own.
   */
  choose(left: number, cases: readonly unknown[]): number;
  /** A timer: call `fire` after `ms`; the result disarms it. `isIdle`: whether nothing waits for it at present. */
  arm(ms: number, fire: () => void, isIdle?: () => boolean): () => void;

  // -- What the running code does --

  /** It begins to wait, as this waiter, in this part of the program. */
  waits(waiter: object, what: Waited, part: Part | undefined): void;
  /** It has made a scope, and waits for the end of that. */
  entered(scope: Enclosing, part: Part | undefined): void;
  /** It has made something that is shared; what belongs to that counts as the same. */
  made(what: object, belongings: readonly object[]): void;
  /** It has made something that goes on by itself. */
  moves(what: Mover): void;
  /** It looks at, or changes, what others may change too. */
  accessed(what: object | typeof everything, verb?: Verb): void;
  /** Its task has ended. */
  ended(task: Actor): void;
}

export let controller: Controller | undefined;

/** Put a controller in charge, or none. */
export function provideController(by: Controller | undefined): void {
  controller = by;
}

/** One of `left` cases: the controller's choice, else a random one. */
export function pick(left: number, cases: readonly unknown[]): number {
  return controller ? controller.choose(left, cases) : below(left);
}

/** A random number from 0 up to, and without, 1. Under a controller it comes from its `Math.random`, which gives the same numbers in every run. */
export function randomFraction(): number {
  return controller ? Math.random() : fraction();
}

/** Tell the controller, if there is one, that the running code begins to wait. */
export function tellWait(waiter: object, what: Waited, part?: Part): void {
  if (controller !== undefined) controller.waits(waiter, what, part);
}

/** Tell the controller, if there is one, what the running code has made. */
export function tellMade(what: object, ...belongings: readonly object[]): void {
  if (controller !== undefined) controller.made(what, belongings);
}

/** Tell the controller, if there is one, what the running code looks at or changes. */
export function touch(what: object | typeof everything, verb?: Verb): void {
  if (controller !== undefined) controller.accessed(what, verb);
}

/** False while a fake clock, or a controller, stands in for the platform's timers: virtual time has to stay exact. */
export function clockIsReal(): boolean {
  return controller === undefined && timersAreReal();
}
