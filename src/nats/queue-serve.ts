/**
 * Serving a queue: a handler for each value, in a scope.
 *
 * 1. At most `concurrency` handlers run. What is leased ahead of them is as much as they finish in a short while, and nothing where they are slow: so
 *    a slow worker does not sit on work that others could do.
 * 2. All that is leased is extended, by one timer, until it is settled.
 * 3. Cancelled, it asks for no more and gives back at once what has not begun; handlers are cancelled, and what they did not finish is given back
 *    when they have ended. The scope ends after that.
 *
 *        leased ─► ready ─► handler ─┬─ fulfils ──► done
 *                    │               ├─ rejects ──► retry, or the dead letters
 *                    └── cancelled ──┴─ cancelled ► given back
 *
 * Idea: the consumers of AMQP, with a prefetch that sets itself.
 */
import { performIn } from "../core/perform.ts";
import type { AsyncContext } from "../platform/async-context.ts";
import { captured } from "../platform/async-context.ts";
import { operation } from "../ops/source.ts";
import { Queue } from "../support/queue.ts";
import type { Body } from "../task/body.ts";
import { ChildTask, type ParentOfTasks } from "../task/child.ts";
import type { CancelScope } from "../task/cancel/cancel-scope.ts";
import type { ScopeState } from "../task/scope/scope-state.ts";
import type { Leased } from "./broker.ts";
import type { Part, Settle } from "./client.ts";
import { LeasedDelivery } from "./delivery.ts";
import type { QueueState } from "./queue-state.ts";

/** What is leased ahead is what handlers finish in so many milliseconds, and at most so much. */
const ahead = { ms: 50, most: 500 };

export class Serving implements ParentOfTasks, Part {
  before: Part | undefined = undefined;
  after: Part | undefined = undefined;
  readonly #queue: QueueState;
  readonly #state: ScopeState;
  readonly #handler: Body<unknown[], unknown>;
  readonly #concurrency: number;
  readonly #context: AsyncContext | undefined = captured();
  readonly #held = new Set<LeasedDelivery<unknown>>();
  readonly #ready = new Queue<LeasedDelivery<unknown>>();
  readonly #running = new Map<ChildTask<unknown>, { readonly delivery: LeasedDelivery<unknown>; readonly since: number }>();
  /** One at a time, so that values come in order. */
  #question: AbortController | undefined = undefined;
  /** How many may be leased beyond those that run. */
  #ahead = 0;
  /** How long a handler takes, in milliseconds: the recent ones count most. */
  #takes: number | undefined = undefined;
  #settling = 0;
  #stopped = false;
  #end: Settle<undefined> | undefined = undefined;
  readonly #toGiveBack: LeasedDelivery<unknown>[] = [];
  #whenAtRest: (() => void) | undefined = undefined;
  #ending: (() => void) | undefined = undefined;
  #disarm: (() => void) | undefined = undefined;

  constructor(queue: QueueState, state: ScopeState, handler: Body<unknown[], unknown>, concurrency: number) {
    this.#queue = queue;
    this.#state = state;
    this.#handler = handler;
    this.#concurrency = concurrency;
  }

  get cancelScope(): CancelScope {
    return this.#state.cancelScope;
  }

