/**
 * What the running code is part of, and is cancelled with.
 *
 * In a program without scopes there is no such thing, and performing looks no further than at `ambience`. Scopes (`task/cancel/cancel-scope.ts`)
 * provide it with the first of them.
 */
import type { Performable } from "./operation.ts";
import type { Job } from "./scheduler.ts";
import type { Line, Place } from "./wait-queue.ts";

/** A part of the program that can be cancelled as one. */
export interface Ambient {
  /** What it refuses every operation with; `undefined` as long as it is not cancelled. */
  readonly refusal: unknown;
  /** A promise rejected with the refusal. */
  refuse(): Promise<never>;
  /** Wait for an operation, right after a failed attempt, until it happens or this is cancelled; if it is by now, refuse. */
  park<T>(operation: Performable<T>): Promise<T>;
  /** The same in a line, where one place is all that the operation takes; `of` is what the line belongs to. */
  stand(line: Line, slot: unknown, of: Standing): Promise<unknown>;
}

/** What has lines of its own. */
export interface Standing {
  /** What is waited for in one of them. */
  standing(line: Place | undefined): Performable<unknown>;
}

/** How to find what the running code is part of. */
export interface Ambience {
  current(): Ambient | undefined;
  /** Whether code may still run in what was cancelled. As long as not, nobody is refused, and nobody has to look. */
  readonly refuses: boolean;
  /** Start a task that is part of nothing. */
  startFree(task: never, beginning: Job): void;
}

export let ambience: Ambience | undefined;

/** Whether the running code may be part of what refuses operations. */
export function mayRefuse(): boolean {
  return ambience?.refuses === true;
}

/** What the running code is part of, if that refuses operations. */
export function refusing(): Ambient | undefined {
  const ambient = mayRefuse() ? ambience?.current() : undefined;
  return ambient?.refusal === undefined ? undefined : ambient;
}

/** Provide the ambience of scopes. */
export function provideAmbience(provided: Ambience): void {
  ambience = provided;
}
