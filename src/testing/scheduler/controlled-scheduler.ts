/**
 * A scheduler under control: every task that starts, every wake-up, every choice of a case and every timer of it waits to be picked.
 *
 * 1. One thing goes on at a time, up to the next quiet moment. So what is done in between is done by that one: no async context is
 *    needed to tell who it is.
 * 2. A thread is what can be at one point only. A task is one; what it begins while it already waits (`Promise.all`) is a thread more,
 *    with the same root.
 * 3. Everything is named by who made it and the how-manieth it was, not by when: two runs that differ in unrelated steps agree on names.
 *
 * Idea: the schedulers of loom and shuttle.
 */
import type { Controller } from "../../core/controller.ts";
import { Sourced } from "../../ops/source.ts";
import { External, HoldsSignal, Performable, RunsUserCode } from "../../core/operation.ts";
import { ScopeState } from "../../task/scope/scope-state.ts";
import { CancelScope } from "../../task/cancel/cancel-scope.ts";
import { Task } from "../../task/task.ts";
import { Names } from "./names.ts";
import { everything, Thread, type Event, type Item, type Step, type Timer } from "./thread.ts";
import { Timers } from "./timers.ts";

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

export class ControlledScheduler implements Controller {
  readonly steps: Step[] = [];
  readonly threads: Thread[] = [];
  readonly ready: Item[] = [];
  readonly timers: Timers<Timer> = new Timers();
  now = 0;
  current: Thread;
  readonly #chooser: CaseChooser;
  readonly #waiters = new Map<object, Thread>();
  /** What goes on by itself, again and again: a thread each. */
  readonly #movers = new Map<object, Thread>();
  readonly names: Names = new Names();
  readonly #outside: Thread;
  /** Under way: code of the user that a poll runs may poll another choice. */
  readonly #polls = new Map<readonly unknown[], Poll>();
  /** What an operation looks at, while it is asked for nothing else. */
  #looked: (object | typeof everything)[] | undefined = undefined;
  #last: { verb: string; what: object } | undefined = undefined;

  constructor(chooser: CaseChooser) {
    this.#chooser = chooser;
    this.current = this.#outside = new Thread("outside", undefined);
  }

  // -- What goes on --

  resume(proceed: () => void, who?: object, begins = false): boolean {
    const thread = this.#threadFor(who, begins);
    this.ready.push({ thread, enabler: this.steps.length - 1, proceed: begins ? inThisContext(proceed) : proceed });
    thread.ready = true;
    const { verb, what } = this.#last ?? {};
    if (begins) this.#tell({ kind: "starts", thread });
    else if (thread.root === this.current.root) this.#tell({ kind: "does", verb, what });
    else this.#tell({ kind: "wakes", verb, what, thread });
    return false;
  }

  #threadFor(who: object | undefined, begins: boolean): Thread {
    if (begins && who instanceof Task) {
      const thread = new Thread(`${this.current.key}.${String(this.current.made++)}`, who as Task<unknown>);
      this.threads.push(thread);
      this.names.give(who, `${thread.key}!`);
      return thread;
    }
    const mover = who && this.#movers.get(who);
    if (mover) return mover;
    const waiting = who && this.#waiters.get(who);
    if (!waiting) return this.#idleThread(this.current);
    if (begins) return this.#idleThread(waiting);
    this.#waiters.delete(who);
    waiting.waits = undefined;
    return waiting;
  }

  /** A thread with the same root that is at no other point. */
  #idleThread(like: Thread): Thread {
    const idle = like.idle ? like : like.all.find((thread) => thread.idle);
    if (idle) return idle;
    const { root } = like;
    const thread = new Thread(`${root.key}+${String(root.others.length)}`, root.task, root);
    root.others.push(thread);
    return thread;
  }

  /** Let something go on. The step is over once everything is quiet again. */
  run(item: Item): void {
    const { thread } = item;
    const ready = this.ready.indexOf(item);
    if (ready >= 0) this.ready.splice(ready, 1);
    else {
      this.timers.remove(item as Timer);
      this.now = Math.max(this.now, (item as Timer).at);
    }
    thread.ready = false;
    this.current = thread;
    this.#last = undefined;
    this.steps.push({ thread, enabler: item.enabler, touched: [thread.root], events: [] });
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
    const thread = this.#idleThread(this.current);
    thread.waits = { waiter, where };
    this.#waiters.set(waiter, thread);
    if (where instanceof Performable) {
      if ((where.traits & (External | RunsUserCode)) !== 0) this.touch(everything);
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
    const known = what instanceof CancelScope || what instanceof Sourced ? everything : this.names.ownerOf(what);
    step.touched.push(known);
    if (verb === undefined || typeof what !== "object") return;
    if (verb === "end") this.#tell({ kind: "ends" });
    else if (verb === "make") {
      this.#name(what);
      if ("run" in what) this.#movers.set(what, new Thread(this.names.keyOf(what), undefined, undefined, String((what as { name?: unknown }).name)));
      this.names.addLines(what as { name: string });
    } else {
      this.#last = { verb, what };
      if (verb === "close" || verb === "cancel") this.#tell({ kind: "does", verb, what });
    }
  }

  // -- Time --

  arm(ms: number, fire: () => void): () => void {
    const { current } = this;
    const thread = new Thread(`${current.key}@${String(current.made++)}`, undefined);
    const timer: Timer = { thread, enabler: this.steps.length - 1, proceed: fire, at: this.now + ms };
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

  /** The running code has made this: it is named so in every run. */
  #name(what: object): void {
    this.names.give(what, `${this.current.key}:${String(this.current.named++)}`);
  }

  #tell(event: Event): void {
    this.steps.at(-1)?.events.push(event);
  }

  // -- Who is left --

  /** The tasks that have not ended. */
  get left(): Thread[] {
    return this.threads.filter(({ task }) => task && (task.state === "pending" || task.state === "running"));
  }

  /** What a task waits for, in each of its threads. */
  waitsOf(thread: Thread): string[] {
    return thread.all.flatMap(({ waits }) => (waits ? [this.names.ofPlace(waits.where)] : []));
  }

  /** Whether one of those who are left waits for a signal, too. */
  get holdsSignal(): boolean {
    return this.left.flatMap(({ all }) => all).some(({ waits }) => {
      const where = waits?.where;
      return where instanceof Performable ? (where.traits & HoldsSignal) !== 0 : where instanceof ScopeState && where.holdsSignal;
    });
  }

  /** Whether all that can wake a task is in this scheduler. */
  controls(thread: Thread): boolean {
    return thread.all.some(({ waits, ready }) => {
      if (ready) return true;
      if (!waits) return false;
      const { where } = waits;
      return where instanceof Performable ? (where.traits & External) === 0 : !(where instanceof ScopeState) || !where.bodyRuns;
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
