/**
 * A world under control: every task that starts, every wake-up, every choice of a case and every timer of it waits to be picked.
 *
 * 1. One thing goes on at a time, up to the next quiet moment. So what is done in between is done by that one: no async context is
 *    needed to tell who it is.
 * 2. A strand is what can be at one point only. A task is one; what it begins while it already waits (`Promise.all`) is a strand more,
 *    with the same root.
 * 3. Everything is named by who made it and the how-manieth it was, not by when: two runs that differ in unrelated steps agree on names.
 *
 * Idea: the schedulers of loom and shuttle.
 */
import type { Controller } from "../../core/controller.ts";
import { Sourced } from "../../ops/source.ts";
import { Performable } from "../../core/operation.ts";
import { ScopeState } from "../../task/scope/scope-state.ts";
import { CancelScope } from "../../task/cancel/cancel-scope.ts";
import { Task } from "../../task/task.ts";
import { Timers } from "./timers.ts";

/** Touched by a step whose effects cannot be told apart: time moves, something is cancelled. It depends on every other. */
export const everything: unique symbol = Symbol("everything");

export class Strand {
  readonly key: string;
  readonly root: Strand;
  readonly task: Task<unknown> | undefined;
  /** What it is called, if it is no task. */
  readonly name: string;
  /** What it waits for, and as which waiter. */
  waits: { waiter: object; where: object } | undefined = undefined;
  /** It is about to go on. */
  ready = false;
  /** Other strands of the same root. */
  readonly others: Strand[] = [];
  /** How many tasks and timers it has made so far, and how many other things. */
  made = 0;
  named = 0;

  constructor(key: string, task: Task<unknown> | undefined, root?: Strand, name = "a timer") {
    this.key = key;
    this.task = task;
    this.root = root ?? this;
    this.name = name;
  }

  get idle(): boolean {
    return !this.waits && !this.ready;
  }

  /** It, and all that have the same root. */
  get all(): Strand[] {
    return [this.root, ...this.root.others];
  }
}

/** Something that may be picked to go on next. */
export interface Item {
  readonly strand: Strand;
  /** The step that has made it ready; -1 before the first. */
  readonly enabler: number;
  proceed(): void;
}

interface Timer extends Item {
  readonly at: number;
}

/** What has happened when something went on. */
export interface Step {
  readonly strand: Strand;
  readonly enabler: number;
  /** What it has looked at or changed. */
  readonly touched: (object | typeof everything)[];
  /** For the trace: what it did, and whom it woke. */
  readonly events: Event[];
}

export interface Event {
  readonly kind: "does" | "wakes" | "starts" | "waits" | "ends";
  /** What it did, to what; or what it waits for. */
  readonly verb?: string | undefined;
  readonly what?: object | undefined;
  /** Whom it woke or started. */
  readonly strand?: Strand;
}

/** How the cases of a select are chosen. */
export interface CaseChooser {
  /** The first poll of a select with several cases. */
  firstCase(poll: Poll): number;
  /** The case that was polled first could not happen; another one is polled. */
  nextCase(poll: Poll): void;
  /** Two cases wait in one line, and it is not tried which of them is first in it. */
  leaveOut(): void;
}

/** The polling of a select. */
export interface Poll {
  /** Its cases. */
  readonly total: number;
  /** Those that were not polled before. */
  left: number;
}

export class World implements Controller {
  readonly steps: Step[] = [];
  readonly strands: Strand[] = [];
  readonly ready: Item[] = [];
  readonly timers: Timers<Timer> = new Timers();
  now = 0;
  current: Strand;
  readonly #chooser: CaseChooser;
  readonly #waiters = new Map<object, Strand>();
  /** What goes on by itself, again and again: a strand each. */
  readonly #movers = new Map<object, Strand>();
  readonly #channels = new Map<object, { channel: { name: string }; verb: string }>();
  readonly #outside: Strand;
  /** Under way: code of the user that a poll runs may poll another choice. */
  readonly #polls = new Map<readonly unknown[], Poll>();
  /** What an operation looks at, while it is asked for nothing else. */
  #looked: (object | typeof everything)[] | undefined = undefined;
  readonly #numbers = new Map<string, number>();
  #last: { verb: string; what: object } | undefined = undefined;

  constructor(chooser: CaseChooser) {
    this.#chooser = chooser;
    this.current = this.#outside = new Strand("outside", undefined);
  }

