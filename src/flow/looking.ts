/**
 * Looking views: those that must see a value before they know whether they give it.
 *
 * 1. Receivers stand in the view's own line, first come, first served; on their behalf one waiter, the view's, stands below.
 * 2. What is handed over to that waiter is looked at in a turn of the view's own, in the context of the first in line; never in the sender's.
 * 3. What was taken and not yet received stays in hand, first, for the next receiver. With nobody waiting nothing more is taken.
 *
 *        receivers ──► line ◄── the view ──► its one waiter ──► the line, or the base, below
 *                        ▲                        │
 *                        └── look, in a turn ◄────┘ handed over
 *
 * Idea: a peek cannot be taken back, so what was seen is kept (Rust's `Peekable`).
 */
import { captured, type AsyncContext } from "../platform/async-context.ts";
import { nothing, Prepares, type Nothing } from "../core/operation.ts";
import { controller, touch } from "../core/controller.ts";
import { enqueue, type Job } from "../core/scheduler.ts";
import { opened, BareWaiter, WaitQueue, withdraw, type Outcome, type Waiter } from "../core/wait-queue.ts";
import { reportFailure } from "../platform/unhandled.ts";
import type { Holder } from "./origin.ts";
import { pull, Pulling, View, type Line, type OwnWaiter, type Tower } from "./pipeline.ts";
import type { Result } from "./result.ts";

const leaving: Waiter[] = [];

export abstract class Looking extends View implements Line, Holder, Job {
  readonly #line: LookLine = new LookLine(this);
  readonly #waiter: ViewWaiter = new ViewWaiter(this);
  protected readonly from: Pulling;
  readonly #tower: Tower;
  /** Given, and not received after all: the next receiver's, before anything else. */
  #back: Result | undefined = undefined;
  /** What was handed over and not looked at yet, if that is `#unseen`. */
  #how: Outcome = "value";
  #what: unknown = undefined;
  #unseen = false;
  #scheduled = false;
  #paused = false;

  constructor(under: Tower) {
    super(under);
    this.from = new Pulling(under, "raw");
    this.#tower = { ...under, top: this };
    controller?.moves(this);
  }

  /** For traces. */
  get name(): string {
    return `flow ${JSON.stringify(this.under.origin.name)}`;
  }

  override get line(): Line {
    return this;
  }

  get busy(): boolean {
    return !this.#line.empty;
  }

  pause(): void {
    this.#paused = true;
  }

  // -- What is in hand --

  /** Whether it keeps something between two receives. */
  protected get keeps(): boolean {
    return false;
  }

  /** Something that it keeps and can give now. */
  protected kept(): Result | Nothing {
    return nothing;
  }

  /** Let go of what it keeps. */
  protected letGo(): void { /* it keeps nothing */ }

  override ready(): Result | Nothing {
    touch(this);
    const back = this.#back;
    this.#back = undefined;
    if (back) return back;
    const kept = this.kept();
    return kept !== nothing || !this.#unseen ? kept : this.take(this.#see()); // handed over as a result: its functions run here
  }

  /** What was handed over, which is not unseen any more. */
  #see(): Result {
    const what = this.#what;
    this.#unseen = false;
    this.#what = undefined;
    return opened(this.#how, what) as Result;
  }

