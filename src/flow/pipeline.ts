/**
 * The pipeline: how a flow pulls values through its views.
 *
 * 1. A receive takes from the source only while somebody waits for it, or in the step in which somebody polls.
 * 2. One loop walks down to the first view that has something, or to the base, and up again with what that gives: nothing recurses with
 *    the number of views. A poll looks at a bounded number of values, whatever the views reject.
 * 3. Exact views take their place in the handover itself; their functions run later, in the receiver's own turn.
 * 4. Who waits stands in the line of the topmost view that looks at values, or if there is none at the base.
 *
 *        receive ─► [ exact views ] ─► a looking view's line ─► [ exact views ] ─► base: the source
 *
 * Idea: the pull side of lazy iterators (TC39's iterator helpers), with the receives of Concurrent ML in place of calls.
 */
import { ClosedError, type CaseKey } from "../errors.ts";
import { Enclosing } from "../core/map.ts";
import { nothing, Prepares, ResultIsDeferred, type Nothing, type Performable } from "../core/operation.ts";
import type { Outcome, Waiter } from "../core/wait-queue.ts";
import { waitingFor } from "../support/printing.ts";
import type { Origin } from "./origin.ts";
import { end, Failure, type Result } from "./result.ts";

/** What a flow stands on: the views, from the top down, and the operation that they pull from. */
export interface Tower {
  readonly origin: Origin;
  readonly base: Performable<Result>;
  readonly top: View | undefined;
  /** The tower that the base pulls from, unless that is the source. */
  readonly inner?: Tower | undefined;
}

/** One view of a tower. */
export abstract class View {
  /** What it stands on. */
  readonly under: Tower;

  constructor(under: Tower) {
    this.under = under;
  }

  /** Something that it can give without taking from below. */
  ready(): Result | Nothing {
    return nothing;
  }

  /** Whether it takes nothing from below now, though it may be asked to. */
  get stopped(): boolean {
    return false;
  }

  /** What it makes of a result from below; `nothing`: it needs another one. */
  abstract take(result: Result): Result | Nothing;

  /** What it gives when nothing comes from below now. */
  starved(): Result | Nothing {
    return nothing;
  }

  /** The part that an exact view takes in the handover: false ends it there. */
  pass?(): boolean;

  /** The handover is complete. */
  passed?(): void;

  /** What an exact view makes of a value, in the receiver's turn. */
  apply?(value: unknown): unknown;

  /** Its line, if those who wait for it stand there. */
  get line(): Line | undefined {
    return undefined;
  }

  /** Whether it pulls through another view. */
  standsOn(other: object): boolean {
    for (let tower: Tower | undefined = this.under; tower; tower = tower.top ? tower.top.under : tower.inner) if (tower.top === other) return true;
    return false;
  }

  /** The flow is over from this view upwards: the source is left, and what views below hold is dropped. */
  protected finish(reason?: unknown): void {
    this.under.origin.leave(reason, this);
  }
}

/** The line of a looking view. */
export interface Line {
  /** Somebody waits in it. */
  readonly busy: boolean;
  /** A poll has stopped early: there may be more. */
  pause(): void;
  /** Let a waiter stand in it. Gives the view's own waiter, if that is to stand below now. */
  join(waiter: Waiter, as: Pulling): { waiter: Waiter; at: Pulling } | undefined;
}

const bound = 256;
let left = 0;
let nested = 0;
const path: View[] = [];

/** Take one result through the views of a tower, if there is one; `serving`: the view that pulls for its own line. */
export function pull(tower: Tower, serving?: View): Result | Nothing {
  const { top } = tower;
  if (top === undefined || top.under.top !== undefined) return pullThrough(tower, top, serving);
  // One view alone, as mostly: no path is to be kept.
  if (top !== serving && top.line?.busy === true) return nothing;
  let result = top.ready();
  if (result !== nothing) return result;
  result = top.stopped ? nothing : taken(tower);
  if (result === nothing) return top.starved();
  result = top.take(result);
  return result === nothing ? pullThrough(tower, top, serving) : result;
}

