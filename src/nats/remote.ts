/**
 * A remote: everything that is shared with other processes over one connection.
 *
 * Idea: the guarantee is in the name of the function. No switch turns a queue into a channel.
 */
import type { Operation } from "../core/operation.ts";
import { misuse, show } from "../errors.ts";
import { performIn } from "../core/perform.ts";
import { operation } from "../ops/source.ts";
import { knownOptions, type Known } from "../support/given.ts";
import type { Broker } from "./broker.ts";
import type { CallChannel } from "../talk/calls.ts";
import { callsOver, type RemoteCallsOptions } from "./remote-calls.ts";
import { channelOver, type RemoteChannel, type RemoteChannelOptions } from "./channel.ts";
import { Client } from "./client.ts";
import { checkedCodec, json, type Codec } from "./codec.ts";
import { Exchange } from "./exchange.ts";
import { checkedMs, checkedName } from "./names.ts";
import { openQueue } from "./queue.ts";
import type { Queue, QueueOptions } from "./queue-types.ts";
import { topicOver, type Topic, type TopicOptions } from "./topic.ts";

/** How a remote talks to others. */
export interface RemoteOptions {
  /**
   * What all its names begin with. Remotes with different prefixes do not see each other.
   *
   * @defaultValue `"rendezvous"`
   */
  prefix?: string | undefined;
  /**
   * What values become on the way.
   *
   * @defaultValue JSON
   */
  codec?: Codec | undefined;
  /**
   * For how many milliseconds a question that has no answer is asked again before its outcome counts as unknown: 1 or more.
   *
   * @defaultValue 2000
   */
  patience?: number | undefined;
  /**
   * Told of failures that nobody waits for: a value that was dropped, a dead letter that could not be stored.
   *
   * @defaultValue an unhandled rejection
   */
  onError?: ((error: unknown) => void) | undefined;
  /**
   * Whether errors that cross take their stack along.
   *
   * @defaultValue `false`
   */
  stacks?: boolean | undefined;
}

/**
 * What is shared with other processes over one connection. Disposing it withdraws everything that waits; what is stored stays, and the connection
 * stays open.
 *
 * Idea: Go's `netchan`, with the guarantees told apart.
 */
export interface Remote extends AsyncDisposable {
  /**
   * Opens a stored queue: at least once. It is made if it does not exist.
   *
   * @param name - from 1 to 120 letters, digits, `-` and `_`, with single dots between
   * @param options - see {@link QueueOptions}
   * @returns rejects with a `TypeError` when the queue exists with other settings, which it names, or where nothing is stored
   */
  queue<T>(name: string, options?: QueueOptions<T>): Promise<Queue<T>>;
  /**
   * A channel: two tasks meet, at most once. Two of the same name in one process are one end.
   *
   * @param name - as for {@link queue}
   * @param options - `validate`: checks each value; `onUnknown`: told of values whose fate nobody knows
   * @throws TypeError for a name that is none
   */
  channel<T>(name: string, options?: RemoteChannelOptions<T>): RemoteChannel<T>;
  /**
   * A topic: a broadcast, at most once to each subscriber. Nothing is kept.
   *
   * @param name - as for {@link queue}
   * @param options - `validate`: checks each value that comes
   * @throws TypeError for a name that is none
   */
  topic<T>(name: string, options?: TopicOptions<T>): Topic<T>;
  /**
   * Calls: a request and its answer, at most once. Every server of the name, in whatever process, gets some of them; a call waits for a server while
   * there is none. `close` ends this end alone.
   *
   * A call rejects with a {@link RemoteError} when the handler fails, with an {@link UnknownOutcomeError} when its server has been silent for `patience`,
   * and when its caller gives up, `call.signal` aborts at the server. A request that its caller has given up on its way may have been accepted; so may
   * one of a `calling` that has lost a `select`.
   *
   * @param name - as for {@link queue}
   * @param options - `validate`: checks each request
   * @throws TypeError for a name that is none
   *
   * @example
   * ```ts
   * import { memoryBroker } from "rendezvous/testing";
   *
   * const broker = memoryBroker();
   * const there = broker.remote().calls<number, number>("squares");
   * void there.server.serve((n) => n * n);
   * const here = broker.remote().calls<number, number>("squares");
   * console.log(await here.client.call(7)); // 49
   * there.close();
   * ```
   */
  calls<Req, Res>(name: string, options?: RemoteCallsOptions<Req>): CallChannel<Req, Res>;
  /** Whether it is connected now. */
  readonly connected: boolean;
  /** Waits until it is connected, for `select`, `perform` and `yield*`. */
  connecting(): Operation<void>;
  /** Ends it: every wait rejects with a `ClosedError`; no subscription, timer or listener is left. The connection stays open. */
  [Symbol.asyncDispose](): Promise<void>;
}

export const remoteOptions: Known<RemoteOptions> = { prefix: true, codec: true, patience: true, onError: true, stacks: true };

/**
 * Makes a remote of a connection to an engine of your own. Experimental, as {@link Broker} is.
 *
 * @param broker - the connection
 * @throws TypeError or RangeError for an option that is none
 */
export function overBroker(broker: Broker, options: RemoteOptions = {}): Remote {
  return new ClientRemote(clientOver(broker, options, "overBroker"));
}

/** Checks the options, and begins to hear of the connection. */
export function clientOver(broker: Broker, options: RemoteOptions, who: string): Client {
  const { prefix = "rendezvous", codec = json, patience = 2000, onError, stacks = false } = knownOptions(options, remoteOptions, who);
  checkedName(prefix, `the prefix of ${who}`);
  checkedMs(patience, 1, `the patience of ${who}`, 2 ** 31 - 1);
  if (onError !== undefined && typeof (onError as unknown) !== "function") throw misuse(`the option onError of ${who}`, "a function", onError);
  if (typeof (stacks as unknown) !== "boolean") throw new TypeError(`the option stacks of ${who} is true or false; got ${show(stacks)}`);
  return new Client(broker, { prefix, codec: checkedCodec(codec), patience, onError, stacks });
}

export class ClientRemote implements Remote {
  readonly #client: Client;
  /** By name: those of one process are one end. */
  readonly #exchanges = new Map<string, Exchange>();
  #calls = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  connecting(): Operation<void> {
    return this.#client.connecting("for a connection");
  }

  queue<T>(name: string, options?: QueueOptions<T>): Promise<Queue<T>> {
    return openQueue(this.#client, name, options);
  }

  channel<T>(name: string, options?: RemoteChannelOptions<T>): RemoteChannel<T> {
    const exchangeOf = (of: string, title: string): Exchange => {
      let exchange = this.#exchanges.get(of);
      if (!exchange) this.#exchanges.set(of, (exchange = new Exchange(this.#client, "c", of, title)));
      return exchange;
    };
    return channelOver(this.#client, exchangeOf, name, options);
  }

  topic<T>(name: string, options?: TopicOptions<T>): Topic<T> {
    return topicOver(this.#client, name, options);
  }

  calls<Req, Res>(name: string, options: RemoteCallsOptions<Req> = {}): CallChannel<Req, Res> {
    return callsOver(this.#client, name, options, ++this.#calls);
  }

  toString(): string {
    return `Remote ${JSON.stringify(this.#client.settings.prefix)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client;
    const ending = client.end();
    await performIn(undefined, operation<undefined>({
      name: `the end of ${String(this)}`,
      resumed: client.broker.resumed ?? "from outside",
      poll: () => undefined,
      wait: (resume) => {
        void ending.then(() => { resume(() => undefined); });
        return () => undefined;
      },
    }));
  }
}
