/**
 * Partial orders: of all runs that differ only in the order of steps that do not touch the same, one is made.
 *
 * 1. Two steps depend on each other if they are of one strand, if both touch the same thing, or if one made the other's strand ready.
 *    What a select withdraws, and what it might have polled, is touched too; time that moves, and a cancel, touch everything.
 * 2. A race is a pair of dependent steps, with nothing between them that orders them. It is turned round at the point before the first of
 *    them: by a strand that can go first in what has to come before the second (an initial), never by just any one. A step after which
 *    a timer cannot fire any more, which could have fired before, races with that.
 * 3. A strand that was tried at a point sleeps there, until a step that depends on it wakes it. If all sleep, the run is another one's.
 * 4. Names are the same in all runs: what a strand has made is named by the strand and a number.
 *
 *        point ── step ── point ── step ── point            each point has the strands that are to be tried, and those that sleep
 *
 * Idea: source sets, by Abdulla, Aronis, Jonsson and Sagonas, 2014.
 */
import { Chooser, worthWhile, type Branch } from "./chooser.ts";
import { everything, type Item, type Poll, type Step, type World } from "./world.ts";

/** What a step has touched, by name; `undefined` for everything. */
type Footprint = ReadonlySet<string> | undefined;

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

export class SourceSets extends Chooser {
  readonly #nodes: (Point | CaseBranch)[] = [];
  readonly #ofPoll = new WeakMap<Poll, Branch>();
  #depth = 0;
  #ran = false;
  /** Who could go on where the run was given up; nobody, where it has ended. */
  #left: ReadonlySet<string> = new Set();
  #world: World | undefined = undefined;

  override begin(world: World): boolean {
    if (this.#ran && !this.#turnOver()) return false;
    this.#ran = true;
    this.#depth = 0;
    this.#left = new Set();
    this.#world = world;
    return super.begin(world);
  }

  /** The deepest node at which something is left to try. */
  #turnOver(): boolean {
    for (let node = this.#nodes.at(-1); node; node = this.#nodes.at(-1)) {
      if (node.kind === "case") {
        if (node.chosen < node.last) {
          node.chosen++;
          return true;
        }
      } else {
        node.asleep.set(node.chosen, node.footprint);
        const next = [...node.toTry].find((strand) => !node.asleep.has(strand));
        if (next !== undefined) {
          node.chosen = next;
          node.footprint = new Set();
          return true;
        }
      }
      this.#nodes.pop();
    }
    return false;
  }

  override next(items: readonly Item[]): Item | undefined {
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
    const index = items.findIndex(({ strand }) => strand.key === chosen);
    if (items.length > 1) this.note(index);
    return items[index];
  }