function pullThrough(tower: Tower, top: View | undefined, serving: View | undefined): Result | Nothing {
  const start = path.length;
  if (nested++ === 0) left = bound;
  try {
    for (let view = top; ;) {
      let result = down(tower, view, serving);
      for (;;) {
        if (result === nothing) result = starved(start);
        if (result === nothing) return nothing;
        view = above(start);
        if (view === undefined) return result;
        result = view.take(result);
        if (result !== nothing) continue;
        if (--left > 0) break; // it needs another one
        path.push(view);
        for (let index = start; index < path.length; index++) path[index]?.line?.pause();
      }
    }
  } finally {
    while (path.length > start) path.pop(); // mostly none is left: setting the length takes longer
    nested--;
  }
}

/** The first result on the way down from a view to the base; the views above it are in the path then. */
function down(tower: Tower, from: View | undefined, serving: View | undefined): Result | Nothing {
  for (let view = from; view !== undefined; view = view.under.top) {
    if (view !== serving && view.line?.busy === true) return nothing; // those who wait there come first
    const result = view.ready();
    if (result !== nothing) return result;
    path.push(view);
    if (view.stopped) return nothing;
  }
  return taken(tower);
}

/** The next view above, which leaves the path. */
function above(start: number): View | undefined {
  return path.length > start ? path.pop() : undefined;
}

/** What a view of the path gives when nothing more comes from below now. */
function starved(start: number): Result | Nothing {
  for (let view = above(start); view !== undefined; view = above(start)) {
    const result = view.starved();
    if (result !== nothing) return result;
  }
  return nothing;
}

/** What the base gives now; its failure is an end. */
function taken({ base, inner, origin }: Tower): Result | Nothing {
  let result: Result | Nothing;
  try {
    result = base.prepare().attempt();
  } catch (error) {
    result = new Failure(error);
  }
  if (result !== nothing && result.done === true && !inner) origin.sawEnd(result);
  return result;
}

/** A waiter of the flow's own, which may stand at the base: what that hands over goes through the receive, and comes back. */
export interface OwnWaiter extends Waiter {
  /** The receive that it stands there for. */
  via: Pulling | undefined;
}

/** How a receive gives what it has pulled: as `receive` does, as `next` does, or with failures as results. */
export type Form = "value" | "result" | "raw";

/** A receive of a flow. */
export class Pulling extends Enclosing<Result, unknown> {
  readonly tower: Tower;
  readonly form: Form;
  #line: Line | undefined = undefined;
  #gates: View[] = [];
  #maps: View[] = [];
  #known = false;
  /** Every view is a function over each value, so that nothing is to be asked of them on the way down. */
  #plain = true;

  constructor(tower: Tower, form: Form) {
    super(tower.base);
    this.tower = tower;
    this.form = form;
  }

  override toString(): string {
    return `to receive from flow ${JSON.stringify(this.tower.origin.name)}`;
  }

  override describe(): string {
    const inside = this.tower.origin.sourceWaitsFor;
    return inside === undefined ? this.toString() : `${this.toString()}, whose source ${waitingFor("waits in", inside)}`;
  }

  override prepare(): Performable<unknown> {
    return (this.inner.traits & Prepares) === 0 || this.#lineOf() ? this : super.prepare();
  }

  protected override like(base: Performable<Result>): Pulling {
    return new Pulling({ ...this.tower, base }, this.form);
  }

  /** An attempt may run functions of the views, and so may what is given. */
  override get traits(): number {
    const { base, top } = this.tower;
    return top === undefined ? base.traits : base.traits | ResultIsDeferred;
  }

