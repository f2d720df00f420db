/**
 * A scheduler under control: every task that starts, every wake-up, every choice of a case and every timer of it waits to be picked.
 *
 * 1. One thing goes on at a time, up to the next quiet moment: a step. Only one that was woken by a synchronous verb may go on in the middle of a
 *    step, as in production: at the next await of the one who woke it. What both do is that step's.
 * 2. Everything is named by what made it and a number, not by when: two runs that differ in unrelated steps agree on names.
 * 3. With production's own wake-ups nothing is picked but timers, and those who have let everybody else go first.
 *
 *        picked ── does ── wakes ─┬─ when this one rests: to be picked ── ...
 *                                 └─ at once ── does ── ... ── both rest: quiet
 *
 * Idea: the schedulers of loom and shuttle.
 */
import { everything, type Actor, type Controller, type Enclosing, type Mover, type Verb, type Waited } from "../../core/controller.ts";
import { External, HoldsSignal, RunsUserCode } from "../../core/operation.ts";
import { seededBy } from "../../platform/random.ts";
import { fulfilled } from "../../core/scheduler.ts";
import { Agenda } from "./agenda.ts";
import { EndOfScope } from "./end-of-scope.ts";
import { Names } from "./names.ts";
import { Record } from "./record.ts";
import { inThisContext, runAsThread, runningThread, Thread, threadsAreToldApart, type Deed, type Event, type Item, type Step, type Timer } from "./thread.ts";

/** What is chosen besides who goes on. */
export interface CaseChooser {
  /** The first poll of a select with several cases. */
  firstCase(poll: Poll): number;
  /** The case that was polled first could not happen; another one is polled. */
  nextCase(poll: Poll): void;
  /** Two cases wait in one line, and it is not tried which of them is first in it. */
  leaveOut(): void;
  /** Whether those whom a synchronous verb wakes go on at once. */
  atOnce(deed: Deed): boolean;
  /** They do not; it is noted as if that had been chosen. */
  notAtOnce(): false;
  /** The one who woke them came to rest with nothing in between: both are the same. */
  sameEitherWay(deed: Deed): void;
}

/** The polling of a select. */
export interface Poll {
  /** Its cases. */
  readonly total: number;
  /** Those that were not polled before. */
  left: number;
}

/** How a run goes, whatever is chosen in it. */
export interface Manner {
  /** With production's own wake-ups. */
  readonly production: boolean;
  /** The next timer may fire while tasks can still go on. */
  readonly raced: boolean;
  /** For each event it is noted where in the program it is. */
  readonly traced?: boolean;
}

/** Who goes on at once needs the async contexts to be told apart from the one who woke it, and they take a third of the time. */
export type AtOnce = "a choice" | "left out";

/** So often somebody goes on as in production before timers have their turn. */
const burstLength = 256;

export class ControlledScheduler implements Controller {
  readonly steps: Step[] = [];
  readonly threads: Thread[] = [];
  readonly agenda: Agenda = new Agenda();
  readonly names: Names = new Names();
  readonly record: Record;
  /** How often somebody has gone on. */
  turns = 0;
  /** A timer was armed. */
  hasTimers = false;
  /** A synchronous verb has woken somebody. */
  wakesSynchronously = false;
  readonly #manner: Manner;
  readonly #carries: boolean;
  readonly #chooser: CaseChooser;
  readonly #threadOf = new Map<Actor, Thread>();
  readonly #waiters = new Map<object, Thread>();
  /** What goes on by itself, again and again: a thread each. */
  readonly #movers = new Map<object, Thread>();
  readonly #outside: Thread = new Thread(this, "outside");
  #picked: Thread = this.#outside;
  /** Under way: code of the user that a poll runs may poll another choice. */
  readonly #polls = new Map<readonly unknown[], Poll>();
  /** What an operation looks at, while it is asked for nothing else. */
  #looked: (object | typeof everything)[] | undefined = undefined;
  /** In a synchronous poll. */
  #polling = false;
  /** How many may go on as in production before it has to be quiet. */
  #burst = burstLength;

  constructor(chooser: CaseChooser, manner: Manner, atOnce: AtOnce) {
    this.#chooser = chooser;
    this.#manner = manner;
    this.record = new Record(manner.traced === true);
    this.#carries = threadsAreToldApart() && (manner.production || atOnce === "a choice");
  }

  /** Whose code runs. */
  get #current(): Thread {
    const running = this.#carries ? runningThread() : undefined;
    if (running === undefined || running === this.#picked.root) return this.#picked;
    return running.run === this ? running : this.#outside;
  }

  // -- What goes on --

