/**
 * A value that is leased, in somebody's hand.
 *
 * 1. It is settled once. A second time is a mistake, and nothing is sent.
 * 2. Its lease runs by the local clock as well: once that says that it is over, the lease is lost, whatever the engine would say.
 * 3. Given back, it is at once available to others, and that uses up no attempt.
 *
 *        leased ─┬─ done ───► confirmed by the engine          the lease runs out ─► lost: `signal` aborts
 *                ├─ retry ──► again later, or rejected
 *                └─ reject ─► stored with the dead letters, then done
 *
 * Idea: the deliveries of AMQP, the visibility timeout of SQS.
 */
import { perform, promised } from "../core/perform.ts";
import { enqueue } from "../core/scheduler.ts";
import { handedOut } from "../platform/signals.ts";
import { withFacts } from "../support/printing.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { TimedOut, type Leased } from "./broker.ts";
import { UnknownOutcomeError } from "./errors.ts";
import { checkedMs } from "./names.ts";
import type { Delivery, QueueRetryOptions } from "./queue-types.ts";
import type { QueueState } from "./queue-state.ts";

const retryOptions: Known<QueueRetryOptions> = { after: true, reason: true };

export class LeasedDelivery<T> implements Delivery<T> {
  readonly value: T;
  readonly #leased: Leased;
  readonly #queue: QueueState;
  #leasedUntil: number;
  #settled: string | undefined = undefined;
  #lost: UnknownOutcomeError | undefined = undefined;
  #abort: AbortController | undefined = undefined;
  #reason: unknown = undefined;
  #aborted = false;
  #disarm: (() => void) | undefined = undefined;

  constructor(queue: QueueState, leased: Leased, value: T) {
    this.#queue = queue;
    this.#leased = leased;
    this.value = value;
    this.#leasedUntil = queue.client.now + queue.lease;
  }

  get id(): string {
    return this.#leased.id;
  }

  get attempt(): number {
    return this.#leased.attempt;
  }

