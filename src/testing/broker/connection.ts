/**
 * A connection to the engine in memory: two links, and what has to come back after a reconnect.
 *
 * 1. What is sent while it is disconnected does not leave; what is on the way when it disconnects is lost.
 * 2. Subscriptions, leases that are asked for, and what is asked about settings come back by themselves, as the official client does it.
 * 3. Dead, it neither sends nor hears anything, and no timer of it fires.
 *
 * Idea: the connection of the NATS client.
 */
import { touch } from "../../core/controller.ts";
import { Queue } from "../../support/queue.ts";
import { arm } from "../../time/timer.ts";
import { NobodyThere, TimedOut, type Broker, type ConnectionState, type Leased, type Log, type Logs, type LogSettings, type Message, type Notes, type Subscription } from "../../nats/broker.ts";
import { Link } from "../memory/link.ts";
import type { Ear, Engine } from "./engine.ts";
import type { Grant, Group, Pull } from "./store.ts";

/** Something that the client asks again after each reconnect, until it is answered. */
interface Lasting {
  begin(): void;
}

export class MemoryConnection implements Broker {
  readonly resumed = "by tasks" as const;
  readonly maxBytes: number;
  readonly closed: undefined;
  readonly logs: Logs | undefined;
  readonly notes: Notes | undefined;
  readonly engine: Engine;
  connected = true;
  #dead = false;
  readonly #up: Link;
  readonly #down: Link;
  readonly #heard = new Set<(state: ConnectionState) => void>();
  readonly #lasting = new Set<Lasting>();
  readonly #ears = new Set<Ear>();
  readonly #pulls = new Map<Pull, Group>();

