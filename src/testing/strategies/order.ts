/**
 * The order of the steps of a run: which of them come before which, whatever the order of the others.
 *
 * 1. A step comes after an earlier one of its own thread, after the one that has made it ready, and after each that has touched the same.
 * 2. Steps are added at the end and cut off from there: what is known of those before is kept.
 */
import type { ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import { everything } from "../../core/controller.ts";
import type { Step } from "../scheduler/thread.ts";

/** What a step has touched, by name; `undefined` for everything. */
export type Footprint = ReadonlySet<string> | undefined;

/** What a step of this scheduler has touched. */
export function footprintOf({ touched }: Step, scheduler: ControlledScheduler): Footprint {
  const names = new Set<string>();
  for (const what of touched) {
    if (what === everything) return undefined;
    names.add(scheduler.names.keyOf(what));
  }
  return names;
}

/** Whether two steps have touched nothing in common. */
export function independent(one: Footprint, other: Footprint): boolean {
  if (!one || !other) return false;
  for (const what of one) if (other.has(what)) return false;
  return true;
}

/** So many bits of a number are set and read without a larger one being made. */
const bitsOfWord = 30;

export class Order {
  readonly footprints: Footprint[] = [];
  /** Pairs of steps that could be turned round, by the second of them. */
  readonly races: [number, number][] = [];
  /** For each step its thread. */
  readonly #threads: string[] = [];
  /** For each step a bit for each that comes before it, in words. */
  readonly #before: number[][] = [];
  /** For each name, threads among them, which steps have touched it; and which steps have touched everything. */
  readonly #touches = new Map<string, number[]>();
  readonly #barriers: number[] = [];

  get length(): number {
    return this.#threads.length;
  }

  /** Forget all steps from this one on. */
  cut(length: number): void {
    while ((this.races.at(-1)?.[1] ?? -1) >= length) this.races.pop();
    while (this.length > length) {
      const footprint = this.footprints.pop();
      if (footprint) for (const what of footprint) this.#touches.get(what)?.pop();
      else this.#barriers.pop();
      this.#threads.pop();
      this.#before.pop();
    }
  }

  add({ thread: { key }, enabler }: Step, footprint: Footprint): void {
    const index = this.length;
    const touching = this.#touching(footprint);
    const direct = touching.slice();
    for (const earlier of [enabler, this.#threads.lastIndexOf(key)]) if (earlier >= 0 && !direct.includes(earlier)) direct.push(earlier);
    for (const earlier of touching) {
      if (earlier === enabler || this.#threads[earlier] === key) continue;
      if (!direct.some((other) => other !== earlier && this.isBefore(earlier, other))) this.races.push([earlier, index]);
    }
    this.#before.push(this.#upTo(direct));
    this.#threads.push(key);
    this.footprints.push(footprint);
    if (footprint) for (const what of footprint) this.#touchesOf(what).push(index);
    else this.#barriers.push(index);
  }

  /** The last steps before which have touched any of this, and the last that has touched everything. */
  #touching(footprint: Footprint): number[] {
    const barrier = this.#barriers.at(-1) ?? -1;
    const touching: number[] = barrier >= 0 ? [barrier] : [];
    if (footprint) {
      for (const what of footprint) {
        const last = this.#touchesOf(what).at(-1);
        if (last !== undefined && !touching.includes(last)) touching.push(last);
      }
    } else for (let earlier = barrier + 1; earlier < this.length; earlier++) touching.push(earlier);
    return touching;
  }

  #touchesOf(what: string): number[] {
    let touches = this.#touches.get(what);
    if (!touches) this.#touches.set(what, (touches = []));
    return touches;
  }

  /** These steps, and all that come before them. */
  #upTo(steps: readonly number[]): number[] {
    const all: number[] = [];
    for (const step of steps) {
      for (const [at, word] of (this.#before[step] as number[]).entries()) all[at] = (all[at] ?? 0) | word;
      const at = Math.floor(step / bitsOfWord);
      while (all.length <= at) all.push(0);
      all[at] = (all[at] as number) | (1 << step % bitsOfWord);
    }
    return all;
  }

  isBefore(one: number, other: number): boolean {
    const word = (this.#before[other] as number[])[Math.floor(one / bitsOfWord)] ?? 0;
    return (word & (1 << one % bitsOfWord)) !== 0;
  }

  /** Who can go first in what comes after `first`, does not need it, and leads to `second`. */
  initialsWithout(first: number, second: number): string[] {
    const without: number[] = [];
    for (let index = first + 1; index < second; index++) if (!this.isBefore(first, index)) without.push(index);
    without.push(second);
    return without
      .filter((index) => !without.some((earlier) => earlier < index && this.isBefore(earlier, index)))
      .map((index) => this.#threads[index] as string);
  }
}
