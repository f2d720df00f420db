/**
 * Queues: at least once, on a log of the engine.
 *
 * 1. A send fulfils when its value is stored, once for each id.
 * 2. A value is leased to one receiver at a time. It goes away when that has done it, and comes again when it has not.
 * 3. A value that cannot be read, or has used up its attempts, goes to the dead letters with the reason.
 *
 * Idea: the work queues of AMQP and SQS.
 */
import { Iteration, theEnd } from "../channel/iteration.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import { ClosedError, misuse, show } from "../errors.ts";
import { knownOptions, type Known } from "../support/given.ts";
import { withFacts } from "../support/printing.ts";
import { checkedBody, type Body } from "../task/body.ts";
import { checkedOptions } from "../task/scope/scope-options.ts";
import { ScopeState } from "../task/scope/scope-state.ts";
import type { Log, LogSettings } from "./broker.ts";
import { checkOf } from "./codec.ts";
import type { Client } from "./client.ts";
import { decodeDeadLetter } from "./dead-letters.ts";
import { checkedCount, checkedId, checkedMs, checkedName } from "./names.ts";
import { QueueReceives } from "./queue-receives.ts";
import { Serving } from "./queue-serve.ts";
import { QueueState } from "./queue-state.ts";
import type { Delivery, Queue, QueueOptions, QueueSendOptions, QueueServeOptions, QueueSize } from "./queue-types.ts";

const queueOptions: Known<QueueOptions<never>> = {
  validate: true, capacity: true, lease: true, attempts: true, backoff: true, deadLetters: true, storage: true, replicas: true, maxAge: true,
  dedupWindow: true, create: true, group: true,
};
const sendOptions: Known<QueueSendOptions> = { signal: true, id: true };
const serveOptions: Known<QueueServeOptions> = { signal: true, concurrency: true };

const compared = ["capacity", "storage", "replicas", "maxAge", "dedupWindow", "lease"] as const;

/** Opens a queue, or rejects with what is wrong. */
export async function openQueue<T>(client: Client, name: string, options: QueueOptions<T> = {}): Promise<Queue<T>> {
  const title = `queue ${show(name)}`;
  checkedName(name, "the name of a queue");
  const given = knownOptions(options, queueOptions, title);
  const {
    validate, capacity = Infinity, lease = 30_000, attempts = 5, backoff = [1000, 5000, 30_000], storage = "file", replicas = 1, maxAge = Infinity,
    dedupWindow = 120_000, create = true, group = "workers",
  } = given;
  const isDead = name.endsWith(".dead");
  const deadLetters = given.deadLetters ?? (isDead ? false : `${name}.dead`);
  checkedCount(capacity, `the capacity of ${title}`);
  checkedMs(lease, 100, `the lease of ${title}`);
  checkedCount(attempts, `attempts of ${title}`);
  if (!Array.isArray(backoff)) throw misuse(`the option backoff of ${title}`, "an array of milliseconds, as [1000, 5000]", backoff);
  for (const ms of backoff as readonly number[]) checkedMs(ms, 0, `each backoff of ${title}`);
  if (!["file", "memory"].includes(storage)) throw new TypeError(`storage of ${title} is "file" or "memory"; got ${show(storage)}`);
  if (![1, 3, 5].includes(replicas)) throw new RangeError(`replicas of ${title} is 1, 3 or 5; got ${show(replicas)}`);
  checkedMs(maxAge, 100, `maxAge of ${title}`);
  checkedMs(dedupWindow, 100, `dedupWindow of ${title}`);
  checkedName(group, `the group of ${title}`);
  if (group.includes(".")) throw new TypeError(`the group of ${title} has no dots; got ${show(group)}`);
  if (deadLetters !== false) checkedName(deadLetters, `deadLetters of ${title}`);
  const { patience, codec } = client.settings;
  if (patience > dedupWindow) {
    throw new RangeError(`the dedupWindow of ${title}, ${dedupWindow} ms, is shorter than the patience of its remote, ${patience} ms: a send that is repeated could be stored twice`);
  }
  const check = checkOf(validate, title);
  client.checkOpen(title);
  const { logs } = client.broker;
  if (!logs) throw new TypeError(`${title} is stored, and this remote has nothing to store it: hand over JetStream, as overNats(connection, { jetstream: jetstream(connection), manager: await jetstreamManager(connection) })`);
  const settings: LogSettings = {
    group, capacity, lease, storage, replicas, maxAge, dedupWindow, create,
    compared: isDead ? compared.filter((key) => given[key] !== undefined) : compared,
  };
  const log = await perform(client.asking(`opening ${title}`, () => logs.open(name, settings)));
  const dead = deadLetters === false
    ? undefined
    : await perform(client.asking(`opening queue ${show(deadLetters)}`, () =>
      logs.open(deadLetters, { ...settings, group: "workers", capacity: Infinity, lease: 30_000, maxAge: Infinity, create: true, compared: [] })));
  const read = (bytes: Uint8Array): unknown => check(decodeDeadLetter(bytes, codec) ?? codec.decode(bytes));
  const state = new QueueState(client, { name, group, lease, attempts, backoff, read, inOrder: capacity !== Infinity }, log, dead);
  return new StoredQueue<T>(state, dead);
}

