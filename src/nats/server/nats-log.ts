/**
 * Logs over JetStream: a stream that keeps a value until every group is done with it, and a durable consumer for each group.
 *
 * Leases are asked for in JetStream's own words, by a publish with a private inbox. The consumers of the client stop with a subscription that goes away
 * at once: a value on its way is then lost until its lease runs out.
 *
 *        stream <prefix>_<name> ◄── publish with an id           consumer <group> ◄── "next n" with an inbox
 *             interest, discard new                                     └─► value ─► +ACK, -NAK, +WPI
 */
import { Queue } from "../../support/queue.ts";
import { arm } from "../../time/timer.ts";
import { NobodyThere, TimedOut, type Leased, type Log, type LogSettings } from "../broker.ts";
import { bytesOf } from "../codec.ts";
import type { JetStreamLike, JetStreamManagerLike, NatsMessageLike, NatsSubscriptionLike } from "./client-types.ts";
import { inOurWords, type NatsBroker } from "./nats-broker.ts";

/** Of JetStream's errors. */
const code = { consumerNotFound: 10014, streamInUse: 10058, streamNotFound: 10059, full: 10077 };
const nanos = 1_000_000;

const ack = bytesOf("+ACK");
const progress = bytesOf("+WPI");
const notDone = bytesOf("-NAK");

/** JetStream, as a user hands it over. */
export interface JetStream {
  readonly client: JetStreamLike;
  readonly manager: JetStreamManagerLike;
  readonly prefix: string;
  /** Where leases come, one for each question. */
  readonly inbox: () => string;
}

const codeOf = (error: unknown): unknown => ((error ?? {}) as { code?: unknown }).code;

/** What an error of a manager means for somebody who opens a queue. */
function inWords(error: unknown, title: string): unknown {
  const ours = inOurWords(error);
  if (ours instanceof TimedOut) return new Error(`${title}: the server has not answered in time`, { cause: error });
  if (ours instanceof NobodyThere) {
    return new Error(`${title} needs JetStream, which this server has not switched on: write jetstream {} into its configuration, or start it with -js`, { cause: error });
  }
  return error;
}

/** Open a log, which is made if need be. */
export async function openLog(broker: NatsBroker, jetstream: JetStream, name: string, settings: LogSettings): Promise<Log> {
  const { manager, prefix } = jetstream;
  const title = `queue ${JSON.stringify(name)}`;
  const stream = `${prefix}_${name.replaceAll(".", "=")}`;
  const { group } = settings;
  try {
    await openStream(manager, stream, `${prefix}.q.${name}`, settings, title);
    await openConsumer(manager, stream, settings, title);
  } catch (error) {
    throw inWords(error, title);
  }
  return new NatsLog(broker, jetstream, `${prefix}.q.${name}`, stream, group, title);
}

async function openStream(manager: JetStreamManagerLike, stream: string, subject: string, settings: LogSettings, title: string): Promise<void> {
  const { capacity, storage, replicas, maxAge, dedupWindow, create, compared } = settings;
  const window = Math.min(dedupWindow, maxAge);
  for (let tries = 0; ; tries++) {
    try {
      const { config } = await manager.streams.info(stream);
      const is: Partial<Record<keyof LogSettings, unknown>> = {
        capacity: config.max_msgs < 0 ? Infinity : config.max_msgs,
        storage: config.storage,
        replicas: config.num_replicas,
        maxAge: config.max_age === 0 ? Infinity : config.max_age / nanos,
        dedupWindow: config.duplicate_window / nanos,
      };
      const wanted: typeof is = { capacity, storage, replicas, maxAge, dedupWindow: window };
      for (const key of compared) if (key in is && is[key] !== wanted[key]) throw differs(title, key, is[key], wanted[key]);
      return;
    } catch (error) {
      if (codeOf(error) !== code.streamNotFound) throw error;
    }
    if (!create) throw new Error(`${title} does not exist, and create is false`);
    try {
      const config = {
        name: stream,
        subjects: [subject],
        retention: "interest",
        discard: "new",
        storage,
        num_replicas: replicas,
        max_msgs: capacity === Infinity ? -1 : capacity,
        max_age: maxAge === Infinity ? 0 : maxAge * nanos,
        duplicate_window: window * nanos,
      };
      await manager.streams.add(config as never);
      return;
    } catch (error) {
      if (codeOf(error) !== code.streamInUse || tries > 2) throw error; // else somebody else has made it meanwhile
    }
  }
}