  get sentAt(): Date {
    return this.#leased.sentAt;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = handedOut();
      if (this.#aborted) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  toString(): string {
    return withFacts(`Delivery ${JSON.stringify(this.id)} of ${this.#queue.title}`, this.#settled ?? (this.#lost ? "lost" : ""));
  }

  /** Whether it is neither settled nor lost. */
  get inHand(): boolean {
    return this.#settled === undefined && this.#lost === undefined;
  }

  // -- Its lease --

  /** Nobody extends it but the one who has it: look after its end. */
  watch(): this {
    this.#disarm?.();
    this.#disarm = this.#queue.client.arm(this.#leasedUntil - this.#queue.client.now, () => { this.lose(); }, true);
    return this;
  }

  /** The lease has run out. */
  lose(): void {
    if (!this.inHand) return;
    this.#lost = new UnknownOutcomeError(`the lease of ${JSON.stringify(this.id)} of ${this.#queue.title} has run out: somebody else may get it. Work that keeps the event loop busy belongs into a thread; a longer lease is the option lease`);
    this.#let();
    this.abort(this.#lost);
  }

  /** Have `signal` abort. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const abort = this.#abort;
    if (abort) enqueue({ run: () => { abort.abort(reason); } });
  }

  /** Extend the lease, unless it has run out. */
  renew(): void {
    if (!this.inHand) return;
    const { client, lease } = this.#queue;
    if (client.now >= this.#leasedUntil) this.lose();
    else if (client.connected) {
      this.#leased.extend();
      this.#leasedUntil = client.now + lease;
    }
  }

  #let(): void {
    this.#disarm?.();
    this.#disarm = undefined;
  }

  // -- Settling it --

  /** It is being settled now; throws if it was, or if its lease is lost. */
  #settle(how: string): void {
    if (this.#settled !== undefined) throw new TypeError(`${how}: ${JSON.stringify(this.id)} of ${this.#queue.title} was settled before, by ${this.#settled}; a delivery is settled once`);
    this.#queue.client.checkOpen(`${how} of ${this.#queue.title}`);
    if (this.#queue.client.now >= this.#leasedUntil) this.lose();
    if (this.#lost) throw this.#lost;
    this.#settled = how;
    this.#let();
  }

  done(): Promise<void> {
    return promised(() => {
      this.#settle("done");
      return this.#confirmed("done");
    });
  }

  retry(options: QueueRetryOptions = {}): Promise<void> {
    return promised(() => {
      const { after, reason } = knownOptions(options, retryOptions, "retry");
      if (after !== undefined) checkedMs(after, 0, "the option after of retry");
      return this.#retry("retry", after, reason);
    });
  }

  #retry(how: string, after: number | undefined, reason: unknown): Promise<void> {
    this.#settle(how);
    const queue = this.#queue;
    if (queue.used(this.#leased) >= queue.attempts) return this.#bury(reason ?? new Error(`it was retried at the last of its ${queue.attempts} attempts`));
    this.#leased.nak(after ?? queue.backoff(queue.used(this.#leased)));
    return Promise.resolve();
  }

  reject(reason?: unknown): Promise<void> {
    return promised(() => {
      this.#settle("reject");
      return this.#bury(reason ?? new Error("it was rejected"));
    });
  }

  extend(): Promise<void> {
    return promised(() => {
      const queue = this.#queue;
      queue.client.checkOpen(`extend of ${queue.title}`);
      if (this.#settled !== undefined) throw new TypeError(`extend: ${JSON.stringify(this.id)} of ${queue.title} was settled before, by ${this.#settled}`);
      this.renew();
      if (this.#lost) throw this.#lost;
      if (this.#disarm) this.watch();
      return Promise.resolve();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#settled === undefined && !this.#lost && !this.#queue.client.over ? promised(() => this.#retry("its disposal", undefined, undefined)) : Promise.resolve();
  }

  /** Done by `serve`, which does not wait for a confirmation: one that is lost comes again. */
  acknowledge(): void {
    if (!this.inHand) return;
    this.#settled = "done";
    this.#let();
    this.#leased.ack();
  }

  /** Its handler has failed. Fulfils when that is settled. */
  failed(reason: unknown): Promise<void> {
    return this.inHand && !this.#queue.client.over ? promised(() => this.#retry("retry", undefined, reason)) : Promise.resolve();
  }

  /** Nobody has done anything with it. */
  giveBack(): void {
    if (!this.inHand) return;
    this.#settled = "giving it back";
    this.#let();
    this.#queue.giveBack(this.#leased);
  }

  async #bury(reason: unknown): Promise<void> {
    await this.#queue.bury(this.#leased, { value: this.value }, reason);
  }

  /** Ask for the confirmation until it is there. */
  #confirmed(how: string): Promise<void> {
    const { client, title } = this.#queue;
    const leased = this.#leased;
    return perform(client.operation<undefined>(`${how} of ${title}`, (settle) => {
      const { patience } = client.settings;
      let over = false;
      const end = (): void => {
        over = true;
        disarm();
      };
      const disarm = client.arm(patience, () => {
        over = true;
        settle.error(new UnknownOutcomeError(`${how} of ${title}: no confirmation for ${patience} ms, so ${JSON.stringify(this.id)} may come again`));
      });
      const ask = (): void => {
        if (over) return;
        if (!client.connected) {
          client.arm(Math.min(patience / 8, 100), ask);
          return;
        }
        leased.acked({ timeout: Math.max(1, patience / 4) }).then(() => {
          if (over || client.frozen) return;
          end();
          settle.value(undefined);
        }, (error: unknown) => {
          if (over || client.frozen) return;
          if (error instanceof TimedOut) ask();
          else client.arm(Math.min(patience / 8, 100), ask);
        });
      };
      ask();
      return end;
    }));
  }
}
