/**
 * One program in a bubble, from its start to its end.
 *
 * 1. Who is ready goes on as in production: this controller only takes note. It has the timers and the end of each turn.
 * 2. When all is quiet, those go on who had let everybody else go first (`checkpoint`), then the timers that are due, one at a time, each up to
 *    the next quiet moment.
 * 3. When there is none of these either, the event loop turns once: what has come from outside is taken in, and failures that nobody
 *    handles are told. Only then, and only if nobody waits outside, time moves: to the next timer. When main has ended it stands still. While
 *    something waits inside that is in no task (`detached`), who awaits a promise is taken to wait for that.
 * 4. The event loop turns after a number of wake-ups, whatever happens, so that the limit in real time is kept.
 * 5. What is kept is what waits: nothing grows with what has gone on.
 *
 *      ┌─► quiet ─┬─ somebody has yielded ─► goes on ─────────────────────────┐
 *      │          ├─ a timer is due ───────► fires ───────────────────────────┤
 *      │          └─ neither ─► the event loop turns                          │
 *      │               ├─ a failure, or main has ended and nobody is left ─► the end
 *      │               ├─ somebody waits outside ─► until something comes ────┤
 *      │               ├─ somebody settles ───────► goes on ──────────────────┤
 *      │               ├─ main has ended ─► the end: a leak                   │
 *      │               ├─ there is a timer ───────► time moves to it ─────────┤
 *      │               └─ nothing of this ─► the end: a deadlock              │
 *      └──────────────────────────────────────────────────────────────────────┘
 *
 * Idea: Go's `synctest`.
 */
import { contexts } from "../../platform/async-context.ts";
import { nothing, Performable, type Nothing } from "../../core/operation.ts";
import { Queue } from "../../support/queue.ts";
import { below } from "../../platform/random.ts";
import type { Actor, Controller, Enclosing, Part, Waited } from "../../core/controller.ts";
import { WaitQueue, type Waiter } from "../../core/wait-queue.ts";
import type { TaskInfo } from "../../task/cancel/cancel-scope.ts";
import { named, Task } from "../../task/task.ts";
import { BlockedTasks, taskOf } from "./blocked-tasks.ts";
import { leftSince, type Controlled } from "../scheduler/ending.ts";
import { eventLoopTurn, whenQuiet } from "../scheduler/platform.ts";
import { failuresHeard } from "../scheduler/process-hooks.ts";
import { Timers } from "../scheduler/timers.ts";

interface Timer {
  readonly at: number;
  readonly fire: () => void;
  /** Nobody waits for it. */
  readonly isIdle: () => boolean;
}

/** How it has ended; `late`: it has not, and was given up. */
export type BubbleEnd = "main" | "failure" | "leak" | "deadlock" | "late";

const wakesPerTurn = 4096;
/** So many timers that nobody waits for fire on the way to another one. */
const idleOnTheWay = 10_000;

/** Main's failure is its bubble's to handle. */
class Main<T> extends Task<T> {
  override get isFree(): boolean {
    return false;
  }
}

export class BubbleRun implements Controller, Controlled {
  /** Virtual milliseconds since the start. */
  now = 0;
  readonly #leaks: "fail" | "ignore";
  readonly #onEnd: (how: BubbleEnd) => void;
  /** Who has let everybody else go first. */
  readonly #yielded = new Queue<() => void>();
  readonly #timers = new Timers<Timer>();
  /** How many timers have been armed that somebody waits for. */
  #awaited = 0;
  readonly #blocked = new BlockedTasks();
  readonly #settlers = new WaitQueue({ describe: () => "settle" });
  // Both in the context of the bubble, whoever sets them off.
  readonly #whenQuiet: () => void = inThisContext(() => { this.#goOn(); });
  readonly #afterTurn: () => void = inThisContext(() => { this.#turnedOver(); });
  #main: Task<unknown> | undefined = undefined;
  /** Wake-ups since the event loop has turned; and those that wait until it turns again. */
  #wakes = 0;
  #held: (() => void)[] = [];
  /** The event loop has turned since the last quiet moment at which somebody could go on. */
  #turned = false;
  #waitsOutside = false;
  #late = false;
  #over = false;

  constructor(leaks: "fail" | "ignore", onEnd: (how: BubbleEnd) => void) {
    this.#leaks = leaks;
    this.#onEnd = onEnd;
  }