async function openConsumer(manager: JetStreamManagerLike, stream: string, settings: LogSettings, title: string): Promise<void> {
  const { group, lease, compared } = settings;
  try {
    const { config } = await manager.consumers.info(stream, group);
    const is = (config.ack_wait ?? 0) / nanos;
    if (compared.includes("lease") && is !== lease) throw differs(title, "lease", is, lease);
  } catch (error) {
    if (codeOf(error) !== code.consumerNotFound) throw error;
    await manager.consumers.add(stream, { durable_name: group, ack_policy: "explicit", ack_wait: lease * nanos, max_ack_pending: -1, deliver_policy: "all" } as never);
  }
}

function differs(title: string, key: string, is: unknown, wanted: unknown): TypeError {
  return new TypeError(`${title} exists with ${key} ${String(is)}; this end wants ${String(wanted)}. Give it the same settings, or take another name: what exists is not changed`);
}

/** How often, and how long apart in milliseconds, a consumer is asked for again that the server does not know: it may be about to come back. */
const missing = { tries: 20, pause: 250 };

class NatsLog implements Log {
  readonly #broker: NatsBroker;
  readonly #jetstream: JetStream;
  readonly #subject: string;
  readonly #stream: string;
  readonly #group: string;
  readonly #title: string;

  constructor(broker: NatsBroker, jetstream: JetStream, subject: string, stream: string, group: string, title: string) {
    this.#broker = broker;
    this.#jetstream = jetstream;
    this.#subject = subject;
    this.#stream = stream;
    this.#group = group;
    this.#title = title;
  }

  async append(bytes: Uint8Array, id: string, { timeout }: { timeout: number }): Promise<"stored" | "known" | "full"> {
    try {
      const { duplicate } = await this.#jetstream.client.publish(this.#subject, bytes, { msgID: id, timeout });
      return duplicate ? "known" : "stored";
    } catch (error) {
      if (codeOf(error) === code.full) return "full";
      throw inOurWords(error);
    }
  }

  flush(): void {
    this.#broker.sayGathered();
  }

  async size(): Promise<{ waiting: number; leased: number }> {
    try {
      const { num_pending: waiting, num_ack_pending: leased } = await this.#jetstream.manager.consumers.info(this.#stream, this.#group);
      return { waiting, leased };
    } catch (error) {
      if (codeOf(error) === code.streamNotFound || codeOf(error) === code.consumerNotFound) throw this.#gone();
      throw inWords(error, this.#title);
    }
  }

  #gone(): Error {
    return new Error(`${this.#title} is not there any more: what is kept in memory is gone after a restart of the server. Open it again`);
  }

