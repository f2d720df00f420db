/**
 * An iterator over values that are made from those of another receiver.
 */
import { Iteration } from "../channel/iteration.ts";
import type { Operation } from "../core/operation.ts";
import { perform } from "../core/perform.ts";

type Nexting<T> = Operation<IteratorResult<T, undefined>>;

/** The iterator of a receiver that makes something else of what it gets from another one. */
export class Through<T, U> extends Iteration<U> {
  readonly #inner: { nexting(): Nexting<T>; leave(): void };
  readonly #through: (nexting: Nexting<T>) => Nexting<U>;

  constructor(inner: { nexting(): Nexting<T>; leave(): void }, through: (nexting: Nexting<T>) => Nexting<U>) {
    super();
    this.#inner = inner;
    this.#through = through;
  }

  protected take(): Promise<IteratorResult<U, undefined>> {
    return perform(this.#through(this.#inner.nexting()));
  }

  protected leave(): void {
    this.#inner.leave();
  }
}
