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
import { everything, type Actor, type Controller, type Enclosing, type Mover, type Verb, type Waited } from "../../core/controller.ts";
import { External, HoldsSignal, RunsUserCode } from "../../core/operation.ts";
import { Names } from "./names.ts";
import { EndOfScope } from "./end-of-scope.ts";
import { Thread, type Event, type Item, type Step, type Timer } from "./thread.ts";
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
  /** Who is about to go on, in the order in which that has come about. */
  readonly items: Item[] = [];
  readonly timers: Timers<Timer> = new Timers();
  now = 0;
  current: Thread;
  readonly #chooser: CaseChooser;
  readonly #waiters = new Map<object, Thread>();
  /** What goes on by itself, again and again: a thread each. */
  readonly #movers = new Map<object, Thread>();
  readonly #threadOf = new Map<Actor, Thread>();
  readonly names: Names = new Names();
  readonly #outside: Thread;
  /** Under way: code of the user that a poll runs may poll another choice. */
  readonly #polls = new Map<readonly unknown[], Poll>();
  /** What an operation looks at, while it is asked for nothing else. */
  #looked: (object | typeof everything)[] | undefined = undefined;
  #last: { verb: Verb; what: object } | undefined = undefined;

  constructor(chooser: CaseChooser) {
    this.#chooser = chooser;
    this.current = this.#outside = new Thread("outside", undefined);
  }

  // -- What goes on --

  started(proceed: () => void, who: Actor): boolean {
    const waiting = this.#waiters.get(who);
    const thread = waiting ? this.#idleThread(waiting) : who.kind === "task" ? this.#begin(who) : this.#idleThread(this.current);
    this.#add(thread, inThisContext(proceed));
    this.#tell({ kind: "starts", thread });
    return false;
  }

  #begin(task: Actor): Thread {
    const thread = new Thread(`${this.current.key}.${String(this.current.made++)}`, task);
    this.threads.push(thread);
    this.#threadOf.set(task, thread);
    this.names.give(task, `${thread.key}!`);
    return thread;
  }

  ready(proceed: () => void, who?: object): boolean {
    const thread = (who && (this.#movers.get(who) ?? this.#goesOn(who))) ?? this.#idleThread(this.current);
    this.#add(thread, proceed);
    const { verb, what } = this.#last ?? {};
    if (thread.root === this.current.root) this.#tell({ kind: "does", verb, what });
    else this.#tell({ kind: "wakes", verb, what, thread });
    return false;
  }

  #add(thread: Thread, proceed: () => void): void {
    this.items.push({ thread, enabler: this.steps.length - 1, proceed });
    thread.ready = true;
  }

  /** The thread that has waited as this waiter, and does not any more. */
  #goesOn(waiter: object): Thread | undefined {
    const thread = this.#waiters.get(waiter);
    this.#waiters.delete(waiter);
    if (thread) thread.waits = undefined;
    return thread;
  }

  turn(proceed: () => void): void {
    this.ready(proceed);
  }

  runsOn(): boolean {
    return false;
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
    const ready = this.items.indexOf(item);
    if (ready >= 0) this.items.splice(ready, 1);
    else {
      this.timers.remove(item as Timer);
      this.now = Math.max(this.now, (item as Timer).at);
    }
    thread.ready = false;
    this.current = thread;
    this.#last = undefined;
    this.steps.push({ thread, enabler: item.enabler, touched: [thread.root], events: [] });
    if (ready < 0) this.accessed(everything);
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

  waits(waiter: object, what: Waited): void {
    this.#waitAs(waiter, what);
    if ((what.traits & (External | RunsUserCode)) !== 0) this.accessed(everything);
    if (this.#standsTwice(what)) this.#chooser.leaveOut();
    this.#tell({ kind: "waits", what });
  }

  entered(scope: Enclosing): void {
    this.#waitAs(scope, new EndOfScope(scope));
    this.#name(scope);
  }

  #waitAs(waiter: object, what: Waited): void {
    const thread = this.#idleThread(this.current);
    thread.waits = { waiter, what };
    this.#waiters.set(waiter, thread);
  }

  /** Whether two cases of an operation wait in one line. */
  #standsTwice(what: Waited): boolean {
    const lines = (this.#looked = []);
    what.footprint();
    this.#looked = undefined;
    return new Set(lines).size < lines.length;
  }

  made(what: object, belongings: readonly object[]): void {
    if (this.#isOutside) return;
    this.accessed(what);
    this.#name(what);
    for (const belonging of belongings) this.names.own(belonging, what);
  }

  moves(what: Mover): void {
    if (this.#isOutside) return;
    this.accessed(what);
    this.#name(what);
    this.#movers.set(what, new Thread(this.names.keyOf(what), undefined, undefined, what.name));
  }

  ended(task: Actor): void {
    const thread = this.#threadOf.get(task);
    if (thread) thread.over = true;
    if (this.#isOutside) return;
    this.accessed(task);
    this.#tell({ kind: "ends" });
  }

  accessed(what: object | typeof everything, verb?: Verb): void {
    if (this.#looked) {
      this.#looked.push(what);
      return;
    }
    if (this.#isOutside) return;
    this.steps.at(-1)?.touched.push(this.names.ownerOf(what));
    if (verb === undefined || what === everything) return;
    this.#last = { verb, what };
    if (verb === "close" || verb === "cancel") this.#tell({ kind: "does", verb, what });
  }

  /** Nothing that is known goes on. */
  get #isOutside(): boolean {
    return this.current === this.#outside;
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
    return [...this.items, ...this.timers.upTo(this.now)];
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
    return this.threads.filter(({ over }) => !over);
  }

  /** What a task waits for, in each of its threads. */
  waitsOf(thread: Thread): string[] {
    return thread.all.flatMap(({ waits }) => (waits ? [this.names.text(String(waits.what))] : []));
  }

  /** Whether one of those who are left waits for a signal, too. */
  get holdsSignal(): boolean {
    return this.left.flatMap(({ all }) => all).some(({ waits }) => waits && (waits.what.traits & HoldsSignal) !== 0);
  }

  /** Whether all that can wake a task is in this scheduler. */
  controls(thread: Thread): boolean {
    return thread.all.some(({ waits, ready }) => ready || (waits && (waits.what.traits & External) === 0));
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