  async *lease(max: number, { signal }: { signal: AbortSignal }): AsyncGenerator<Leased, void> {
    const broker = this.#broker;
    const { connection } = broker;
    const came = new Queue<Leased>();
    let left = max;
    let failure: unknown;
    let wake: (() => void) | undefined;
    let subscription: NatsSubscriptionLike | undefined;
    let disarm: (() => void) | undefined;
    let unknown = 0;
    const end = (): void => {
      left = 0;
      wake?.();
    };
    const ask = (): void => {
      disarm = undefined;
      if (left <= 0 || signal.aborted || !broker.connected) return;
      if (subscription) subscription.unsubscribe();
      const inbox = this.#jetstream.inbox();
      subscription = connection.subscribe(inbox, { callback: heard });
      const { apiPrefix = "$JS.API" } = this.#jetstream.client.getOptions();
      connection.publish(`${apiPrefix}.CONSUMER.MSG.NEXT.${this.#stream}.${this.#group}`, bytesOf(JSON.stringify({ batch: left, expires: 30_000 * nanos })), { reply: inbox });
    };
    const heard = (error: Error | null, message: NatsMessageLike): void => {
      if (error !== null) return;
      const { reply } = message;
      if (reply !== undefined && reply !== "") {
        unknown = 0;
        left--;
        came.push(new NatsLeased(broker, message, reply));
        wake?.();
        return;
      }
      const status = message.headers?.code;
      if (status === 100) return; // a heartbeat
      if (status === 503 && ++unknown > missing.tries) {
        failure = this.#gone();
        end();
        return;
      }
      disarm?.();
      if (status === 408) ask(); // the question has expired
      else disarm = arm(missing.pause, ask);
    };
    const stop = (): void => {
      disarm?.();
      if (!subscription || !broker.connected) end();
      else {
        // Servers of 2.9 keep a question whose asker has gone until they look for another reason, and lose what they would give to it until its lease
        // has run out. Asked about the consumer, they look.
        const look = (): Promise<unknown> => this.#jetstream.manager.consumers.info(this.#stream, this.#group);
        subscription.drain().then(look).then(end, end);
      }
    };
    const unhear = broker.states((state) => {
      if (state === "connected") ask();
      else if (state === "closed" || signal.aborted) end();
    });
    signal.addEventListener("abort", stop);
    try {
      ask();
      if (signal.aborted) stop();
      while (left > 0 || came.size > 0) {
        if (came.size > 0) yield came.shift();
        else await new Promise<void>((resolve) => { wake = resolve; });
      }
      if (failure !== undefined) throw failure;
    } finally {
      signal.removeEventListener("abort", stop);
      unhear();
      disarm?.();
      if (!connection.isClosed()) subscription?.unsubscribe();
    }
  }
}

/** A value of a consumer. How often it was given, and when it was stored, stand in the subject of its acknowledgement. */
class NatsLeased implements Leased {
  readonly #broker: NatsBroker;
  readonly #message: NatsMessageLike;
  readonly #reply: string;
  readonly attempt: number;
  readonly #storedAt: string;
  #id: string | undefined = undefined;

  constructor(broker: NatsBroker, message: NatsMessageLike, reply: string) {
    this.#broker = broker;
    this.#message = message;
    this.#reply = reply;
    const parts = reply.split(".");
    const from = parts.length === 9 ? 4 : 6; // newer servers put a domain and an account before the stream
    this.attempt = Number(parts[from]);
    this.#storedAt = parts[from + 3] ?? "0";
  }

  get bytes(): Uint8Array {
    return this.#message.data;
  }

  get id(): string {
    return (this.#id ??= this.#message.headers?.get("Nats-Msg-Id") || this.#storedAt); // eslint-disable-line @typescript-eslint/prefer-nullish-coalescing -- "" is none
  }

  get sentAt(): Date {
    return new Date(Number(this.#storedAt) / nanos);
  }

  #say(what: Uint8Array): void {
    if (!this.#broker.connection.isClosed()) this.#broker.connection.publish(this.#reply, what);
  }

  ack(): void {
    this.#broker.gather(this.#reply, ack);
  }

  async acked({ timeout }: { timeout: number }): Promise<void> {
    try {
      await this.#broker.connection.request(this.#reply, ack, { timeout });
    } catch (error) {
      throw inOurWords(error) instanceof TimedOut ? new TimedOut("no confirmation", { cause: error }) : inOurWords(error);
    }
  }

  nak(after: number): void {
    this.#say(after === 0 ? notDone : bytesOf(`-NAK ${JSON.stringify({ delay: Math.round(after * nanos) })}`));
  }

  extend(): void {
    this.#say(progress);
  }
}