  /** A point that is new: the first who does not sleep goes on. */
  #point(items: readonly Item[]): Point | undefined {
    const asleep = new Map<string, Footprint>();
    const before = this.#nodes.findLast((node) => node.kind === "point");
    const step = this.#world?.steps.at(-1);
    if (before && step) {
      const touched = this.#footprintOf(step);
      for (const [strand, footprint] of before.asleep) if (independent(touched, footprint)) asleep.set(strand, footprint);
    }
    const first = items.find(({ strand }) => !asleep.has(strand.key));
    if (!first) return undefined;
    const chosen = first.strand.key;
    return { kind: "point", enabled: keysOf(items), asleep, toTry: new Set([chosen]), chosen, footprint: new Set() };
  }

  #footprintOf({ touched }: Step): Footprint {
    if (touched.includes(everything)) return undefined;
    return new Set(touched.map((what) => this.#world?.keyOf(what as object) ?? ""));
  }

  override firstCase(poll: Poll): number {
    const branch = this.#branch(poll.total);
    this.#ofPoll.set(poll, branch);
    return this.note(branch.chosen);
  }

  override nextCase(poll: Poll): void {
    const branch = this.#ofPoll.get(poll);
    if (branch) this.redundant ||= !worthWhile(branch, poll);
  }

  protected override pick(count: number): number {
    return this.#branch(count).chosen;
  }

  #branch(count: number): Branch {
    const branch = (this.#nodes[this.#depth] ??= { kind: "case", chosen: 0, last: count - 1 });
    this.#depth++;
    return branch as Branch;
  }

  /** Learn from the run: which races there were, and who is to be tried because of them. */
  override end(): void {
    const points = this.#nodes.filter((node) => node.kind === "point");
    const order = new Order(this.#world?.steps ?? [], (step) => this.#footprintOf(step));
    points.forEach((point, index) => {
      const touched = order.footprints[index];
      point.footprint = point.footprint && touched && new Set([...point.footprint, ...touched]);
      const still = points[index + 1]?.enabled ?? this.#left;
      for (const strand of point.enabled) if (strand !== point.chosen && !still.has(strand)) point.toTry.add(strand);
    });
    for (const [first, second] of order.races) {
      const point = points[first];
      if (!point) continue;
      const initials = order.initialsWithout(first, second);
      if (initials.some((strand) => point.toTry.has(strand))) continue;
      const added = initials.find((strand) => point.enabled.has(strand));
      if (added !== undefined) point.toTry.add(added);
    }
  }
}

const keysOf = (items: readonly Item[]): Set<string> => new Set(items.map(({ strand }) => strand.key));

const independent = (one: Footprint, other: Footprint): boolean => {
  if (!one || !other) return false;
  for (const what of one) if (other.has(what)) return false;
  return true;
};

/** Which steps of a run come before which, whatever the order of the others. */
export class Order {
  readonly footprints: Footprint[] = [];
  /** Pairs of steps that could be turned round. */
  readonly races: [number, number][] = [];
  readonly #steps: readonly Step[];
  /** For each step a bit for each that comes before it. */
  readonly #before: bigint[] = [];

  constructor(steps: readonly Step[], footprintOf: (step: Step) => Footprint) {
    this.#steps = steps;
    const lastTouch = new Map<string, number>();
    const lastOf = new Map<string, number>();
    let barrier = -1;
    steps.forEach((step, index) => {
      const footprint = footprintOf(step);
      this.footprints.push(footprint);
      const own = lastOf.get(step.strand.key) ?? -1;
      const touching = new Set<number>();
      if (barrier >= 0) touching.add(barrier);
      if (footprint) for (const what of footprint) touching.add(lastTouch.get(what) ?? -1);
      else for (let earlier = barrier + 1; earlier < index; earlier++) touching.add(earlier);
      touching.delete(-1);
      const direct = new Set([own, step.enabler, ...touching].filter((earlier) => earlier >= 0));
      let before = 0n;
      for (const earlier of direct) before |= (1n << BigInt(earlier)) | (this.#before[earlier] as bigint);
      this.#before.push(before);
      for (const earlier of touching) {
        const between = [...direct].some((other) => other !== earlier && this.isBefore(earlier, other));
        if (!between && earlier !== step.enabler && steps[earlier]?.strand !== step.strand) this.races.push([earlier, index]);
      }
      if (footprint) for (const what of footprint) lastTouch.set(what, index);
      else barrier = index;
      lastOf.set(step.strand.key, index);
    });
  }

  isBefore(one: number, other: number): boolean {
    return ((this.#before[other] as bigint) & (1n << BigInt(one))) !== 0n;
  }

  /** Who can go first in what comes after `first`, does not need it, and leads to `second`. */
  initialsWithout(first: number, second: number): string[] {
    const without: number[] = [];
    for (let index = first + 1; index < second; index++) if (!this.isBefore(first, index)) without.push(index);
    without.push(second);
    return without
      .filter((index) => !without.some((earlier) => earlier < index && this.isBefore(earlier, index)))
      .map((index) => (this.#steps[index] as Step).strand.key);
  }
}
