/**
 * Iterators as sources: of a web stream's reader, of anything asynchronous, of anything synchronous.
 *
 * 1. At most one `next()` is under way, and none is begun by a poll. What arrives for a receive that was withdrawn meanwhile is for the next
 *    one.
 * 2. The end and an error stay, though iterators tell them once.
 *
 * A synchronous one is asked in the receiver's own turn.
 */
import { contexts, type AsyncContext } from "../../platform/async-context.ts";
import { External, nothing, ResultIsDeferred, RunsUserCode, type Nothing } from "../../core/operation.ts";
import { touch } from "../../core/controller.ts";
import type { Waiter } from "../../core/wait-queue.ts";
import { show } from "../../errors.ts";
import { Origin, type Ownership } from "../origin.ts";
import { end, Failure, opened, Receive, type Result } from "../result.ts";
import { SourceScope } from "./source-scope.ts";

/** What gives one value after the other, and how it is left. */
export interface Supply {
  next(): PromiseLike<IteratorResult<unknown, unknown>>;
  /** End it. `underWay`: the last `next` has not settled. What it gives is waited for. */
  stop(reason: unknown, underWay: boolean): unknown;
  /** Let go of it: it goes on for others, or has ended by itself. */
  release?(): void;
}

export class SupplyOrigin extends Origin {
  readonly operation: Arrivals;

  constructor(supply: Supply, ownership: Ownership) {
    super(ownership);
    this.operation = new Arrivals(supply, ownership.name, (value) => { this.drop(value); });
  }

  override get sourceWaitsFor(): string | undefined {
    return this.operation.sourceWaitsFor;
  }

  protected override stop(reason: unknown): unknown {
    return this.operation.stop(reason);
  }

  protected override release(): void {
    this.operation.release();
  }
}

/** A receive of what arrives one after the other. */
class Arrivals extends Receive {
  readonly #supply: Supply;
  readonly #drop: (value: unknown) => void;
  /** What has arrived and nobody has received; or the end, which stays. */
  #arrived: Result | undefined = undefined;
  #underWay = false;
  readonly #scope: SourceScope;

  constructor(supply: Supply, name: string, drop: (value: unknown) => void) {
    super(name);
    this.#supply = supply;
    this.#drop = drop;
    this.#scope = new SourceScope(name);
  }

  /** What the source waits for, for reports. */
  get sourceWaitsFor(): string | undefined {
    return this.#scope.waitsFor;
  }

  /** A `next()` is the user's. */
  override get traits(): number {
    return RunsUserCode | External;
  }

  override attempt(): Result | Nothing {
    touch(this.line);
    const arrived = this.#arrived;
    if (arrived === undefined || !this.line.empty) return nothing;
    if (arrived.done !== true) this.#arrived = undefined;
    return opened(arrived);
  }

  override enlist(waiter: Waiter): void {
    // Whoever comes behind others has its own context: its value is asked for later.
    waiter.slot = this.#underWay && contexts?.isEmpty() === false ? contexts.snapshot() : undefined;
    super.enlist(waiter);
    if (!this.#underWay) this.#ask();
  }

  #ask(): void {
    this.#underWay = true;
    let asked: PromiseLike<IteratorResult<unknown, unknown>>;
    try {
      asked = Promise.resolve(this.#scope.run(this.#next));
    } catch (error) {
      this.#underWay = false;
      this.#over(new Failure(error));
      return;
    }
    this.#scope.asked();
    asked.then(this.#arrives, this.#fails);
  }

  readonly #next = (): PromiseLike<IteratorResult<unknown, unknown>> => this.#supply.next();

  readonly #arrives = (result: IteratorResult<unknown, unknown>): void => {
    this.#answered();
    touch(this.line);
    if (this.#arrived) {
      if (result.done !== true) this.#drop(result.value); // it was left meanwhile
    } else if (typeof (result as unknown) !== "object" && typeof (result as unknown) !== "function") {
      this.#over(new Failure(new TypeError(`next() of the source of flow ${JSON.stringify(this.name)} gave ${show(result)}, which is no iterator's result`)));
    } else if (result.done === true) this.#over(end);
    else this.#give({ done: false, value: result.value });
  };

  #give(result: Result): void {
    const first = this.line.take();
    if (first) first.resume("value", result);
    else this.#arrived = result;
    const next = this.line.first;
    if (!next || this.#underWay) return;
    const context = next.slot as AsyncContext | undefined;
    if (context) context.runInAsyncScope(() => { this.#ask(); });
    else this.#ask();
  }

  readonly #fails = (error: unknown): void => {
    this.#answered();
    if (this.#arrived === undefined || this.#arrived.done !== true) this.#over(new Failure(error));
  };

  #answered(): void {
    this.#underWay = false;
    this.#scope.answered();
  }

  #over(how: Result): void {
    this.#arrived = how;
    this.#supply.release?.();
    this.tellEnd(how);
  }

  stop(reason: unknown): unknown {
    const underWay = this.#underWay;
    this.#leave();
    if (underWay) this.#scope.cancel(reason);
    return this.#supply.stop(reason, underWay);
  }

  release(): void {
    this.#leave();
    this.#supply.release?.();
  }

  /** The flow is left: whoever waits sees the end, and what was not received is dropped. */
  #leave(): void {
    const held = this.#arrived;
    this.#arrived = end;
    if (held && held.done !== true) this.#drop(held.value);
    this.tellEnd(end);
  }
}

/** What an asynchronous iterator supplies. A `return()` that would stand behind a `next()` is not waited for. */
export function supplyOf(iterator: AsyncIterator<unknown, unknown>): Supply {
  return {
    next: () => iterator.next(),
    stop: (_reason, underWay) => {
      const returned = iterator.return?.();
      return underWay ? undefined : returned;
    },
  };
}

/** What a web stream supplies, which is locked from here on. */
export function readingOf(stream: ReadableStream<unknown>): Supply {
  const reader = stream.getReader();
  return {
    next: () => reader.read(),
    stop: (reason) => {
      const cancelling = reader.cancel(reason);
      reader.releaseLock();
      return cancelling;
    },
    release: () => { reader.releaseLock(); },
  };
}

/** A synchronous iterator as a source. */
export class IteratorOrigin extends Origin {
  readonly operation: Stepping;
  readonly #iterator: Iterator<unknown, unknown>;

  constructor(iterator: Iterator<unknown, unknown>, ownership: Ownership) {
    super(ownership);
    this.#iterator = iterator;
    this.operation = new Stepping(iterator, ownership.name);
  }

  protected override stop(): void {
    this.operation.over = end;
    this.#iterator.return?.();
  }

  protected override release(): void {
    this.operation.over = end;
  }
}

class Stepping extends Receive {
  readonly #iterator: Iterator<unknown, unknown>;
  over: Result | undefined = undefined;

  constructor(iterator: Iterator<unknown, unknown>, name: string) {
    super(name);
    this.#iterator = iterator;
  }

  /** An attempt runs code of the user. */
  override get traits(): number {
    return ResultIsDeferred;
  }

  override attempt(): Result {
    this.footprint();
    if (!this.over) {
      try {
        const result = this.#iterator.next();
        if (result.done !== true) return { done: false, value: result.value };
        this.over ??= end;
      } catch (error) {
        this.over ??= new Failure(error);
      }
    }
    return opened(this.over);
  }

  override enlist(waiter: Waiter): void {
    waiter.resume("result", () => this.attempt());
  }
}