  /** Until it is closed, cancelled, or fails. */
  async run(): Promise<void> {
    const { client } = this.#queue;
    client.join(this);
    try {
      await performIn(this.cancelScope, client.operation<undefined>(`serve of ${this.#queue.title}`, (settle) => {
        this.#end = settle;
        this.#renewLater();
        this.#ask();
        return () => { this.#stop(); };
      }));
    } finally {
      this.#stop();
    }
  }

  /** After body and handlers: what is being settled is waited for, and nothing is left. */
  async finish(): Promise<void> {
    await performIn(undefined, operation<undefined>({
      name: `the end of serve of ${this.#queue.title}`,
      resumed: this.#queue.client.broker.resumed ?? "from outside",
      poll: () => (this.#settling === 0 && this.#question === undefined ? (): undefined => undefined : undefined),
      wait: (resume) => {
        this.#whenAtRest = (): void => { resume(() => undefined); };
        return () => { this.#whenAtRest = undefined; };
      },
    }));
    this.#disarm?.();
    this.#queue.log.flush?.();
    this.#queue.client.leave(this);
  }

  /** This end of the queue is closed: no more is asked for, and what runs comes to its end. */
  close(): void {
    this.#stop();
    this.#end?.value(undefined);
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#queue.client.frozen) return;
    this.#question?.abort();
    while (this.#ready.size > 0) this.#giveBack(this.#ready.shift());
    if (this.cancelScope.cancelError !== undefined) for (const delivery of this.#held) delivery.abort(this.cancelScope.cancelError);
  }

  /** Once nothing is asked for any more: what is given back before that would come here again. */
  #giveBack(delivery: LeasedDelivery<unknown>): void {
    if (this.#question !== undefined) {
      this.#toGiveBack.push(delivery);
      return;
    }
    this.#held.delete(delivery);
    delivery.giveBack();
  }

  #restsNow(): void {
    if (this.#question === undefined) this.#ending?.();
    if (this.#settling === 0 && this.#question === undefined) this.#whenAtRest?.();
  }

  // -- Leasing --

  #ask(): void {
    if (this.#stopped || this.#question !== undefined) return;
    const wanted = Math.min(ahead.most, this.#concurrency) + this.#ahead;
    const here = this.#running.size + this.#ready.size;
    // In few big questions rather than many small ones.
    if (here >= wanted || (here > 3 * wanted / 4 && this.#ready.size > 0)) return;
    void this.#follow((this.#question = new AbortController()), wanted - here);
  }

  async #follow(question: AbortController, count: number): Promise<void> {
    try {
      for await (const leased of this.#queue.log.lease(count, { signal: question.signal })) {
        this.#came(leased);
      }
    } catch (error) {
      if (!this.#stopped && !this.#queue.client.over) this.#end?.error(error);
    } finally {
      this.#question = undefined;
      for (const delivery of this.#toGiveBack.splice(0)) this.#giveBack(delivery);
      this.#ask();
      this.#restsNow();
    }
  }

  #came(leased: Leased): void {
    if (this.#queue.client.frozen) return;
    if (this.#stopped) {
      this.#giveBack(new LeasedDelivery<unknown>(this.#queue, leased, undefined));
      return;
    }
    const opened = this.#queue.opened(leased);
    if (opened === undefined) return;
    const delivery = new LeasedDelivery<unknown>(this.#queue, leased, opened.value);
    this.#held.add(delivery);
    this.#ready.push(delivery);
    this.#begin();
  }

  #renewLater(): void {
    const { client, lease } = this.#queue;
    this.#disarm = client.arm(lease / 3, () => {
      for (const delivery of this.#held) delivery.renew();
      this.#renewLater();
    }, true);
  }

  // -- Handling --

  #begin(): void {
    while (this.#running.size < this.#concurrency && this.#ready.size > 0) {
      const delivery = this.#ready.shift();
      if (!delivery.inHand) this.#held.delete(delivery); // its lease has run out, ready as it was
      else if (this.#context) this.#context.runInAsyncScope(() => { this.#start(delivery); });
      else this.#start(delivery);
    }
  }

  #start(delivery: LeasedDelivery<unknown>): void {
    const task = new ChildTask<unknown>(this, this.#handler, [delivery.value, delivery]);
    this.#running.set(task, { delivery, since: this.#queue.client.now });
  }

  childEnded(child: ChildTask<unknown>, outcome: unknown): void {
    const running = this.#running.get(child);
    this.#running.delete(child);
    if (running === undefined || this.#queue.client.frozen) return;
    const { delivery, since } = running;
    if (child.state === "cancelled") this.#giveBack(delivery);
    else this.#held.delete(delivery);
    if (child.state === "done") delivery.acknowledge();
    else if (child.state === "failed") {
      this.#settling++;
      delivery.failed(outcome).catch((error: unknown) => { this.#queue.client.report(error); }).finally(() => {
        this.#settling--;
        this.#restsNow();
      });
    }
    this.#adapt(this.#queue.client.now - since);
    this.#begin();
    this.#ask();
  }

  /** At most twice as much ahead as before. */
  #adapt(took: number): void {
    this.#takes = this.#takes === undefined ? took : this.#takes + (took - this.#takes) / 8;
    const inTime = this.#takes <= 0 ? ahead.most : Math.floor((this.#concurrency * ahead.ms) / this.#takes);
    this.#ahead = Math.min(inTime, ahead.most, 2 * this.#ahead + 1);
  }

  // -- The connection --

  connected(): void { /* the log asks again by itself */ }

  disconnected(): void { /* leases run on */ }

  /** The remote ends: what is held is given back before the connection is left alone. */
  ended(): Promise<void> | undefined {
    this.#stop();
    if (this.#queue.client.broker.closed !== undefined) return undefined;
    for (const { delivery } of this.#running.values()) this.#giveBack(delivery);
    return this.#question && new Promise((resolve) => {
      this.#ending = resolve;
    });
  }
}