  constructor(engine: Engine, name: string, latency: () => number, maxBytes: number, stores: boolean) {
    this.engine = engine;
    this.maxBytes = maxBytes;
    this.#up = new Link(`${name} to broker`, latency, () => false);
    this.#down = new Link(`broker to ${name}`, latency, () => false);
    if (!stores) return;
    this.logs = { open: (log, settings) => this.#open(log, settings) };
    this.notes = {
      put: (key, bytes) => this.#ask(() => { engine.notes.set(key, bytes); }),
      get: (key) => this.#ask(() => engine.notes.get(key)),
    };
  }

  /** Let something happen at the engine, or here; it does not, if the connection is lost first. */
  up(happen: () => void): void {
    if (this.connected && !this.#dead) this.#up.send(() => { touch(this.engine); happen(); });
  }

  down(happen: () => void): void {
    if (this.connected && !this.#dead) this.#down.send(() => { if (!this.#dead) happen(); });
  }

  // -- Subjects --

  states(heard: (state: ConnectionState) => void): () => void {
    this.#heard.add(heard);
    return () => { this.#heard.delete(heard); };
  }

  publish(subject: string, bytes: Uint8Array): void {
    this.up(() => { this.engine.route(subject, bytes); });
  }

  subscribe(subject: string, { group }: { group?: string | undefined }, heard: (message: Message) => void): Subscription {
    let over = false;
    const ear: Ear = {
      subject, group,
      hear: (to, bytes, answer) => {
        this.down(() => {
          if (over) return;
          heard({ subject: to, bytes, respond: (answered) => { if (answer) this.up(() => { answer(answered); }); } });
        });
      },
    };
    const lasting: Lasting = { begin: () => { this.up(() => { if (!over) this.#listen(ear); }); } };
    this.#lasting.add(lasting);
    lasting.begin();
    return {
      known: () => this.#ask(() => undefined),
      unsubscribe: () => {
        over = true;
        this.#lasting.delete(lasting);
        this.up(() => { this.#deafen(ear); });
      },
      drain: async () => {
        this.#lasting.delete(lasting);
        await this.#ask(() => { this.#deafen(ear); });
        over = true;
      },
    };
  }

  #listen(ear: Ear): void {
    this.#ears.add(ear);
    this.engine.add(ear);
  }

  #deafen(ear: Ear): void {
    this.#ears.delete(ear);
    this.engine.remove(ear);
  }

  request(subject: string, bytes: Uint8Array, { timeout }: { timeout: number }): Promise<Message> {
    return this.#question<Message>(timeout, (answered, failed) => {
      const answer = (answeredWith: Uint8Array): void => { answered({ subject, bytes: answeredWith, respond: () => undefined }); };
      if (!this.engine.route(subject, bytes, answer)) failed(new NobodyThere(`nobody hears ${subject}`));
    });
  }

  /** One question, once; its answer may get lost. */
  #question<T>(timeout: number, at: (answered: (value: T) => void, failed: (error: unknown) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return;
      const disarm = arm(timeout, () => { if (!this.#dead) reject(new TimedOut(`no answer within ${timeout} ms`)); });
      const back = (settle: () => void): void => {
        touch(this.engine);
        if (!this.engine.answers()) return;
        this.down(() => {
          disarm();
          settle();
        });
      };
      this.up(() => { at((value) => { back(() => { resolve(value); }); }, (error) => { back(() => { reject(error); }); }); });
    });
  }

  /** One that is asked again after a reconnect, and has to be harmless when it is. */
  #ask<T>(at: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const lasting: Lasting = {
        begin: () => {
          this.up(() => {
            let settle: () => void;
            try {
              const value = at();
              settle = (): void => { resolve(value); };
            } catch (error) {
              settle = (): void => { reject(error); };
            }
            this.down(() => {
              this.#lasting.delete(lasting);
              settle();
            });
          });
        },
      };
      this.#lasting.add(lasting);
      lasting.begin();
    });
  }

  // -- Streams --

  async #open(name: string, settings: LogSettings): Promise<Log> {
    await this.#ask(() => { this.engine.open(name, settings); });
    const group = (): Group | undefined => this.engine.streams.get(name)?.groups.get(settings.group);
    return {
      append: (bytes, id, { timeout }) => this.#question(timeout, (answered, failed) => {
        const stream = this.engine.streams.get(name);
        if (stream) answered(stream.append(bytes, id));
        else failed(new NobodyThere(`there is no stream ${name}`));
      }),
      lease: (max, { signal }) => this.#lease(group, max, signal),
      size: () => this.#ask(() => {
        const found = group();
        if (!found) throw new Error(`queue ${JSON.stringify(name)} is not there any more: what is kept in memory is gone after a restart of the server. Open it again`);
        return found.size();
      }),
    };
  }

  async *#lease(group: () => Group | undefined, max: number, signal: AbortSignal): AsyncGenerator<Leased, void> {
    const came = new Queue<Leased>();
    let left = max;
    let wake: (() => void) | undefined;
    let pull: Pull | undefined;
    let withdrawn = false;
    const lasting: Lasting = {
      begin: () => {
        this.up(() => {
          const at = group();
          if (!at || withdrawn) return;
          pull = { left, give: (grant) => { this.down(() => { left--; came.push(this.#leased(at, grant)); wake?.(); }); } };
          this.#pulls.set(pull, at);
          at.pull(pull);
        });
      },
    };
    const withdraw = (): void => {
      this.#ask(() => {
        if (pull) this.#pulls.get(pull)?.withdraw(pull);
        if (pull) this.#pulls.delete(pull);
        withdrawn = true;
      }).then(() => { left = 0; wake?.(); }, () => undefined);
    };
    this.#lasting.add(lasting);
    lasting.begin();
    signal.addEventListener("abort", withdraw);
    if (signal.aborted) withdraw();
    try {
      while (left > 0 || came.size > 0) {
        if (came.size > 0) yield came.shift();
        else await new Promise<void>((resolve) => { wake = resolve; });
      }
    } finally {
      signal.removeEventListener("abort", withdraw);
      this.#lasting.delete(lasting);
    }
  }

  #leased(group: Group, { seq, id, bytes, attempt, sentAt }: Grant): Leased {
    return {
      id, bytes, attempt, sentAt,
      ack: () => { this.up(() => { group.ack(seq); }); },
      acked: ({ timeout }) => this.#question<undefined>(timeout, (answered) => {
        group.ack(seq);
        answered(undefined);
      }),
      nak: (after) => { this.up(() => { group.nak(seq, attempt, after); }); },
      extend: () => { this.up(() => { group.extend(seq, attempt); }); },
    };
  }

  // -- Faults --

  disconnect(): void {
    touch(this.engine);
    if (!this.connected) return;
    this.connected = false;
    this.#forget();
    for (const heard of this.#heard) heard("disconnected");
  }

  reconnect(): void {
    touch(this.engine);
    if (this.connected || this.#dead) return;
    this.connected = true;
    for (const lasting of this.#lasting) lasting.begin();
    for (const heard of this.#heard) heard("connected");
  }

  kill(): void {
    touch(this.engine);
    this.#dead = true;
    this.connected = false;
    this.#forget();
    this.#heard.clear();
    this.#lasting.clear();
  }

  /** What the engine knew of it, and what was on the way. */
  #forget(): void {
    this.#up.clear();
    this.#down.clear();
    for (const ear of this.#ears) this.engine.remove(ear);
    this.#ears.clear();
    for (const [pull, group] of this.#pulls) group.withdraw(pull);
    this.#pulls.clear();
  }
}