class StoredQueue<T> implements Queue<T> {
  readonly #state: QueueState;
  readonly #receives: QueueReceives<T>;
  readonly #dead: Log | undefined;
  readonly #serving = new Set<Serving>();

  constructor(state: QueueState, dead: Log | undefined) {
    this.#state = state;
    this.#receives = new QueueReceives(state);
    this.#dead = dead;
  }

  get name(): string {
    return this.#state.name;
  }

  toString(): string {
    return withFacts(`Q${this.#state.title.slice(1)}`, this.#receives.closed && "closed");
  }

  send(value: T, options: QueueSendOptions = {}): Promise<void> {
    return promised(() => {
      const { client, title, sends } = this.#state;
      const { id, signal } = knownOptions(options, sendOptions, `send to ${title}`);
      const bytes = client.settings.codec.encode(value);
      const own = id === undefined ? `${client.id}.${client.count().toString(36)}.${this.name}`.slice(0, 180) : checkedId(id, `a send to ${title}`);
      const { maxBytes } = client.broker;
      if (bytes.length + own.length + 64 > maxBytes) throw new RangeError(`send to ${title}: a message has at most ${maxBytes} bytes; this one has ${bytes.length}`);
      if (this.#receives.closed) throw new ClosedError(`send to ${title}: this end is closed`);
      return perform(sends.sending(bytes, own), signal && { signal });
    });
  }

  receive(options?: WaitOptions): Promise<Delivery<T>> {
    return perform(this.receiving(), options);
  }

  receiving(): Operation<Delivery<T>> {
    return this.#receives.receiving(false) as Operation<Delivery<T>>;
  }

  next(options?: WaitOptions): Promise<IteratorResult<Delivery<T>, undefined>> {
    return perform(this.nexting(), options);
  }

  nexting(): Operation<IteratorResult<Delivery<T>, undefined>> {
    return this.#receives.receiving(true).map((delivery) => (delivery === undefined ? theEnd() : { done: false, value: delivery }));
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery<T>, undefined> {
    return new Deliveries(this);
  }

  serve(given: unknown, options: QueueServeOptions = {}): Promise<void> {
    return promised(() => {
      const { title } = this.#state;
      const handler = checkedBody(given as Body<unknown[], unknown>, `serve of ${title}`, "queue.serve((value) => work(value))");
      const { signal, concurrency = 1 } = knownOptions(options, serveOptions, `serve of ${title}`);
      checkedCount(concurrency, `concurrency of serve of ${title}`);
      this.#state.client.checkOpen(`serve of ${title}`);
      if (this.#receives.closed) throw new ClosedError(`serve of ${title}: this end is closed`);
      const scope = new ScopeState("scope", undefined, { ...checkedOptions({ name: `serve of ${title}`, signal }, "serve"), passReason: true });
      const serving = new Serving(this.#state, scope, handler, concurrency);
      this.#serving.add(serving);
      scope.defer(async () => {
        this.#serving.delete(serving);
        await serving.finish();
      });
      return scope.run(() => serving.run(), []);
    });
  }

  size(): Promise<QueueSize> {
    const { client, log, title } = this.#state;
    return perform(client.asking(`size of ${title}`, async () => {
      const [own, dead] = await Promise.all([log.size(), this.#dead?.size()]);
      return { ...own, dead: dead === undefined ? 0 : dead.waiting + dead.leased };
    }));
  }

  close(): void {
    this.#receives.close();
    for (const serving of this.#serving) serving.close();
  }
}

/** `for await`: each `next` leases one, and leaving the loop leaves the one in hand as it is. */
class Deliveries<T> extends Iteration<Delivery<T>> {
  readonly #queue: StoredQueue<T>;
  #leave = new AbortController();

  constructor(queue: StoredQueue<T>) {
    super();
    this.#queue = queue;
  }

  protected take(): Promise<IteratorResult<Delivery<T>, undefined>> {
    const { signal } = this.#leave;
    return this.#queue.next({ signal }).catch((error: unknown) => {
      if (signal.aborted && error === signal.reason) return theEnd();
      throw error;
    });
  }

  protected leave(): void {
    this.#leave.abort();
  }
}
