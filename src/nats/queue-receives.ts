/**
 * Receiving from a log, one value for each who waits: nothing is read ahead.
 *
 * 1. Each who waits asks for one lease. A value that comes when nobody waits any more is given back at once.
 * 2. A question whose asker has left is withdrawn a little later: a loop around a `select` asks again at once, and takes it over.
 *
 * Idea: pull consumers of JetStream, as receives.
 */
import type { Operation } from "../core/operation.ts";
import { enqueue } from "../core/scheduler.ts";
import { ClosedError } from "../errors.ts";
import { Chain, type Linked } from "../support/chain.ts";
import type { Leased } from "./broker.ts";
import type { Part, Settle } from "./client.ts";
import { LeasedDelivery } from "./delivery.ts";
import type { Delivery } from "./queue-types.ts";
import type { QueueState } from "./queue-state.ts";

interface Receiver<T> extends Linked<Receiver<T>> {
  readonly settle: Settle<Delivery<T> | undefined>;
}

export class QueueReceives<T> implements Part {
  before: Part | undefined = undefined;
  after: Part | undefined = undefined;
  readonly #queue: QueueState;
  readonly #line = new Chain<Receiver<T>>();
  #waiting = 0;
  readonly #questions = new Set<AbortController>();
  #looksSoon = false;
  #closed = false;

  constructor(queue: QueueState) {
    this.#queue = queue;
    queue.client.join(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Gives `undefined` at the end, if `asResult`; otherwise fails there. */
  receiving(asResult: boolean): Operation<Delivery<T> | undefined> {
    return this.#queue.client.operation<Delivery<T> | undefined>(`receive on ${this.#queue.title}`, (settle) => {
      const receiver: Receiver<T> = {
        before: undefined, after: undefined,
        settle: { value: (delivery) => { settle.value(delivery); }, error: (error) => { if (asResult) settle.value(undefined); else settle.error(error); } },
      };
      if (this.#closed) {
        receiver.settle.error(this.#ended());
        return () => { /* it has not begun */ };
      }
      let inLine = true;
      this.#line.add(receiver);
      this.#waiting++;
      this.#ask();
      return () => {
        if (!inLine || (receiver.before === undefined && this.#line.first !== receiver)) return;
        inLine = false;
        this.#line.remove(receiver);
        this.#waiting--;
        this.#lookSoon();
      };
    });
  }

  #ended(): ClosedError {
    return new ClosedError(`receive on ${this.#queue.title}: this end is closed`);
  }

  // -- Questions --

  #ask(): void {
    while (this.#questions.size < this.#waiting && !this.#queue.client.over) {
      const question = new AbortController();
      this.#questions.add(question);
      void this.#follow(question);
    }
  }

  async #follow(question: AbortController): Promise<void> {
    try {
      for await (const leased of this.#queue.log.lease(1, { signal: question.signal })) {
        this.#questions.delete(question);
        this.#came(leased);
        this.#lookSoon();
      }
    } catch (error) {
      if (!question.signal.aborted && !this.#queue.client.over) this.#fail(error);
    } finally {
      this.#questions.delete(question);
      this.#ask();
    }
  }

  #came(leased: Leased): void {
    if (this.#queue.client.frozen) return;
    const { first } = this.#line;
    if (first === undefined) {
      this.#queue.giveBack(leased);
      return;
    }
    const opened = this.#queue.opened(leased);
    if (opened === undefined) return;
    this.#line.remove(first);
    this.#waiting--;
    first.settle.value(new LeasedDelivery<T>(this.#queue, leased, opened.value as T).watch());
  }

  /** The engine refuses: all who wait hear of it. */
  #fail(error: unknown): void {
    for (let { first } = this.#line; first; { first } = this.#line) {
      this.#line.remove(first);
      this.#waiting--;
      first.settle.error(error);
    }
  }

  #lookSoon(): void {
    if (this.#looksSoon) return;
    this.#looksSoon = true;
    enqueue({
      run: () => {
        this.#looksSoon = false;
        for (const question of this.#questions) {
          if (this.#questions.size <= this.#waiting) break;
          this.#questions.delete(question);
          question.abort();
        }
      },
    });
  }

  close(): void {
    this.#closed = true;
    this.#fail(this.#ended());
    this.#lookSoon();
  }

  // -- The connection --

  connected(): void { /* the log asks again by itself */ }

  disconnected(): void { /* questions stay */ }

  ended(): undefined {
    for (const question of this.#questions) question.abort();
    this.#questions.clear();
  }
}