  drop(): void {
    const { origin } = this.under;
    const [back, unseen, how, what] = [this.#back, this.#unseen, this.#how, this.#what];
    this.#back = this.#what = undefined;
    this.#unseen = false;
    origin.holders.delete(this);
    if (back && back.done !== true) origin.drop(back.value);
    this.letGo();
    if (!unseen || !origin.keepsDropped) return;
    try {
      const result = opened(how, what) as Result;
      if (result.done !== true) origin.drop(result.value);
    } catch { /* its function makes nothing of it */ }
  }

  /** Be known as one with something in hand, or as one without. To be told whenever that may have changed and nobody waits. */
  protected note(): void {
    const { holders } = this.under.origin;
    if (this.keeps || this.#unseen || this.#back) holders.add(this);
    else if (holders.size > 0) holders.delete(this);
  }

  // -- Who waits --

  join(waiter: Waiter, as: Pulling): { waiter: Waiter; at: Pulling } | undefined {
    touch(this);
    const context = captured();
    waiter.slot = context ? { as, context } satisfies InContext : as;
    this.#line.join(waiter);
    if (waiter !== this.#line.first) return undefined;
    this.waits();
    if (!this.#paused && !this.#unseen) return this.#below();
    this.schedule();
    return undefined;
  }

  /** The first has come to an empty line. */
  protected waits(): void { /* nothing more to do */ }

  /** Whether it may be handed something from below. */
  protected get standsBelow(): boolean {
    return true;
  }

  /** Nobody waits any more: nothing more is taken. */
  protected rest(): void {
    this.note();
  }

  /** The last in line has left it. */
  deserted(): void {
    if (this.#waiter.place) this.#leave();
    this.rest();
  }

  /** Leave the line below. That may empty it: so one after the other, not one inside of the other. */
  #leave(): void {
    leaving.push(this.#waiter);
    if (leaving.length > 1) return;
    for (const waiter of leaving) withdraw(waiter); // which may add to the list
    leaving.length = 0;
  }

  /** Its own waiter, if that is to stand below, right after a failed attempt. */
  #below(): { waiter: Waiter; at: Pulling } | undefined {
    const { from } = this;
    const waiter = this.#waiter;
    if (waiter.place || this.#scheduled || !this.standsBelow) return undefined;
    if ((from.traits & Prepares) === 0) return from.standsAtBase(waiter) ? undefined : { waiter, at: from };
    const prepared = from.prepare();
    const result = prepared.attempt();
    if (result === nothing) prepared.enlist(waiter);
    else this.arrived("value", result);
    return undefined;
  }

  #stand(): void {
    const below = this.#below();
    below?.at.enlist(below.waiter);
  }

  /** The first in line. */
  protected get first(): Waiter | undefined {
    return this.#line.first;
  }

  /** Let the first in line have what was handed over, in this very step. */
  protected handOver(how: Outcome, what: unknown): void {
    const first = this.#line.first as Waiter;
    const { slot } = first;
    this.#line.withdraw(first);
    receiveOf(slot).hand(first, how, what);
  }

  /** Wait below once more, in the midst of a handover, where no code of the user is below. */
  protected standAgain(): void {
    const { from } = this;
    if (from.traits !== 0) {
      this.schedule();
      return;
    }
    const result = from.attempt();
    if (result === nothing) this.#stand();
    else this.arrived("value", result);
  }

  /** Handed over from below. */
  arrived(how: Outcome, what: unknown): void {
    this.#how = how;
    this.#what = what;
    this.#unseen = true;
    this.schedule();
  }

  // -- Looking --

  /** Look in a turn of its own. */
  protected schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    enqueue(this);
  }

  run(): void {
    this.#scheduled = false;
    this.#paused = false;
    const first = this.#line.first;
    if (!first) return;
    const { slot } = first;
    if (slot instanceof Pulling) this.#look();
    else (slot as InContext).context.runInAsyncScope(() => { this.#look(); });
  }

  /** Serve the first in line, and as many others as wait in the same context, the plain one. */
  #look(): void {
    touch(this);
    const { origin } = this.under;
    if (origin.cancelled) this.drop();
    const isAlone = this.#line.first === this.#line.last;
    for (let first = this.#line.first; first; first = this.#line.first) {
      const { slot } = first;
      const as = receiveOf(slot);
      let how: Outcome = "value";
      let result: unknown;
      try {
        result = pull(this.#tower, this);
      } catch (error) {
        how = "error";
        result = error;
      }
      if (this.#line.first !== first) { // it has left: code of the user has run
        if (how === "error") reportFailure(result);
        else if (result !== nothing) this.#back = result as Result;
        this.note();
        if (this.#line.first) this.schedule();
        return;
      }
      if (result === nothing) break;
      this.#line.withdraw(first);
      const isLast = isAlone && this.#line.empty;
      if (how === "error") first.resume("error", result);
      else as.hand(first, "value", result, isLast);
      if (isLast) return;
      const { first: next } = this;
      if (next && (slot !== as || !(next.slot instanceof Pulling))) {
        this.schedule();
        return;
      }
    }
    if (this.#line.empty) return;
    if (this.#paused) this.schedule();
    else {
      this.looked();
      this.#stand();
    }
  }

  /** Nothing is ready, and somebody waits. */
  protected looked(): void { /* nothing more to do */ }
}

/** What one who waits has in its slot, unless its context is plain: then that is its receive. */
interface InContext {
  readonly as: Pulling;
  readonly context: AsyncContext;
}

const receiveOf = (slot: unknown): Pulling => (slot instanceof Pulling ? slot : (slot as InContext).as);

class LookLine extends WaitQueue {
  readonly #view: Pick<Looking, "deserted">;

  constructor(view: Pick<Looking, "deserted">) {
    super();
    this.#view = view;
  }

  override describe({ slot }: Waiter): string {
    return String(receiveOf(slot));
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter);
    if (this.first === undefined) this.#view.deserted();
  }
}

/** Waits on behalf of a view, and tells it what has come. */
export class ViewWaiter extends BareWaiter implements OwnWaiter {
  declare readonly view: Pick<Looking, "arrived">;
  declare via: Pulling | undefined;

  constructor(view: Pick<Looking, "arrived">) {
    super();
    this.view = view;
    this.via = undefined;
  }

  resume(how: Outcome, what: unknown): void {
    const { via } = this;
    this.via = undefined;
    if (via === undefined) this.view.arrived(how, what);
    else via.happened(this, undefined, how, what);
  }
}