  started(proceed: () => void, who: Actor): boolean {
    const current = this.#current;
    if (current === this.#outside && this.threads.length > 0) return true; // of an earlier program
    const waiting = this.#waiters.get(who);
    const thread = waiting ? this.#idleThread(waiting) : who.kind === "task" ? this.#begin(who, current) : this.#idleThread(current);
    this.record.tell(current, { kind: "starts", thread, what: who.kind === "task" ? undefined : who });
    if (this.#carries) runAsThread(thread.root, () => { this.#start(thread, proceed); });
    else this.#start(thread, proceed);
    return false;
  }

  #start(thread: Thread, proceed: () => void): void {
    if (this.#atOnce()) {
      this.record.begin(thread);
      void fulfilled.then(proceed);
    } else this.#add(thread, inThisContext(proceed));
  }

  #begin(task: Actor, by: Thread): Thread {
    const thread = new Thread(this, `${by.key}.${String(by.made++)}`, task);
    this.threads.push(thread);
    this.names.count(task);
    this.#threadOf.set(task, thread);
    this.names.give(task, `${thread.key}!`);
    return thread;
  }

  ready(proceed: () => void, who?: object): boolean {
    const current = this.#current;
    const mover = who && this.#movers.get(who);
    const waited = mover ? undefined : who && this.#goesOn(who);
    if (current === this.#outside && !mover && !waited) return true; // of an earlier program
    const thread = mover ?? waited ?? this.#idleThread(current);
    const wakes = thread.root !== current.root;
    this.record.tellDeed(current, wakes ? thread : undefined);
    if (!waited) thread.from = current.root.last?.told;
    if (this.#atOnce() || (wakes && waited && this.#wakesAtOnce(current))) {
      this.record.begin(thread);
      if (this.#step && current !== this.#outside) this.#step.touched.push(thread.root);
      return true;
    }
    this.#add(thread, proceed);
    return false;
  }

  #add(thread: Thread, proceed: () => void, yields = false): void {
    this.agenda.add({ thread, enabler: this.steps.length - 1, proceed, yields });
    thread.ready = true;
  }

  /** Whether it goes on as in production, whoever it is. */
  #atOnce(): boolean {
    if (!this.#manner.production || this.#burst-- <= 0) return false;
    this.turns++;
    return true;
  }

  /** Whether those whom the running code wakes go on at its next await. */
  #wakesAtOnce(current: Thread): boolean {
    const { root } = current;
    const { last } = root;
    if (!last?.atOnce || !current.task || root.over) return false;
    this.wakesSynchronously = true;
    if (!this.#carries) last.wakesAtOnce ??= this.#chooser.notAtOnce();
    if (last.wakesAtOnce === undefined) {
      last.wakesAtOnce = this.#chooser.atOnce(last);
      if (!last.wakesAtOnce && current.idle) this.#lookWhetherAtRest(current, last);
    }
    return last.wakesAtOnce;
  }

  /**
   * Whether the running code comes to rest at its next await, in an operation or at its end, so that it is one whether others go on at that await or
   * after it. The end of an async body is told a microtask later.
   */
  #lookWhetherAtRest(current: Thread, deed: Deed): void {
    const { root } = current;
    void fulfilled.then(() => {
      if (!current.idle || root.over) this.#chooser.sameEitherWay(deed);
      else void fulfilled.then(() => { if (root.over) this.#chooser.sameEitherWay(deed); });
    });
  }

  /** The thread that has waited as this waiter, and does not any more. */
  #goesOn(waiter: object): Thread | undefined {
    const thread = this.#waiters.get(waiter);
    this.#waiters.delete(waiter);
    if (thread?.waits) {
      thread.from = thread.waits.event;
      thread.waits = undefined;
    }
    return thread;
  }

  turn(proceed: () => void): void {
    const current = this.#current;
    const thread = this.#idleThread(current);
    thread.from = current.waits?.event;
    this.#add(thread, proceed, true);
  }

  runsOn(): boolean {
    if (!this.#atOnce()) return false;
    this.record.tellDeed(this.#current, undefined);
    return true;
  }

  /** A thread with the same root that is at no other point. */
  #idleThread(like: Thread): Thread {
    const idle = like.idle ? like : like.all.find((thread) => thread.idle);
    if (idle) return idle;
    const { root } = like;
    const thread = new Thread(this, `${root.key}+${String(root.others.length)}`, root.task, root);
    root.others.push(thread);
    return thread;
  }

  /** Let something go on. The step is over once everything is quiet again. The result says whether it is a timer. */
  run(item: Item): boolean {
    const { thread } = item;
    const isTimer = this.agenda.take(item);
    thread.ready = false;
    this.turns++;
    this.#burst = burstLength;
    this.#picked = thread;
    this.#polling = false;
    this.steps.push({ thread, enabler: item.enabler, touched: [thread.root] });
    this.record.begin(thread);
    if (isTimer) this.accessed(everything);
    item.proceed();
    return isTimer;
  }

  /** The step is over. What becomes ready from here on comes from outside. */
  quiet(): void {
    this.#picked = this.#outside;
    if (this.#polls.size > 0) this.#polls.clear(); // an empty one would get a new table
  }

  get #step(): Step | undefined {
    return this.steps.at(-1);
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
    if (this.#current === this.#outside) return;
    const lines = this.#linesOf(what);
    const event = { kind: "waits", what, lines } as const;
    const thread = this.#waitAs(waiter, what, event);
    if ((what.traits & (External | RunsUserCode)) !== 0) this.accessed(everything);
    if (lines.length > 1 && new Set(lines).size < lines.length) this.#chooser.leaveOut(); // two cases wait in one line
    this.record.tell(thread, event);
  }

  entered(scope: Enclosing): void {
    const what = new EndOfScope(scope);
    const thread = this.#waitAs(scope, what, { kind: "waits", what });
    this.#name(scope, thread);
  }

  #waitAs(waiter: object, what: Waited, event: Event): Thread {
    const thread = this.#idleThread(this.#current);
    thread.waits = { waiter, what, event };
    this.#waiters.set(waiter, thread);
    return thread;
  }

  /** What an operation waits in. */
  #linesOf(what: Waited): readonly (object | typeof everything)[] {
    const lines = (this.#looked = []);
    what.footprint();
    this.#looked = undefined;
    return lines;
  }

  made(what: object, belongings: readonly object[]): void {
    const current = this.#current;
    if (current === this.#outside) return;
    this.accessed(what);
    this.#name(what, current);
    this.names.count(what);
    for (const belonging of belongings) this.names.own(belonging, what);
  }

  moves(what: Mover): void {
    const current = this.#current;
    if (current === this.#outside) return;
    this.accessed(what);
    this.#name(what, current);
    this.#movers.set(what, new Thread(this, this.names.keyOf(what), undefined, undefined, what.name));
  }

  ended(task: Actor): void {
    const current = this.#current;
    const thread = this.#threadOf.get(task);
    if (thread) thread.over = true;
    if (current === this.#outside) return;
    this.accessed(task);
    current.root.last = undefined;
    this.record.tell(thread ?? current, { kind: "ends", thread: thread ?? current });
  }

  accessed(what: object | typeof everything, verb?: Verb): void {
    if (this.#looked) {
      this.#looked.push(what);
      return;
    }
    const current = this.#current;
    if (current === this.#outside) return;
    if (verb === "poll" || verb === "polled") {
      this.#polling = verb === "poll";
      return;
    }
    if (!this.#manner.production) {
      const { touched } = this.#step as Step;
      touched.push(this.names.ownerOf(what));
      if (current.root !== this.#picked.root) touched.push(current.root);
    }
    if (verb !== undefined) this.record.did(current, verb, what === everything ? undefined : what, this.#polling);
  }

  // -- Time --

  arm(ms: number, fire: () => void, isIdle: () => boolean = () => false): () => void {
    const { agenda } = this;
    const current = this.#current;
    const thread = new Thread(this, `${current.key}@${String(current.made++)}`);
    const timer: Timer = { thread, enabler: this.steps.length - 1, proceed: fire, at: agenda.now + ms, isIdle };
    agenda.timers.add(timer);
    this.hasTimers = true;
    return () => { agenda.timers.remove(timer); };
  }

  /** This thread has made this: it is named so in every run. */
  #name(what: object, by: Thread): void {
    this.names.give(what, `${by.key}:${String(by.named++)}`);
  }

  /** One of several values was chosen. */
  chose(value: unknown): void { this.record.tell(this.#current, { kind: "chooses", value }); }

  /** A random number of the running task's own: what others draw changes nothing of it. */
  random(seed: number): number {
    const { root } = this.#current;
    root.random ??= seededBy(root.key, seed);
    return root.random();
  }

  // -- Who is left --

  /** The tasks that have not ended. */
  get left(): Thread[] {
    return this.threads.filter(({ over }) => !over);
  }

  /** Whether a task waits, in the library or outside of it, and is not just about to go on. */
  isBlocked(thread: Thread): boolean {
    return thread.all.some(({ waits }) => waits) || !thread.all.some(({ ready }) => ready);
  }

  /** What a task waits for, in each of its threads. */
  waitsOf(thread: Thread): string[] {
    return thread.all.flatMap(({ waits }) => (waits ? [this.names.ofWaiting(waits.event)] : []));
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