  override attempt(key?: CaseKey): unknown {
    if (!this.#known) this.#learn();
    const result = this.#plain ? taken(this.tower) : pull(this.tower);
    return result === nothing ? nothing : this.#given(this.#plain ? this.#through(result) : result, key);
  }

  override enlist(waiter: Waiter): void {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the first on the way down
    let at: Pulling = this;
    for (let line = at.#lineOf(); line !== undefined; line = at.#lineOf()) {
      const below = line.join(waiter, at);
      if (below === undefined) return;
      ({ waiter, at } = below);
    }
    at.#enlistAtBase(waiter);
  }

  #enlistAtBase(waiter: Waiter): void {
    super.enlist(waiter);
  }

  /** Let a waiter of the flow's own stand at the base itself, if no view below has a line. */
  standsAtBase(waiter: OwnWaiter): boolean {
    if (this.#lineOf() !== undefined) return false;
    waiter.via = this;
    this.inner.enlist(waiter);
    return true;
  }

  /** Handed over by the base. */
  override happened(waiter: Waiter, _key: CaseKey | undefined, how: Outcome, what: unknown): void {
    const { inner, origin } = this.tower;
    if (!inner) {
      if (how === "error") origin.sawEnd(new Failure(what));
      else if (how === "value" && (what as Result).done === true) origin.sawEnd(what as Result);
    }
    this.hand(waiter, how, what);
  }

  /** Let a waiter, which has left its place, have what was handed over to it. `last`: nothing is left to do in this turn. */
  hand(waiter: Waiter, how: Outcome, what: unknown, last = false): void {
    const gates = this.#gates;
    const passes = gates.length === 0 || how === "error" || (what as Partial<Result>).done === true || gates.every((gate) => gate.pass?.());
    this.#resume(waiter, passes ? how : "value", passes ? what : end, last && gates.length === 0);
    for (const gate of gates) gate.passed?.();
  }

  #resume(waiter: Waiter, how: Outcome, what: unknown, last: boolean): void {
    const { key } = waiter;
    if (how === "result" || (this.#maps.length > 0 && how === "value" && (what as Result).done !== true)) waiter.resume("result", this.#later(how, what, key), last);
    else {
      let given: unknown;
      try {
        given = this.#given(how === "error" ? new Failure(what) : (what as Result), key);
        how = "value";
      } catch (error) {
        given = error;
        how = "error";
      }
      waiter.resume(how, given, last);
    }
  }

  /** A function of its own: one that makes a closure allocates at every call, also where it makes none. */
  #later(how: Outcome, what: unknown, key: CaseKey | undefined): () => unknown {
    return () => this.#given(this.#through(how === "result" ? lateResult(what as () => Result) : (what as Result)), key);
  }

  #through(result: Result): Result {
    if (result.done === true || this.#maps.length === 0) return result;
    let { value } = result;
    for (const map of this.#maps) value = map.apply?.(value);
    return { done: false, value };
  }

  #given(result: Result, key: CaseKey | undefined): unknown {
    if (this.form === "raw") return result;
    if (result.done !== true) return this.form === "value" ? result.value : result;
    if (result instanceof Failure && this.tower.origin.received(result.error)) throw result.error;
    if (this.form === "value") throw this.#closed(key);
    return { done: true, value: undefined };
  }

  /** The line that waiters stand in; with it the exact views above are known. */
  #lineOf(): Line | undefined {
    if (!this.#known) this.#learn();
    return this.#line;
  }

  #learn(): void {
    this.#known = true;
    for (let view = this.tower.top; view !== undefined; view = view.under.top) {
      this.#line = view.line;
      if (view.apply) this.#maps.push(view);
      else this.#plain = false;
      if (this.#line) break;
      if (view.pass) this.#gates.push(view);
    }
    this.#gates.reverse();
    this.#maps.reverse();
  }

  #closed(key: CaseKey | undefined): ClosedError {
    const { name, reason } = this.tower.origin;
    return new ClosedError(`receive from flow ${JSON.stringify(name)}, which is over: nothing is left; next() and for await see the end as data`, {
      cause: reason,
      case: key,
    });
  }
}

/** The result of a source that finds it out in the receiver's turn. */
function lateResult(late: () => Result): Result {
  try {
    return late();
  } catch (error) {
    return new Failure(error);
  }
}
