/**
 * What all ends of one remote share: its connection, its timers, its inbox, and its end.
 *
 * 1. Whatever waits is an operation. When the remote ends, all of them fail with a `ClosedError`, and no timer, subscription or listener is left.
 * 2. Nothing is asked while there is no connection: the engine's client would keep it, and ask later.
 * 3. A client that is frozen, as one whose process was killed, does nothing any more, and its waits stay pending.
 */
import { randomFraction } from "../core/controller.ts";
import type { Operation } from "../core/operation.ts";
import { operation } from "../ops/source.ts";
import { ClosedError } from "../errors.ts";
import { reportFailure } from "../platform/unhandled.ts";
import { Chain, type Linked } from "../support/chain.ts";
import { TimerClock } from "../time/clock.ts";
import { arm } from "../time/timer.ts";
import type { Broker, Message, Subscription } from "./broker.ts";
import type { Codec } from "./codec.ts";

/** The checked options of a remote. */
export interface Settings {
  readonly prefix: string;
  readonly patience: number;
  readonly codec: Codec;
  readonly stacks: boolean;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** How a wait ends. */
export interface Settle<T> {
  value(value: T): void;
  error(error: unknown): void;
}

/** Something that has to hear of the connection, and of the end. */
export interface Part extends Linked<Part> {
  /** The connection is there again. */
  connected(): void;
  /** It is gone. */
  disconnected(): void;
  /** Nothing goes on: let go of whatever is held; later, if that takes time. */
  ended(): Promise<void> | undefined;
}

/** Somebody who waits. */
interface Waiting extends Linked<Waiting> {
  fail(): void;
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export class Client {
  readonly broker: Broker;
  readonly settings: Settings;
  /** Tells it from all others. */
  readonly id: string = Array.from({ length: 16 }, () => digits[Math.floor(randomFraction() * digits.length)]).join("");
  readonly #clock = new TimerClock();
  readonly #parts = new Chain<Part>();
  readonly #waiting = new Chain<Waiting>();
  readonly #timers = new Set<() => void>();
  readonly #handlers = new Map<string, (message: Message) => void>();
  #inbox: Subscription | undefined = undefined;
  #unhear: (() => void) | undefined;
  #end: { readonly cause: unknown } | undefined = undefined;
  #frozen = false;
  #counted = 0;

  constructor(broker: Broker, settings: Settings) {
    this.broker = broker;
    this.settings = settings;
    this.#unhear = broker.states((state, error) => {
      if (this.#frozen) return;
      if (state === "closed") void this.end(error);
      else for (const part of this.#parts) part[state]();
    });
    if (broker.closed) void this.end(broker.closed.cause);
  }

  get now(): number {
    return this.#clock.now;
  }

  /** Whether something may be asked now. */
  get connected(): boolean {
    return !this.#frozen && this.#end === undefined && this.broker.connected;
  }

  get over(): boolean {
    return this.#end !== undefined;
  }

  /** How many operations wait. */
  get waiting(): number {
    return [...this.#waiting].length;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Another number each time: all ends of this remote that make ids share it. */
  count(): number {
    return ++this.#counted;
  }

  /** Subject `<prefix>.<kind>.<name>`. */
  subject(kind: string, name: string): string {
    return `${this.settings.prefix}.${kind}.${name}`;
  }

  /** Hand a message to the connection, if there is one. */
  publish(subject: string, bytes: Uint8Array): void {
    if (this.connected) this.broker.publish(subject, bytes);
  }

  // -- Waiting --

  /** An operation that begins when it is performed; `begin` returns how it is withdrawn. */
  operation<T>(name: string, begin: (settle: Settle<T>) => () => void): Operation<T> {
    return operation<T>({
      name,
      resumed: this.broker.resumed ?? "from outside",
      poll: () => {
        if (!this.#end || this.#frozen) return undefined;
        const error = this.closedError(name);
        return () => { throw error; };
      },
      wait: (resume) => {
        let leave = (): void => { /* it has not begun */ };
        const fail = (): void => {
          settle.error(this.closedError(name));
          leave();
        };
        const waiting: Waiting = { before: undefined, after: undefined, fail };
        const settle: Settle<T> = {
          value: (value) => {
            this.#waiting.remove(waiting);
            resume(() => value);
          },
          error: (error) => {
            this.#waiting.remove(waiting);
            resume(() => { throw error; });
          },
        };
        this.#waiting.add(waiting);
        leave = begin(settle);
        return () => {
          this.#waiting.remove(waiting);
          leave();
        };
      },
    });
  }

  /** Waits for a connection, and then does something at once. */
  connecting(name: string, happen: () => void = (): void => undefined): Operation<undefined> {
    return this.operation<undefined>(name, (settle) => {
      const part: Part = {
        before: undefined,
        after: undefined,
        connected: () => {
          this.leave(part);
          happen();
          settle.value(undefined);
        },
        disconnected: () => undefined,
        ended: () => undefined,
      };
      if (this.connected) part.connected();
      else this.join(part);
      return () => { this.leave(part); };
    });
  }

  /** Asks once there is a connection, and again whenever it has been lost: for questions that are harmless when they are repeated. */
  asking<T>(name: string, ask: () => Promise<T>): Operation<T> {
    return this.operation<T>(name, (settle) => {
      let asked = 0;
      const forget = (): void => { asked++; };
      const part: Part = {
        before: undefined,
        after: undefined,
        connected: () => {
          const own = ++asked;
          const answered = (settled: () => void): void => {
            if (own !== asked || this.#frozen) return;
            this.leave(part);
            settled();
          };
          ask().then((value) => { answered(() => { settle.value(value); }); }, (error: unknown) => { answered(() => { settle.error(error); }); });
        },
        disconnected: forget,
        ended: () => undefined,
      };
      this.join(part);
      if (this.connected) part.connected();
      return () => {
        forget();
        this.leave(part);
      };
    });
  }

  /** What a promise of the engine's comes to, as an operation. */
  following<T>(name: string, begin: () => Promise<T>): Operation<T> {
    return this.operation<T>(name, (settle) => {
      let left = false;
      begin().then((value) => { if (!left && !this.#frozen) settle.value(value); }, (error: unknown) => { if (!left && !this.#frozen) settle.error(error); });
      return () => { left = true; };
    });
  }

  closedError(what: string): ClosedError {
    return new ClosedError(`${what}: the remote is closed`, { cause: this.#end?.cause });
  }

  checkOpen(what: string): void {
    if (this.#end) throw this.closedError(what);
  }

  // -- Time --

  /** Call `fire` in `ms` milliseconds. `idle`: nobody waits for it, so it keeps no process and no bubble. */
  arm(ms: number, fire: () => void, idle = false): () => void {
    if (this.#frozen || this.#end) return () => { /* nothing was armed */ };
    const fires = (): void => {
      this.#timers.delete(disarm);
      fire();
    };
    const stop = idle ? arm(ms, fires, (timer) => { timer.unref?.(); }, () => true) : arm(ms, fires);
    const disarm = (): void => {
      this.#timers.delete(disarm);
      stop();
    };
    this.#timers.add(disarm);
    return disarm;
  }

  // -- The inbox --

  /** The private subject at which this remote is asked; what comes for `key` goes to `heard`. */
  hear(key: string, heard: (message: Message) => void): void {
    this.#handlers.set(key, heard);
    this.#inbox ??= this.broker.subscribe(this.subject("i", `${this.id}.*`), {}, (message) => {
      this.#handlers.get(message.subject.slice(this.subject("i", this.id).length + 1))?.(message);
    });
  }

  unhear(key: string): void {
    this.#handlers.delete(key);
    if (this.#handlers.size > 0) return;
    this.#inbox?.unsubscribe();
    this.#inbox = undefined;
  }

  // -- The end --

  join(part: Part): void {
    if (!this.#end) this.#parts.add(part);
  }

  leave(part: Part): void {
    this.#parts.remove(part);
  }

  /** Everybody who waits fails, and nothing is left once it fulfils. */
  async end(cause?: unknown): Promise<void> {
    if (this.#end) return;
    this.#end = { cause };
    if (this.#frozen) return;
    const ends: Promise<void>[] = [];
    for (const part of this.#parts) {
      const end = part.ended();
      if (end) ends.push(end);
    }
    for (const waiting of this.#waiting) waiting.fail();
    this.#stop();
    await Promise.all(ends);
  }

  /** As if its process had been killed. */
  freeze(): void {
    this.#frozen = true;
    this.#stop();
  }

  #stop(): void {
    for (const disarm of [...this.#timers]) disarm();
    this.#handlers.clear();
    this.#inbox?.unsubscribe();
    this.#inbox = undefined;
    this.#unhear?.();
    this.#unhear = undefined;
  }

  /** Something has gone wrong that nobody waits for. */
  report(error: unknown): void {
    if (this.settings.onError) {
      try {
        this.settings.onError(error);
      } catch (thrown) {
        reportFailure(thrown);
      }
    } else reportFailure(error);
  }
}
