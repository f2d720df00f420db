/**
 * Channels between machines: at most once; two tasks meet.
 *
 * 1. A send fulfils when the receiver's process has taken the value into a receive that waits.
 * 2. A receive is a case of a `select`; a send is none, since it needs an answer from elsewhere.
 *
 * Idea: Go's `netchan`, with credit.
 */
import { Iteration, theEnd } from "../channel/iteration.ts";
import type { Receiver, Sender } from "../channel/channel-types.ts";
import { Choice } from "../core/choice.ts";
import { InnerWaiter } from "../core/inner-waiter.ts";
import { performable, Performable, type Nothing, type Operation, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import type { Waiter } from "../core/wait-queue.ts";
import type { CaseKey } from "../errors.ts";
import { checkedFunction, knownOptions, type Known } from "../support/given.ts";
import { withFacts } from "../support/printing.ts";
import { checkOf, type Validator } from "./codec.ts";
import type { Client } from "./client.ts";
import type { Exchange, Taker } from "./exchange.ts";
import type { Giver } from "./givers.ts";
import { checkedName } from "./names.ts";

/** How a channel between machines is made. */
export interface RemoteChannelOptions<T> {
  /** Checks each value before it is received. One that does not pass fails its send with a {@link RemoteError}. */
  validate?: Validator<T> | undefined;
  /** Told of each value whose send was aborted or cancelled on its way, and of which nobody knows whether it was taken. */
  onUnknown?: ((value: T, cause: unknown) => void) | undefined;
}

/** Tells a channel between machines from one of this process. */
export const remote: unique symbol = Symbol("remote");

/**
 * A channel between machines: at most once; two tasks meet. Made by {@link Remote.channel}.
 *
 * Idea: Go's `netchan`.
 */
export interface RemoteChannel<T> extends Sender<T>, Receiver<T> {
  /** Its name. */
  readonly name: string;
  /** A brand: a function that needs the guarantees of one process can refuse it. */
  readonly [remote]: true;
}

const channelOptions: Known<RemoteChannelOptions<never>> = { validate: true, onUnknown: true };

export function channelOver<T>(
  client: Client, exchangeOf: (name: string, title: string) => Exchange, name: string, options: RemoteChannelOptions<T> = {},
): RemoteChannel<T> {
  checkedName(name, "the name of a channel");
  const title = `channel ${JSON.stringify(name)}`;
  const { validate, onUnknown } = knownOptions(options, channelOptions, title);
  if (onUnknown !== undefined) checkedFunction(onUnknown, `onUnknown of ${title}`, "(value, cause) => log(value)");
  return new CreditChannel<T>(client, exchangeOf(name, title), checkOf(validate, title), onUnknown);
}

class CreditChannel<T> implements RemoteChannel<T> {
  readonly [remote] = true as const;
  readonly #client: Client;
  readonly #exchange: Exchange;
  readonly #check: (value: unknown) => T;
  readonly #onUnknown: ((value: T, cause: unknown) => void) | undefined;
  readonly trySend: (value: T) => boolean = () => false;

  constructor(client: Client, exchange: Exchange, check: (value: unknown) => T, onUnknown: ((value: T, cause: unknown) => void) | undefined) {
    this.#client = client;
    this.#exchange = exchange;
    this.#check = check;
    this.#onUnknown = onUnknown;
  }

  get name(): string {
    return this.#exchange.name;
  }

  get closed(): boolean {
    return this.#exchange.closed !== undefined;
  }

  toString(): string {
    return withFacts(`Remote ${this.#exchange.title}`, this.closed && "closed");
  }

  // -- Sending --

  send(value: T, options?: WaitOptions): Promise<void> {
    return promised(() => perform(this.sending(value), options));
  }

  sending(value: T): Operation<void> {
    const exchange = this.#exchange;
    const client = this.#client;
    const bytes = client.settings.codec.encode(value);
    const { maxBytes } = client.broker;
    if (bytes.length + 64 > maxBytes) throw new RangeError(`send on ${exchange.title}: a message has at most ${maxBytes} bytes; this one has ${bytes.length}`);
    const inner = client.operation<undefined>(`send on ${exchange.title}`, (settle) => {
      if (exchange.closed) {
        settle.error(exchange.closedError("send"));
        return () => { /* it has not begun */ };
      }
      const giver: Giver = {
        before: undefined, after: undefined, bytes, seq: 0, inbox: undefined, since: undefined, asked: false, left: false,
        taken: () => { if (!giver.left) settle.value(undefined); },
        failed: (error) => { if (!giver.left) settle.error(error); },
        unknown: (error) => { this.#tellUnknown(value, error); },
      };
      exchange.give(giver);
      return () => { exchange.leave(giver); };
    });
    return new RemoteSending(performable(inner, "send"), exchange.title);
  }

  #tellUnknown(value: T, error: unknown): void {
    try {
      this.#onUnknown?.(value, error);
    } catch (thrown) {
      this.#client.report(thrown);
    }
  }

  // -- Receiving --

  #receiving(asResult: boolean): Operation<IteratorResult<T, undefined>> {
    const exchange = this.#exchange;
    return this.#client.operation<IteratorResult<T, undefined>>(`receive on ${exchange.title}`, (settle) => {
      const end = (): void => {
        if (asResult) settle.value(theEnd());
        else settle.error(exchange.closedError("receive"));
      };
      if (exchange.closed) {
        end();
        return () => { /* it has not begun */ };
      }
      const taker: Taker = {
        before: undefined, after: undefined, end,
        take: (bytes) => { settle.value({ done: false, value: this.#check(this.#client.settings.codec.decode(bytes)) }); },
      };
      exchange.want(taker);
      return () => { exchange.unwant(taker); };
    });
  }

  receive(options?: WaitOptions): Promise<T> {
    return perform(this.receiving(), options);
  }

  receiving(): Operation<T> {
    return this.#receiving(false).map((result) => result.value as T);
  }

  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    return perform(this.nexting(), options);
  }

  nexting(): Operation<IteratorResult<T, undefined>> {
    return this.#receiving(true);
  }

  tryReceive(): IteratorResult<T, undefined> | undefined {
    return this.closed ? theEnd() : undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new Values(this);
  }

  // -- The end --

  close(error?: unknown): boolean {
    return this.#exchange.close(error);
  }

  cancel(reason?: unknown): boolean {
    return this.#exchange.close(reason);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A send, which is no case of a choice. */
class RemoteSending extends Performable<void> {
  readonly #inner: Performable<undefined>;
  readonly #title: string;

  constructor(inner: Performable<undefined>, title: string) {
    super();
    this.#inner = inner;
    this.#title = title;
  }

  override toString(): string {
    return String(this.#inner);
  }

  override get traits(): number {
    return this.#inner.traits;
  }

  override footprint(): void {
    this.#inner.footprint();
  }

  #refused(): TypeError {
    return new TypeError(`a send on ${this.#title} is no case: whether it has happened is known elsewhere. Send in a task of its own, as const sent = go(() => ch.send(value)), and choose sent.joining()`);
  }

  override attempt(key?: CaseKey): undefined | Nothing {
    if (key !== undefined) throw this.#refused();
    return this.#inner.attempt();
  }

  override enlist(waiter: Waiter): void {
    for (let inner: Waiter | undefined = waiter; inner instanceof InnerWaiter; inner = inner.outside) {
      if (!(inner.around instanceof Choice) || inner.around.form === "wait") continue;
      waiter.resume("error", this.#refused());
      return;
    }
    this.#inner.enlist(waiter);
  }
}

class Values<T> extends Iteration<T> {
  readonly #channel: CreditChannel<T>;
  readonly #leave = new AbortController();

  constructor(channel: CreditChannel<T>) {
    super();
    this.#channel = channel;
  }

  protected take(): Promise<IteratorResult<T, undefined>> {
    const { signal } = this.#leave;
    return this.#channel.next({ signal }).catch((error: unknown) => {
      if (signal.aborted && error === signal.reason) return theEnd();
      throw error;
    });
  }

  protected leave(): void {
    this.#leave.abort();
  }
}