  // -- What goes on --

  resume(proceed: () => void, who?: object, begins = false): boolean {
    const strand = this.#strandFor(who, begins);
    this.ready.push({ strand, enabler: this.steps.length - 1, proceed: begins ? inThisContext(proceed) : proceed });
    strand.ready = true;
    const { verb, what } = this.#last ?? {};
    if (begins) this.#tell({ kind: "starts", strand });
    else if (strand.root === this.current.root) this.#tell({ kind: "does", verb, what });
    else this.#tell({ kind: "wakes", verb, what, strand });
    return false;
  }

  #strandFor(who: object | undefined, begins: boolean): Strand {
    if (begins && who instanceof Task) {
      const strand = new Strand(`${this.current.key}.${String(this.current.made++)}`, who as Task<unknown>);
      this.strands.push(strand);
      this.#keys.set(who, `${strand.key}!`);
      return strand;
    }
    const mover = who && this.#movers.get(who);
    if (mover) return mover;
    const waiting = who && this.#waiters.get(who);
    if (!waiting) return this.#idleStrand(this.current);
    if (begins) return this.#idleStrand(waiting);
    this.#waiters.delete(who);
    waiting.waits = undefined;
    return waiting;
  }

  /** A strand with the same root that is at no other point. */
  #idleStrand(like: Strand): Strand {
    const idle = like.idle ? like : like.all.find((strand) => strand.idle);
    if (idle) return idle;
    const { root } = like;
    const strand = new Strand(`${root.key}+${String(root.others.length)}`, root.task, root);
    root.others.push(strand);
    return strand;
  }

  /** Let something go on. The step is over once everything is quiet again. */
  run(item: Item): void {
    const { strand } = item;
    const ready = this.ready.indexOf(item);
    if (ready >= 0) this.ready.splice(ready, 1);
    else {
      this.timers.remove(item as Timer);
      this.now = Math.max(this.now, (item as Timer).at);
    }
    strand.ready = false;
    this.current = strand;
    this.#last = undefined;
    this.steps.push({ strand, enabler: item.enabler, touched: [strand.root], events: [] });
    if (ready < 0) this.touch(everything);
    item.proceed();
  }

  /** The step is over. What becomes ready from here on comes from outside. */
  quiet(): void {
    this.current = this.#outside;
    this.#polls.clear();
  }

  // -- What it is told --

  choose(left: number, cases: readonly unknown[]): number {
    const total = cases.length;
    if (left === total) {
      const poll = { left, total };
      this.#polls.set(cases, poll);
      return total === 1 ? 0 : this.#chooser.firstCase(poll);
    }
    const poll = this.#polls.get(cases);
    if (poll) {
      poll.left = left;
      this.#chooser.nextCase(poll);
    }
    return 0;
  }

  wait(waiter: object, where: object): void {
    const strand = this.#idleStrand(this.current);
    strand.waits = { waiter, where };
    this.#waiters.set(waiter, strand);
    if (where instanceof Performable) {
      if (where.outer || where.foreign) this.touch(everything);
      if (this.#standsTwice(where)) this.#chooser.leaveOut();
    }
    if (where instanceof ScopeState) this.#name(where);
    else this.#tell({ kind: "waits", what: where });
  }

  /** Whether two cases of an operation wait in one line. */
  #standsTwice(operation: Performable<unknown>): boolean {
    const lines = (this.#looked = []);
    operation.footprint();
    this.#looked = undefined;
    return new Set(lines).size < lines.length;
  }

  touch(what: object | typeof everything, verb?: string): void {
    if (this.#looked) {
      this.#looked.push(what);
      return;
    }
    const step = this.steps.at(-1);
    if (!step || this.current === this.#outside) return;
    const known = what instanceof CancelScope || what instanceof Sourced ? everything : this.#known(what);
    step.touched.push(known);
    if (verb === undefined || typeof what !== "object") return;
    if (verb === "end") this.#tell({ kind: "ends" });
    else if (verb === "make") {
      this.#name(what);
      if ("run" in what) this.#movers.set(what, new Strand(this.keyOf(what), undefined, undefined, String((what as { name?: unknown }).name)));
      const channel = what as unknown as { name: string };
      if ("senders" in what) this.#channels.set(what.senders as object, { channel, verb: "send" });
      if ("receivers" in what) this.#channels.set(what.receivers as object, { channel, verb: "receive" });
    } else {
      this.#last = { verb, what };
      if (verb === "close" || verb === "cancel") this.#tell({ kind: "does", verb, what });
    }
  }

  /** A line is its channel. */
  #known(what: object | typeof everything): object | typeof everything {
    return typeof what === "object" ? (this.#channels.get(what)?.channel ?? what) : what;
  }

  // -- Time --

  arm(ms: number, fire: () => void): () => void {
    const { current } = this;
    const strand = new Strand(`${current.key}@${String(current.made++)}`, undefined);
    const timer: Timer = { strand, enabler: this.steps.length - 1, proceed: fire, at: this.now + ms };
    this.timers.add(timer);
    return () => { this.timers.remove(timer); };
  }

  /** Who may go on now: who is ready, in the order in which they became so; then the timers that are due. */
  get alternatives(): Item[] {
    return [...this.ready, ...this.timers.upTo(this.now)];
  }

  /** The timers of the next instant at which one is due. */
  get next(): Item[] {
    const at = this.timers.first?.at ?? this.now;
    return at > this.now ? this.timers.upTo(at) : [];
  }

  /** The next timer, taken out; time moves to it. */
  nextTimer(): (() => void) | undefined {
    const { first } = this.timers;
    if (!first) return undefined;
    this.timers.remove(first);
    this.now = Math.max(this.now, first.at);
    return () => { first.proceed(); };
  }

  /** Time moves to the next timer. False: there is none. */
  advance(): boolean {
    const { first } = this.timers;
    if (!first) return false;
    this.now = Math.max(this.now, first.at);
    return true;
  }

  // -- Names --

  readonly #keys = new Map<object, string>();

  /** The running code has made this: it is named so in every run. */
  #name(what: object): void {
    this.#keys.set(what, `${this.current.key}:${String(this.current.named++)}`);
  }

  /** The name of what was touched. All whose making was not told have one in common, so that no dependence is missed. */
  keyOf(what: object): string {
    return what instanceof Strand ? what.key : (this.#keys.get(what) ?? "?");
  }

  nameOf({ root: { task, name } }: Strand): string {
    return task ? this.text(task.name) : name;
  }

  whereText(where: object): string {
    const line = this.#channels.get(where);
    if (line) return this.text(`${line.verb} on channel ${JSON.stringify(line.channel.name)}`);
    return where instanceof ScopeState ? this.text(`${where.kind} "${where.name}"`) : this.text(String(where));
  }

  /** Numbers of the process, such as in channel-517, become numbers of this run. */
  text(given: string): string {
    return given.replace(/\b([a-z]+)-(\d+)\b/g, (name, kind: string) => {
      const count = `${kind} `;
      let number = this.#numbers.get(name);
      if (number === undefined) {
        number = (this.#numbers.get(count) ?? 0) + 1;
        this.#numbers.set(count, number).set(name, number);
      }
      return `${kind}-${String(number)}`;
    });
  }

  #tell(event: Event): void {
    this.steps.at(-1)?.events.push(event);
  }

  // -- Who is left --

  /** The tasks that have not ended. */
  get left(): Strand[] {
    return this.strands.filter(({ task }) => task && (task.state === "pending" || task.state === "running"));
  }

  /** What a task waits for, in each of its strands. */
  waitsOf(strand: Strand): string[] {
    return strand.all.flatMap(({ waits }) => (waits ? [this.whereText(waits.where)] : []));
  }

  /** Whether one of those who are left waits for a signal, too. */
  get holdsSignal(): boolean {
    return this.left.flatMap(({ all }) => all).some(({ waits }) => {
      const where = waits?.where;
      return (where instanceof Performable || where instanceof ScopeState) && where.holdsSignal;
    });
  }

  /** Whether all that can wake a task is in this world. */
  controls(strand: Strand): boolean {
    return strand.all.some(({ waits, ready }) => {
      if (ready) return true;
      if (!waits) return false;
      const { where } = waits;
      return where instanceof Performable ? !where.outer : !(where instanceof ScopeState) || !where.bodyRuns;
    });
  }

  /** Who waits. */
  waiters(): Iterable<object> {
    return this.#waiters.keys();
  }
}

/** A function that has another one run in the present async context, in a later microtask: promises carry it. */
function inThisContext(run: () => void): () => void {
  let proceed: () => void = run;
  void new Promise<void>((resolve) => { proceed = resolve; }).then(run);
  return proceed;
}