  /** Begin: this has to be in control. */
  begin<T>(body: () => T | PromiseLike<T>): Task<T> {
    const task = new Main<T>(named("main", () => body()), []);
    this.#main = task;
    whenQuiet(this.#whenQuiet);
    return task;
  }

  /** Its time is over: it ends as soon as it is known whether it waits or goes on. */
  giveUp(): void {
    this.#late = true;
    if (this.#waitsOutside) this.#endLate();
  }

  // -- What it is told --

  started(proceed: () => void, who: Actor): boolean {
    if (who.kind === "task") this.#blocked.begins(who);
    this.stir();
    if (this.runsOn()) return true;
    void new Promise<void>((resolve) => { this.#held.push(resolve); }).then(proceed);
    return false;
  }

  ready(proceed: () => void, who?: object): boolean {
    if (who) this.#blocked.goesOn(who);
    this.stir();
    if (this.runsOn()) return true;
    this.#held.push(proceed);
    return false;
  }

  turn(proceed: () => void): void {
    this.#yielded.push(proceed);
    this.stir();
  }

  runsOn(): boolean {
    return this.#held.length === 0 && ++this.#wakes < wakesPerTurn;
  }

  choose(left: number): number {
    return below(left);
  }

  waits(waiter: object, what: Waited, part: Part | undefined): void {
    this.#blocked.waits(waiter, what, part);
    this.stir();
  }

  entered(scope: Enclosing, part: Part | undefined): void {
    this.#blocked.entered(scope, part);
    this.stir();
  }

  ended(task: Actor): void {
    this.#blocked.ends(task);
    this.stir();
  }

  accessed(): void {
    this.stir();
  }

  made(): void { /* that alone lets nobody go on */ }
  moves(): void { /* the same */ }

  arm(ms: number, fire: () => void, isIdle: () => boolean = () => false): () => void {
    const timer = { at: this.now + ms, fire, isIdle };
    this.#timers.add(timer);
    if (!isIdle()) this.#awaited++;
    return () => { this.#timers.remove(timer); };
  }

  /** Something has come from outside: if that was waited for, look at everything again. */
  stir(): void {
    if (!this.#waitsOutside) return;
    this.#waitsOutside = false;
    this.#turned = false;
    whenQuiet(this.#whenQuiet);
  }

  /** An operation that happens when everybody else waits or has ended. */
  settling(): Performable<void> {
    return new SettlingDown(this.#settlers);
  }

  // -- What goes on --

  #goOn(): void {
    if (this.#over) return;
    const proceed = this.#held.length > 0 ? undefined : this.#next();
    if (proceed) {
      this.#turned = false;
      proceed();
      whenQuiet(this.#whenQuiet);
    } else if (this.#turned) this.#decide();
    else {
      this.#turned = true;
      eventLoopTurn(this.#afterTurn);
    }
  }

  #turnedOver(): void {
    if (this.#late && this.#held.length > 0) this.#endLate();
    if (this.#over) return; // nobody goes on any more
    this.#wakes = 0;
    const held = this.#held;
    this.#held = [];
    for (const proceed of held) proceed();
    if (held.length === 0) this.#goOn();
    else {
      this.#turned = false;
      whenQuiet(this.#whenQuiet);
    }
  }

  #next(): (() => void) | undefined {
    if (this.#yielded.size > 0) return this.#yielded.shift();
    const { first } = this.#timers;
    if (!first || first.at > this.now) return undefined;
    this.#timers.remove(first);
    return first.fire;
  }

  /** Nobody can go on, and all that has come from outside is taken in. */
  #decide(): void {
    const { state } = this.#main as Task<unknown>;
    const mainHasEnded = state !== "pending" && state !== "running";
    if (failuresHeard().length > 0) this.#end(state === "failed" ? "main" : "failure");
    else if (mainHasEnded && (state !== "done" || this.#leaks === "ignore" || this.left.length === 0)) this.#end("main");
    else if (this.#blocked.anyOutside && !(!mainHasEnded && this.#timers.first && this.#blocked.anyDetached)) {
      this.#waitsOutside = true;
      if (this.#late) this.#endLate();
    } else if (!this.#settlers.empty) this.#let(() => this.#settlers.take()?.resume("value", undefined));
    else if (mainHasEnded) this.#end("leak");
    else this.#moveTime();
  }

  /** To the next timer that somebody waits for. Idle ones that come before fire on the way, up to one that arms what somebody waits for. */
  #moveTime(): void {
    const { first: soonest } = this.#timers;
    const next = soonest?.isIdle() === true ? this.#timers.find((timer) => !timer.isIdle()) : soonest;
    if (!next) this.#end("deadlock");
    else if (this.#late) this.#endLate();
    else {
      this.#let(() => {
        for (let fired = 0, { first } = this.#timers; first && first.at < next.at && fired < idleOnTheWay; fired++, { first } = this.#timers) {
          this.#timers.remove(first);
          this.now = Math.max(this.now, first.at);
          const before = this.#awaited;
          first.fire();
          if (this.#awaited !== before) return;
        }
        this.now = Math.max(this.now, next.at);
      });
    }
  }

  #let(happen: () => void): void {
    this.#turned = false;
    happen();
    whenQuiet(this.#whenQuiet);
  }

  #endLate(): void {
    this.#end(failuresHeard().length > 0 ? "failure" : "late");
  }

  #end(how: BubbleEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#onEnd(how);
  }

  // -- Who is left --

  /** The number of its main. */
  get first(): number {
    return this.#main?.id ?? 0;
  }

  /** What has begun in the bubble and has not ended. */
  get left(): TaskInfo[] {
    return leftSince(this.first);
  }

  /** Everybody in it runs in a cancel scope. */
  waiters(): readonly object[] {
    return [];
  }

  takePending(): (() => void)[] {
    const pending = this.#held;
    while (this.#yielded.size > 0) pending.push(this.#yielded.shift());
    return pending;
  }

  /** The next timer, taken out; time moves to it. */
  nextTimer(): (() => void) | undefined {
    const { first } = this.#timers;
    if (!first) return undefined;
    this.#timers.remove(first);
    this.now = Math.max(this.now, first.at);
    return first.fire;
  }

  /** Those of them whose waiting outside it waits for. */
  get outside(): TaskInfo[] {
    if (!this.#waitsOutside) return [];
    return this.left.filter((who) => {
      const task = who.kind === "task" ? who : taskOf(who.cancelScope);
      return task && this.#blocked.isOutside(task);
    });
  }
}

/** A function that runs in the present async context, wherever it is called. */
function inThisContext(run: () => void): () => void {
  const context = contexts?.snapshot();
  return context ? (): void => { context.runInAsyncScope(run); } : run;
}

class SettlingDown extends Performable<void> {
  readonly #line: WaitQueue;

  constructor(line: WaitQueue) {
    super();
    this.#line = line;
  }

  override toString(): string {
    return "settle";
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    this.#line.join(waiter);
  }
}
