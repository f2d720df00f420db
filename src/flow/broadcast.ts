/**
 * Broadcast: every subscriber gets every value.
 *
 * 1. A send goes to all subscribers in one step, when all of them can take it; until then nobody has it. So a withdrawn send was received by nobody.
 * 2. A subscriber can take a value if somebody receives from it, if it has room, or by its own `overflow`. One that leaves lets a waiting send go on
 *    at once.
 * 3. A send is for those who were subscribed when it began to wait, as far as they still are. Senders are served first come, first served.
 * 4. Replayed values come before a subscriber's own, and take no room of it.
 *
 *        sender ─► line ─► all can take it? ─┬─ subscriber: receivers | room | overflow
 *                              ▲             └─ subscriber: ...
 *                              └── asked again when one receives, waits, or leaves, and when the first in line leaves
 *
 * Idea: core.async's `mult`, Kotlin's `SharedFlow`, as one exact operation: conjunction in place of choice.
 */
import { tellMade, touch } from "../core/controller.ts";
import type { ChannelOptions, Sender } from "../channel/channel-types.ts";
import { chan } from "../channel/channel.ts";
import { nothing, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import { Asking, type Asked } from "../ops/asking.ts";
import { Queue } from "../support/queue.ts";
import { WaitQueue, type Waiter } from "../core/wait-queue.ts";
import { ClosedError, misuse, type CaseKey } from "../errors.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { checkedCount, checkedName, Named } from "../support/named.ts";
import { counted } from "../support/printing.ts";
import { flowFrom, roomOf } from "./flow.ts";
import type { Flow } from "./flow-types.ts";
import { end, Failure, type Result } from "./result.ts";
import { Subscription, SubscriptionOrigin, type Spreading } from "./subscription.ts";

/** The options of {@link broadcast}. */
export interface BroadcastOptions {
  /**
   * How many of the last values a new subscriber gets first: a whole number from 0 up, or `Infinity`.
   *
   * @defaultValue 0
   */
  replay?: number | undefined;
  /** The name that errors and reports use. */
  name?: string | undefined;
}

/** A sender to any number of subscribers. Made by {@link broadcast}. */
export interface Broadcast<in out T> extends Sender<T> {
  /**
   * A flow of what is sent from now on, preceded by the last `replay` values. Cancelling it unsubscribes.
   *
   * @param options - how many values it has room for, or {@link ChannelOptions}. One; with 0 a send needs all such subscribers to wait in one moment
   * @throws RangeError for a bad capacity
   */
  subscribe(options?: number | ChannelOptions<T>): Flow<T>;
  /** How many are subscribed. */
  readonly subscribers: number;
  /** The name given to it, or one made of a number. */
  readonly name: string;
}

/**
 * Makes a sender whose values go to every subscriber, each exactly once.
 *
 * A send waits until all present subscribers can take the value, and then gives it to all in one step; withdrawn before, it was received by nobody. So
 * a subscriber that neither receives nor has room holds all up: give it room, or an `overflow`. Without a subscriber a send fulfils at once.
 *
 * `close` ends every subscription, in order, also later ones.
 *
 * @param options - `replay`, `name`
 * @throws RangeError for a bad `replay`
 *
 * @example
 * ```ts
 * import { broadcast } from "rendezvous/flow";
 *
 * const news = broadcast<string>();
 * const [one, other] = [news.subscribe(), news.subscribe()];
 * await news.send("hello");
 * console.log(await one.receive(), await other.receive()); // hello hello
 * ```
 *
 * Idea: core.async's `mult`, Kotlin's `SharedFlow`.
 */
export function broadcast<T>(options: BroadcastOptions = {}): Broadcast<T> {
  const { replay = 0, name } = knownOptions(options, broadcastOptions, "broadcast");
  checkedCount(replay, "the option replay of broadcast", 0);
  return new Broadcasting(replay, checkedName(name, "broadcast")) as Broadcast<unknown> as unknown as Broadcast<T>;
}

const broadcastOptions: Known<BroadcastOptions> = { replay: true, name: true };

/** What a waiting sender has in its slot. */
interface Message {
  readonly value: unknown;
  /** It is for subscribers up to this number. */
  readonly last: number;
}

class Broadcasting extends Named implements Broadcast<unknown>, Asked<unknown, undefined>, Spreading {
  readonly name: string;
  readonly #replay: number;
  readonly #replayed: Queue<unknown> = new Queue();
  readonly #subscriptions: Set<Subscription> = new Set();
  readonly #senders: SendLine = new SendLine(this);
  #numbers = 0;
  #end: Result | undefined = undefined;
  #advancing = false;
  readonly drops: (() => void)[] = [];

  constructor(replay: number, name: string) {
    super();
    this.#replay = replay;
    this.name = name;
    tellMade(this, this.#senders);
  }

  protected get title(): string {
    return `Broadcast ${JSON.stringify(this.name)}`;
  }

  protected facts(): (string | false)[] {
    const waiting = this.#senders.length;
    return [
      `${String(this.subscribers)} ${this.subscribers === 1 ? "subscriber" : "subscribers"}`,
      waiting > 0 && counted(waiting, "sender", "wait"), this.#end !== undefined && "closed",
    ];
  }

  // -- The sender --

  trySend(value: unknown): boolean {
    return this.claim(value) !== nothing;
  }

  send(value: unknown, options?: WaitOptions): Promise<void> {
    return perform(this.sending(value), options);
  }

  sending(value: unknown): Operation<void> {
    return new Asking(this, value);
  }

  get closed(): boolean {
    touch(this);
    return this.#end !== undefined;
  }

  get subscribers(): number {
    touch(this);
    return this.#subscriptions.size;
  }

  close(error?: unknown): boolean {
    touch(this, "close");
    if (this.#end) return false;
    this.#end = error === undefined ? end : new Failure(error);
    this.#tellEnd();
    return true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What those in line wait for. */
  asking(): string {
    return `to send on broadcast ${JSON.stringify(this.name)}`;
  }

  describe(): string {
    return this.asking();
  }

  /** Hand a value to all subscribers, now, if that is possible. */
  claim(value: unknown, key?: CaseKey): undefined | Nothing {
    touch(this, "send");
    if (this.#end) {
      const cause = this.#end instanceof Failure ? this.#end.error : undefined;
      throw new ClosedError(`send on closed broadcast ${JSON.stringify(this.name)}: nobody received the value; check closed first`, { cause, case: key });
    }
    if (!this.#senders.empty || !this.#deliver(value, this.#numbers)) return nothing;
    this.#dropAll();
    return undefined;
  }

  stand(waiter: Waiter, value: unknown): void {
    this.#senders.join(waiter, { value, last: this.#numbers } satisfies Message);
  }

  // -- Handing over --

  /** A value goes to all whom it is for, if all can take it; `besides`: one that takes it by itself. */
  #deliver(value: unknown, last: number, besides?: Subscription): boolean {
    for (const subscription of this.#subscriptions) {
      if (subscription.number <= last && subscription !== besides && !subscription.canTake) return false;
    }
    const { size } = this.#replayed;
    if (this.#replay > 0) {
      if (size === this.#replay) this.#replayed.shift();
      this.#replayed.push(value);
    }
    for (const subscription of this.#subscriptions) {
      if (subscription.number <= last && subscription !== besides) subscription.take(value);
    }
    return true;
  }

  /** Let waiting senders go on, as far as all subscribers can take their values. */
  advance(): void {
    if (this.#advancing) return; // the one under way looks again
    this.#advancing = true;
    for (let first = this.#senders.first; first; first = this.#senders.first) {
      const { value, last } = first.slot as Message;
      if (!this.#deliver(value, last)) break;
      this.#accept(first);
    }
    this.#advancing = false;
    this.#tellEnd();
    this.#dropAll();
  }

  /** A subscriber without room polls: it takes the value of the first in line, if all others can. */
  rendezvous(subscription: Subscription): { value: unknown } | undefined {
    const first = this.#senders.first;
    if (!first) return undefined;
    const { value, last } = first.slot as Message;
    this.#advancing = true;
    const met = subscription.number <= last && this.#deliver(value, last, subscription);
    if (met) this.#accept(first);
    this.#advancing = false;
    if (!met) return undefined;
    this.advance();
    return { value };
  }

  /** What was dropped by overflow goes to its hooks once the handover is complete. */
  #dropAll(): void {
    if (this.drops.length > 0) for (const drop of this.drops.splice(0)) drop();
  }

  /** A sender in line has sent. */
  #accept(sender: Waiter): void {
    this.#senders.withdraw(sender);
    sender.resume("value", undefined);
  }

  /** Closed, and nobody is left in line: subscribers see the end. */
  #tellEnd(): void {
    if (!this.#end || !this.#senders.empty) return;
    for (const subscription of [...this.#subscriptions]) subscription.ended(this.#end);
  }

  /** What subscribers see when they have received all; `undefined`: more may come. */
  get over(): Result | undefined {
    return this.#senders.empty ? this.#end : undefined;
  }

  // -- Subscribing --

  subscribe(options: number | ChannelOptions<unknown> = 1): Flow<unknown> {
    touch(this);
    if (typeof (options as unknown) === "function") throw misuse("subscribe", "a capacity or options and gives a flow, as for await (const value of topic.subscribe())", options);
    const room = checkedRoom(options);
    const subscription = new Subscription(this, ++this.#numbers, room, room.name ?? this.name, this.#replayed);
    this.#subscriptions.add(subscription);
    return flowFrom<unknown>(new SubscriptionOrigin(subscription, room.onDrop));
  }

  unsubscribe(subscription: Subscription): void {
    touch(this, "cancel");
    this.#subscriptions.delete(subscription);
    this.advance();
  }
}

/** The options of a subscription: those of a channel, with room for one value by default. */
function checkedRoom(options: number | ChannelOptions<unknown>): ChannelOptions<unknown> {
  const room = { capacity: 1, ...roomOf(options) };
  chan(room); // which checks them
  return room;
}

/** Those who wait to send. Whoever leaves first place may have held up those behind. */
class SendLine extends WaitQueue {
  readonly #broadcast: Broadcasting;

  constructor(broadcast: Broadcasting) {
    super(broadcast);
    this.#broadcast = broadcast;
  }

  override withdraw(waiter: Waiter): void {
    const wasFirst = waiter === this.first;
    super.withdraw(waiter);
    if (wasFirst) this.#broadcast.advance();
  }
}
