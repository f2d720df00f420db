/**
 * The port over a connection of the official client.
 *
 * 1. The connection is the user's: nothing here closes it.
 * 2. It is listened to only while somebody hears of its states.
 * 3. Questions have an inbox of their own. The client makes two errors with their stacks for each request, before it knows of any: a third of the time
 *    that a rendezvous takes.
 */
import { macrotask } from "../../platform/macrotask.ts";
import { arm } from "../../time/timer.ts";
import type { Broker, ConnectionState, Logs, Message, Notes, Subscription } from "../broker.ts";
import { NobodyThere, TimedOut } from "../broker.ts";
import type { NatsConnectionLike, NatsMessageLike, NatsSubscriptionLike } from "./client-types.ts";

/** An error of the client, in the words of the port. */
export function inOurWords(error: unknown): unknown {
  const { name, message, cause } = (error ?? {}) as { name?: string; message?: string; cause?: unknown };
  const names = [name, ((cause ?? {}) as { name?: string }).name];
  if (names.includes("TimeoutError")) return new TimedOut(message, { cause: error });
  if (names.includes("NoRespondersError") || name === "JetStreamNotEnabled") return new NobodyThere(message, { cause: error });
  return error;
}

/** A question that is out. */
interface Question {
  readonly disarm: () => void;
  answered(message: NatsMessageLike): void;
  /** No answer will come. */
  lost(why: string): void;
}

/** How many messages that nobody waits for are gathered at most. */
const gathered = 64;

export class NatsBroker implements Broker {
  readonly connection: NatsConnectionLike;
  /** The subject below which answers come. */
  inbox = "";
  logs: Logs | undefined = undefined;
  notes: Notes | undefined = undefined;
  connected: boolean;
  closed: { readonly cause?: unknown } | undefined = undefined;
  readonly #heard = new Set<(state: ConnectionState, error?: unknown) => void>();
  #unhear: (() => void) | undefined = undefined;
  readonly #questions = new Map<string, Question>();
  #answers: NatsSubscriptionLike | undefined = undefined;
  #asked = 0;
  readonly #toSay: [subject: string, bytes: Uint8Array][] = [];

  constructor(connection: NatsConnectionLike) {
    this.connection = connection;
    this.connected = !connection.isClosed();
    if (connection.isClosed()) this.closed = {};
    void connection.closed().then((error) => {
      this.connected = false;
      this.closed = { cause: error };
      this.#forget();
      this.#tell("closed", error);
    });
  }

  get maxBytes(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  // -- The connection --

  states(heard: (state: ConnectionState, error?: unknown) => void): () => void {
    this.#heard.add(heard);
    if (!this.#unhear) this.#hear();
    return () => {
      this.#heard.delete(heard);
      if (this.#heard.size > 0) return;
      this.#unhear?.();
      this.#unhear = undefined;
      this.sayGathered();
      this.#forget();
    };
  }

  #hear(): void {
    const states = this.connection.status();
    let over = false;
    this.#unhear = (): void => {
      over = true;
      (states as { stop?: () => void }).stop?.();
    };
    const listen = async (): Promise<void> => {
      for await (const { type } of states) {
        if (over) return;
        if (type === "disconnect") this.#is(false);
        else if (type === "reconnect") this.#is(true);
      }
    };
    void listen();
  }

  #is(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    if (!connected) for (const question of this.#questions.values()) question.lost("the connection was lost before there was an answer");
    this.#tell(connected ? "connected" : "disconnected");
  }

  #tell(state: ConnectionState, error?: unknown): void {
    for (const heard of [...this.#heard]) heard(state, error);
  }

  // -- Messages --

  publish(subject: string, bytes: Uint8Array): void {
    if (!this.connection.isClosed()) this.connection.publish(subject, bytes);
  }

  subscribe(subject: string, { group }: { group?: string | undefined }, heard: (message: Message) => void): Subscription {
    const subscription = this.connection.subscribe(subject, {
      ...(group !== undefined && { queue: group }),
      callback: (error, message) => {
        if (error !== null) return;
        heard({ subject: message.subject, bytes: message.data, respond: (bytes) => { if (!this.connection.isClosed()) message.respond(bytes); } });
      },
    });
    return {
      known: () => this.connection.flush(),
      unsubscribe: () => { if (!this.connection.isClosed()) subscription.unsubscribe(); },
      drain: () => subscription.drain().catch(() => undefined), // closed or lost: nothing is on its way
    };
  }

  // -- Questions --

  request(subject: string, bytes: Uint8Array, { timeout }: { timeout: number }): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#answers ??= this.connection.subscribe(`${this.inbox}.*`, { callback: (_, message) => { this.#answered(message); } });
      const key = (++this.#asked).toString(36);
      const over = (): void => {
        this.#questions.delete(key);
        disarm();
      };
      const lost = (why: string): void => {
        over();
        reject(new TimedOut(why));
      };
      const disarm = arm(timeout, () => { lost(`no answer within ${timeout} ms`); });
      this.#questions.set(key, {
        disarm, lost,
        answered: (message) => {
          over();
          if (message.data.length === 0 && message.headers?.code === 503) reject(new NobodyThere(`nobody hears ${subject}`));
          else resolve({ subject, bytes: message.data, respond: () => undefined });
        },
      });
      try {
        this.connection.publish(subject, bytes, { reply: `${this.inbox}.${key}` });
      } catch (error) {
        over();
        throw error;
      }
    });
  }

  #answered(message: NatsMessageLike): void {
    this.#questions.get(message.subject.slice(this.inbox.length + 1))?.answered(message);
  }

  /** Nobody waits for an answer any more. */
  #forget(): void {
    for (const { disarm } of this.#questions.values()) disarm();
    this.#questions.clear();
    if (!this.connection.isClosed()) this.#answers?.unsubscribe();
    this.#answers = undefined;
  }

  // -- What nobody waits for --

  /** Says something soon, together with more of it: the client writes to its socket once for all that is published in a turn. */
  gather(subject: string, bytes: Uint8Array): void {
    if (this.#toSay.push([subject, bytes]) >= gathered) this.sayGathered();
    else if (this.#toSay.length === 1) macrotask(() => { this.sayGathered(); });
  }

  sayGathered(): void {
    for (const [subject, bytes] of this.#toSay.splice(0)) {
      try {
        this.connection.publish(subject, bytes);
      } catch { /* closed or draining: a value whose acknowledgement is lost comes again */ }
    }
  }
}
