/**
 * Partial orders: of all runs that differ only in the order of steps that do not touch the same, one is made.
 *
 * 1. Two steps depend on each other if they are of one thread, if both touch the same thing, or if one made the other's thread ready.
 *    What a select withdraws, and what it might have polled, is touched too; time that moves, and a cancel, touch everything.
 * 2. A race is a pair of dependent steps, with nothing between them that orders them. It is turned round at the point before the first of
 *    them: by a thread that can go first in what has to come before the second (an initial), never by just any one. A step after which
 *    a timer cannot fire any more, which could have fired before, races with that.
 * 3. A thread that was tried at a point sleeps there, until a step that depends on it wakes it. If all sleep, the run is another one's.
 * 4. Names are the same in all runs: what a thread has made is named by the thread and a number. So what was learnt of the steps before the
 *    point at which a run turns off holds for that run, too, and is not learnt again.
 *
 *        point ── step ── point ── step ── point            each point has the threads that are to be tried, and those that sleep
 *
 * Idea: source sets, by Abdulla, Aronis, Jonsson and Sagonas, 2014.
 */
import type { ControlledScheduler } from "../scheduler/controlled-scheduler.ts";
import type { Item } from "../scheduler/thread.ts";
import { Exhaustive, type Branch } from "./exhaustive.ts";
import { footprintOf, independent, Order, type Footprint } from "./order.ts";

/** A point at which somebody goes on. */
interface Point {
  readonly kind: "point";
  /** Who could go on. */
  readonly enabled: ReadonlySet<string>;
  /** Who is not to be tried, and what the next step of it touches. */
  readonly asleep: Map<string, Footprint>;
  readonly toTry: Set<string>;
  chosen: string;
  /** What the steps of the chosen one have touched, whichever cases were taken. */
  footprint: Footprint;
}

interface CaseBranch extends Branch {
  readonly kind: "case";
}

/** What is deeper in a run than so many choices is not tried otherwise. */
const deepest = 2000;

export class Dpor extends Exhaustive {
  readonly #nodes: (Point | CaseBranch)[] = [];
  readonly #order = new Order();
  /** How many steps this run has in common with the one before. */
  #known = 0;
  /** Of so many steps it learns. */
  #learnt = Infinity;
  #depth = 0;
  #ran = false;
  /** Who could go on where the run was given up; nobody, where it has ended. */
  #left: ReadonlySet<string> = new Set();
  #scheduler: ControlledScheduler | undefined = undefined;

  override begin(scheduler: ControlledScheduler): boolean {
    if (this.#ran && !this.#turnOver()) return false;
    this.#ran = true;
    this.#depth = 0;
    this.#learnt = Infinity;
    this.#left = new Set();
    this.#scheduler = scheduler;
    return super.begin(scheduler);
  }

  /** The deepest node at which something is left to try. */
  #turnOver(): boolean {
    for (let node = this.#nodes.at(-1); node; node = this.#nodes.at(-1)) {
      if (node.kind === "case") {
        if (node.chosen < node.last) {
          node.chosen++;
          this.#forget();
          return true;
        }
      } else {
        node.asleep.set(node.chosen, node.footprint);
        const next = [...node.toTry].find((thread) => !node.asleep.has(thread));
        if (next !== undefined) {
          node.chosen = next;
          node.footprint = nothing;
          this.#forget();
          return true;
        }
      }
      this.#nodes.pop();
    }
    return false;
  }

  /** The step in which the last node is, and all later ones, will be others. */
  #forget(): void {
    this.#known = this.#nodes.reduce((points, { kind }) => points + Number(kind === "point"), 0) - 1;
    this.#order.cut(this.#known);
  }

  override beginFairness(): void {
    if (!this.fair) this.#learnNoMore();
    super.beginFairness();
  }

  #learnNoMore(): void {
    this.cut = true;
    this.#learnt = Math.min(this.#learnt, this.#scheduler?.steps.length ?? 0);
  }

  /** Learn what the steps that are over have touched. */
  #learn(): void {
    const scheduler = this.#scheduler;
    for (let step = scheduler?.steps[this.#order.length]; scheduler && step && this.#order.length < this.#learnt; step = scheduler.steps[this.#order.length]) {
      this.#order.add(step, footprintOf(step, scheduler));
    }
  }

  override next(items: readonly Item[]): Item | undefined {
    if (this.#depth >= deepest) {
      this.#learnNoMore();
      if (items.length > 1) this.note(0);
      return items[0];
    }
    let point = this.#nodes[this.#depth] as Point | undefined;
    if (!point) {
      point = this.#point(items);
      if (!point) {
        this.redundant = true;
        this.#left = keysOf(items);
        return undefined;
      }
      this.#nodes.push(point);
    }
    this.#depth++;
    const { chosen } = point;
    const index = items.findIndex(({ thread }) => thread.key === chosen);
    if (items.length > 1) this.note(index);
    return items[index];
  }

  /** A point that is new: the first who does not sleep goes on. */
  #point(items: readonly Item[]): Point | undefined {
    const asleep = new Map<string, Footprint>();
    const before = this.#nodes.findLast((node) => node.kind === "point");
    this.#learn();
    if (before) {
      const touched = this.#order.footprints.at(-1);
      for (const [thread, footprint] of before.asleep) if (independent(touched, footprint)) asleep.set(thread, footprint);
    }
    const first = items.find(({ thread }) => !asleep.has(thread.key));
    if (!first) return undefined;
    const chosen = first.thread.key;
    return { kind: "point", enabled: keysOf(items), asleep, toTry: new Set([chosen]), chosen, footprint: nothing };
  }

  protected override branch(unless: Branch): Branch {
    return (this.#nodes[this.#depth++] ??= { kind: "case", ...unless }) as CaseBranch;
  }

  /** Learn from the run: which races there were, and who is to be tried because of them. */
  override end(): void {
    this.#learn();
    const points = this.#nodes.filter((node) => node.kind === "point");
    const { footprints, races } = this.#order;
    for (let index = Math.max(0, this.#known - 1); index < points.length; index++) {
      const point = points[index] as Point;
      const touched = footprints[index];
      point.footprint = together(point.footprint, touched);
      const still = points[index + 1]?.enabled ?? this.#left;
      for (const thread of point.enabled) if (thread !== point.chosen && !still.has(thread)) point.toTry.add(thread);
    }
    for (let index = races.length - 1; index >= 0; index--) {
      const [first, second] = races[index] as [number, number];
      if (second < this.#known) break;
      const point = points[first];
      if (!point) continue;
      const initials = this.#order.initialsWithout(first, second);
      if (initials.some((thread) => point.toTry.has(thread))) continue;
      const added = initials.find((thread) => point.enabled.has(thread));
      if (added !== undefined) point.toTry.add(added);
    }
  }
}

const nothing: Footprint = new Set();

/** What one step has touched, or the other. */
function together(one: Footprint, other: Footprint): Footprint {
  if (!one || !other) return undefined;
  return one.size === 0 ? other : new Set([...one, ...other]);
}

const keysOf = (items: readonly Item[]): Set<string> => new Set(items.map(({ thread }) => thread.key));
