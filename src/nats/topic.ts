/**
 * Topics: at most once to each subscriber; nothing is kept.
 *
 * 1. A subscriber that is slow loses by its own policy, and is told of it. No publisher waits for it.
 * 2. What is sent after a subscribe has fulfilled is seen. What is sent while there is no connection to the subscriber is not.
 *
 * Idea: the subjects of NATS, the broadcast of this library.
 */
import { Channel } from "../channel/channel.ts";
import type { ChannelOptions, Receiver } from "../channel/channel-types.ts";
import type { WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import { ClosedError, OverflowError, show } from "../errors.ts";
import { checkedFunction, knownOptions, type Known } from "../support/given.ts";
import type { Subscription } from "./broker.ts";
import { checkOf, type Validator } from "./codec.ts";
import type { Client, Part } from "./client.ts";
import { checkedCount, checkedName } from "./names.ts";

/** How a topic is made. */
export interface TopicOptions<T> {
  /** Checks each value that comes. One that does not pass is not given, and `onError` of the remote is told. */
  validate?: Validator<T> | undefined;
}

/** How a topic is subscribed to. */
export interface SubscribeOptions<T> extends WaitOptions {
  /**
   * How many values are kept for it while it does not receive: a whole number from 1 up, or `Infinity`.
   *
   * @defaultValue 256
   */
  capacity?: number | undefined;
  /**
   * What happens to a value for which there is no room: the oldest one is dropped for it, or it is dropped, or the subscription ends with an
   * {@link OverflowError}.
   *
   * @defaultValue `"drop-oldest"`
   */
  overflow?: "drop-oldest" | "drop-newest" | "close" | undefined;
  /** Told of each value that is dropped. */
  onDrop?: ((value: T) => void) | undefined;
  /** Each value goes to one subscriber of the group. */
  group?: string | undefined;
}

/**
 * A broadcast between machines: at most once to each subscriber, and nothing is kept. Made by {@link Remote.topic}.
 *
 * Idea: the subjects of NATS.
 */
export interface Topic<T> {
  /** Its name. */
  readonly name: string;
  /**
   * Sends a value to all who subscribe now. Fulfils when it is handed to the connection; waits while there is none.
   *
   * @throws RangeError for a value that is too large
   */
  send(value: T, options?: WaitOptions): Promise<void>;
  /** Sends a value, if there is a connection. Whether it was handed over. */
  trySend(value: T): boolean;
  /**
   * Subscribes. Fulfils when the server knows of it: what is sent after that is seen. Cancel the receiver to unsubscribe.
   *
   * @param options - how much is kept, and what is dropped; see {@link SubscribeOptions}
   */
  subscribe(options?: SubscribeOptions<T>): Promise<Receiver<T>>;
}

const topicOptions: Known<TopicOptions<never>> = { validate: true };
const subscribeOptions: Known<SubscribeOptions<never>> = { capacity: true, overflow: true, onDrop: true, group: true, signal: true };

export function topicOver<T>(client: Client, name: string, options: TopicOptions<T> = {}): Topic<T> {
  checkedName(name, "the name of a topic");
  const title = `topic ${JSON.stringify(name)}`;
  const { validate } = knownOptions(options, topicOptions, title);
  return new SubjectTopic<T>(client, name, title, checkOf(validate, title));
}

class SubjectTopic<T> implements Topic<T> {
  readonly name: string;
  readonly #client: Client;
  readonly #title: string;
  readonly #check: (value: unknown) => T;
  readonly #subject: string;

  constructor(client: Client, name: string, title: string, check: (value: unknown) => T) {
    this.name = name;
    this.#client = client;
    this.#title = title;
    this.#check = check;
    this.#subject = client.subject("t", name);
  }

  toString(): string {
    return `T${this.#title.slice(1)}`;
  }

  #encoded(value: T): Uint8Array {
    const bytes = this.#client.settings.codec.encode(value);
    const { maxBytes } = this.#client.broker;
    if (bytes.length > maxBytes) throw new RangeError(`send to ${this.#title}: a message has at most ${maxBytes} bytes; this one has ${bytes.length}`);
    return bytes;
  }

  send(value: T, options?: WaitOptions): Promise<void> {
    return promised(() => {
      const bytes = this.#encoded(value);
      const client = this.#client;
      return perform(client.connecting(`send to ${this.#title}`, () => { client.publish(this.#subject, bytes); }), options);
    });
  }

  trySend(value: T): boolean {
    const bytes = this.#encoded(value);
    const { connected } = this.#client;
    this.#client.publish(this.#subject, bytes);
    return connected;
  }

  subscribe(options: SubscribeOptions<T> = {}): Promise<Receiver<T>> {
    return promised(async () => {
      const { signal, capacity = 256, overflow = "drop-oldest", onDrop, group } = knownOptions(options, subscribeOptions, `subscribe to ${this.#title}`);
      checkedCount(capacity, `the capacity of a subscription to ${this.#title}`);
      if (!["drop-oldest", "drop-newest", "close"].includes(overflow)) {
        throw new TypeError(`overflow of a subscription to ${this.#title} is "drop-oldest", "drop-newest" or "close"; got ${show(overflow)}`);
      }
      if (onDrop !== undefined) checkedFunction(onDrop, `onDrop of a subscription to ${this.#title}`, "(value) => log(value)");
      if (group !== undefined) checkedName(group, `the group of a subscription to ${this.#title}`);
      const client = this.#client;
      client.checkOpen(`subscribe to ${this.#title}`);
      const subscriber = new Subscriber<T>(client, this.#title, this.#check, { capacity, overflow, onDrop });
      subscriber.begin(this.#subject, group);
      try {
        await perform(client.asking(`subscribe to ${this.#title}`, () => subscriber.known()), signal && { signal });
      } catch (error) {
        subscriber.channel.cancel(error);
        throw error;
      }
      return subscriber.channel;
    });
  }
}

/** A receiver that unsubscribes when it comes to its end. */
class SubscriberChannel<T> extends Channel<T> {
  readonly #leave: () => void;

  constructor(options: ChannelOptions<T>, leave: () => void) {
    super(options);
    this.#leave = leave;
  }

  override close(error?: unknown): boolean {
    this.#leave();
    return super.close(error);
  }

  override cancel(reason?: unknown): boolean {
    this.#leave();
    return super.cancel(reason);
  }
}

class Subscriber<T> implements Part {
  before: Part | undefined = undefined;
  after: Part | undefined = undefined;
  readonly channel: Channel<T>;
  readonly #client: Client;
  readonly #title: string;
  readonly #check: (value: unknown) => T;
  readonly #closes: boolean;
  #subscription: Subscription | undefined = undefined;

  constructor(client: Client, title: string, check: (value: unknown) => T, how: Required<Pick<SubscribeOptions<T>, "capacity" | "overflow" | "onDrop">>) {
    const { capacity, overflow, onDrop } = how;
    this.#client = client;
    this.#title = title;
    this.#check = check;
    this.#closes = overflow === "close";
    const options: ChannelOptions<T> = { capacity, onDrop, name: title, overflow: overflow === "close" ? "wait" : overflow };
    this.channel = new SubscriberChannel<T>(options, () => { this.#leave(); });
  }

  begin(subject: string, group: string | undefined): void {
    this.#client.join(this);
    this.#subscription = this.#client.broker.subscribe(subject, { group }, ({ bytes }) => {
      if (!this.#client.frozen) this.#came(bytes);
    });
  }

  known(): Promise<void> {
    return this.#subscription?.known() ?? Promise.resolve();
  }

  #came(bytes: Uint8Array): void {
    let value: T;
    try {
      value = this.#check(this.#client.settings.codec.decode(bytes));
    } catch (error) {
      this.#client.report(error);
      return;
    }
    if (this.channel.closed || this.channel.trySend(value) || !this.#closes) return;
    this.channel.close(new OverflowError(`${this.#title}: more has come than this subscription has room for`));
  }

  #leave(): void {
    this.#client.leave(this);
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  connected(): void { /* the engine subscribes again by itself */ }

  disconnected(): void { /* what is sent meanwhile is not seen */ }

  ended(): undefined {
    this.channel.cancel(new ClosedError(`${this.#title}: the remote is closed`));
  }
}
