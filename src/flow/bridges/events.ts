/**
 * What pushes, as a flow.
 *
 * 1. It listens from the call on, and keeps what comes in a channel of a bounded capacity: what pushes cannot wait.
 * 2. When the channel ends, for whatever reason, the listeners go in that very step.
 * 3. Nothing of a listener's failure reaches the code that emits: it ends the flow.
 *
 *        emitter ─► listener ─► value(...args) ─► channel (capacity, overflow) ─► flow
 *
 * Idea: Kotlin's `callbackFlow`; the bound is what `events.on` of Node lacks.
 */
import { Channel } from "../../channel/channel.ts";
import { performable, type Operation } from "../../core/operation.ts";
import { performIn } from "../../core/perform.ts";
import { OverflowError, show } from "../../errors.ts";
import { reportFailure } from "../../platform/unhandled.ts";
import { checkedFunction, knownOptions, type Known } from "../../support/given.ts";
import { hasClosed, hasOpened } from "../../support/resources.ts";
import { checkedCount, checkedName } from "../../support/named.ts";
import { flowFrom } from "../flow.ts";
import { ReceiverOrigin } from "../sources/receiver.ts";
import type { Flow } from "../flow-types.ts";
import { attempt, isEmitter, isListenable, listening, type EmitterLike } from "./listening.ts";

/** How events are kept, and when they are over. */
export interface EventOptions<T> {
  /**
   * How many values are kept while nobody receives: a whole number from 0 up, or `Infinity`.
   *
   * @defaultValue 1,024
   */
  capacity?: number | undefined;
  /**
   * What happens to a value for which there is no room. `"fail"`: the flow stops listening and ends, after what was kept, with an
   * {@link OverflowError}. `"drop-newest"`, `"drop-oldest"`: that value, or the oldest one kept, is dropped.
   *
   * @defaultValue `"fail"`
   */
  overflow?: "fail" | "drop-newest" | "drop-oldest" | undefined;
  /** Called once with each value that was kept and then dropped, in order. What it throws becomes an unhandled rejection. */
  onDrop?: ((value: T) => void) | undefined;
  /** What ends the flow, after what came before: the name of an event of the same source, or an operation, which is performed once, at the call. */
  until?: string | symbol | Operation<unknown> | undefined;
  /**
   * Makes the value out of all arguments of an event. One that throws ends the flow with that error.
   *
   * @defaultValue the first argument
   */
  value?: ((...args: never[]) => T) | undefined;
  /**
   * The name that errors and reports use.
   *
   * @defaultValue the name of the event, else one made of a number
   */
  name?: string | undefined;
}

/** What calls back: it gives values and says when they are over, and returns what stops it. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function that returns nothing will do
export type Listen<T> = (give: (value: T) => boolean, end: (error?: unknown) => void) => (() => void) | void;

/** What has observers: RxJS' observables, the web's, and their likes. */
export interface ObservableLike {
  /** Starts giving values to an observer. */
  subscribe(observer: object, options?: object): unknown;
}

/**
 * The events of an EventTarget as a flow, in order, also several of one turn. It listens from the call on and keeps what comes, up to `capacity`.
 * The listeners are gone when the flow is cancelled, has ended or has failed.
 *
 * An event named `error` is one like any other.
 *
 * @param target - a button, a socket, a port, a signal
 * @param type - the name of the event
 * @param options - see {@link EventOptions}
 * @throws TypeError or RangeError for what has no events, and for bad options
 *
 * @example
 * ```ts
 * import { events } from "rendezvous/flow";
 *
 * const socket = new EventTarget();
 * const messages = events(socket, "message", { until: "close", value: (event: Event) => event.type });
 * for (const type of ["message", "message", "close"]) socket.dispatchEvent(new Event(type));
 * console.log(await messages.toArray()); // [ 'message', 'message' ]
 * ```
 *
 * Idea: `events.on` of Node, with a bound.
 */
export function events<T = Event>(target: EventTarget, type: string, options?: EventOptions<T>): Flow<T>;
/**
 * The same of an emitter. Its `error` is the flow's error, after what came before, unless that is the event asked for.
 *
 * @param emitter - Node's `EventEmitter`, or anything with `on` and `off`
 * @param name - the name of the event
 * @param options - see {@link EventOptions}
 */
export function events<T = unknown>(emitter: EmitterLike, name: string | symbol, options?: EventOptions<T>): Flow<T>;
/**
 * The same of an observable, which is subscribed to at the call. Its `error` is the flow's error, its completion the end.
 *
 * @param observable - an observable of RxJS, of the web, or their likes
 * @param options - see {@link EventOptions}
 */
export function events<T>(observable: ObservableLike, options?: EventOptions<T>): Flow<T>;
/**
 * The same of anything that calls back.
 *
 * @param listen - called once, at the call. `give(value)` is false when the flow takes no more; `end(error?)` ends it. What it returns is called once,
 * when the flow is over. One that throws has the flow fail
 * @param options - see {@link EventOptions}
 *
 * @example
 * ```ts
 * import { events } from "rendezvous/flow";
 *
 * const ticks = events<number>((give) => {
 *   let n = 0;
 *   const timer = setInterval(() => give(++n), 1);
 *   return () => { clearInterval(timer); };
 * });
 * console.log(await ticks.take(3).toArray()); // [ 1, 2, 3 ]
 * ```
 */
// eslint-disable-next-line @typescript-eslint/unified-signatures -- each has a docstring of its own
export function events<T>(listen: Listen<T>, options?: EventOptions<T>): Flow<T>;
export function events(source: unknown, ...rest: readonly unknown[]): Flow<unknown> {
  const named = typeof rest[0] === "string" || typeof rest[0] === "symbol";
  if (typeof source === "string" || typeof source === "symbol") throw new TypeError(`events takes the target first, as events(emitter, "data"); got ${show(source)}`);
  const given = checkedOptions((named ? rest[1] : rest[0]) as EventOptions<unknown> | undefined);
  const { until } = given;
  const untilName = typeof until === "string" || typeof until === "symbol" ? until : undefined;
  const begin = beginningOf(source, named ? (rest[0] as string | symbol) : undefined, untilName);
  const operation = until === undefined || untilName !== undefined ? undefined : performable(until as Operation<unknown>, "until of events");
  const name = given.name ?? (named ? nameOf(rest[0] as string | symbol) : checkedName(undefined, "flow"));
  const heard = new Heard({ ...given, name });
  heard.begin(begin);
  if (operation && !heard.closed) heard.until(operation);
  return flowFrom(new ReceiverOrigin(heard, { name, preventCancel: false, onDrop: given.onDrop }));
}

const nameOf = (name: string | symbol): string => (typeof name === "string" ? name : name.description ?? "symbol");

const eventOptions: Known<EventOptions<unknown>> = { capacity: true, overflow: true, onDrop: true, until: true, value: true, name: true };

function checkedOptions(options: EventOptions<unknown> = {}): EventOptions<unknown> {
  const { capacity = 1024, overflow = "fail", onDrop, value, name } = knownOptions(options, eventOptions, "events");
  checkedCount(capacity, "the capacity of events", 0);
  if (!["fail", "drop-newest", "drop-oldest"].includes(overflow)) {
    throw new TypeError(`the overflow of events is "fail", "drop-newest" or "drop-oldest": what pushes cannot wait; got ${show(overflow)}`);
  }
  if (onDrop !== undefined) checkedFunction(onDrop, "the onDrop of events", "(value) => value.close()");
  if (value !== undefined) checkedFunction(value, "the value of events", "(code, signal) => code", "AsyncFunction", "GeneratorFunction", "AsyncGeneratorFunction");
  if (name !== undefined) checkedName(name, "flow of events");
  return { ...options, capacity, overflow };
}

type Begin = (heard: Heard) => void;

/** How to listen to what was given, or a clear error. */
function beginningOf(source: unknown, name: string | symbol | undefined, until: string | symbol | undefined): Begin {
  if (name !== undefined && isListenable(source)) {
    if (!isEmitter(source) && [name, until].some((event) => typeof event === "symbol")) throw new TypeError("an EventTarget has strings for names, as events(target, \"message\"); got a symbol");
    return (heard) => { listenTo(heard, source, name, until); };
  }
  const wrong = (cure: string): TypeError => new TypeError(`events takes what pushes: ${cure}; got ${show(source)}`);
  if (name !== undefined) throw wrong("a target or an emitter with the name of an event, as events(emitter, \"data\")");
  if (until !== undefined) throw wrong("only targets and emitters have events that until can name, write until: ch.receiving() or another operation");
  if (typeof source === "function") return (heard) => { listenBy(heard, source as Listen<unknown>); };
  if (typeof (source as Partial<ObservableLike> | null | undefined)?.subscribe === "function") return (heard) => { subscribeTo(heard, source as ObservableLike); };
  if (isListenable(source)) throw wrong("name the event, as events(emitter, \"data\")");
  throw wrong("a target, an emitter, an observable, or a function (give, end) => stop; write flow(x) for what can be pulled");
}

function listenTo(heard: Heard, source: EventTarget | EmitterLike, name: string | symbol, until: string | symbol | undefined): void {
  heard.owns(listening(source, name, (...args) => { heard.hear(args); }));
  if (until !== undefined) heard.owns(listening(source, until, () => { heard.close(); }));
  if (isEmitter(source) && name !== "error" && until !== "error") heard.owns(listening(source, "error", (error) => { heard.fail(error); }));
}

function subscribeTo(heard: Heard, observable: ObservableLike): void {
  const giving = new AbortController();
  heard.owns(() => { giving.abort(); });
  const observer = {
    next: (value: unknown): void => { heard.hear([value]); },
    error: (error: unknown): void => { heard.fail(error); },
    complete: (): void => { heard.close(); },
  };
  const subscription = observable.subscribe(observer, { signal: giving.signal }) as { unsubscribe?: () => void } | undefined;
  if (typeof subscription?.unsubscribe === "function") heard.owns(() => { subscription.unsubscribe?.(); });
}

function listenBy(heard: Heard, listen: Listen<unknown>): void {
  const stop = listen((value) => heard.hear([value]), (error) => { heard.close(error); });
  if (typeof stop === "function") heard.owns(stop);
}

/** Keeps what was heard. */
class Heard extends Channel<unknown> {
  readonly #value: (...args: readonly unknown[]) => unknown;
  /** What stops listening. */
  #stops: (() => void)[] = [];

  constructor({ capacity, overflow, onDrop, value, name }: EventOptions<unknown> & { name: string }) {
    super({ capacity, onDrop, name, overflow: overflow === "fail" ? "wait" : overflow });
    this.#value = (value as ((...args: readonly unknown[]) => unknown) | undefined) ?? ((first) => first);
    hasOpened(this, `events of ${JSON.stringify(name)}`);
  }

  begin(begin: Begin): void {
    try {
      begin(this);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Something was heard. False: it takes no more. */
  hear(args: readonly unknown[]): boolean {
    if (this.closed) return false;
    try {
      if (this.trySend(this.#value(...args))) return true;
      this.close(new OverflowError(
        `events of ${JSON.stringify(this.name)} overflowed: there was room for ${String(this.capacity)} and nobody received them; receive faster, or set capacity or overflow`,
      ));
    } catch (error) {
      this.fail(error);
    }
    return false;
  }

  /** The end is a failure, whatever the error is. */
  fail(error: unknown): void {
    this.close(error === undefined ? new Error(`the source of events ${JSON.stringify(this.name)} failed, and did not say why`) : error);
  }

  until(end: Operation<unknown>): void {
    const left = new AbortController();
    this.owns(() => { left.abort(); });
    performIn(undefined, end, { signal: left.signal }).then(() => this.close(), (error: unknown) => { this.fail(error); });
  }

  /** Something to be stopped at the end, which may have come. */
  owns(stop: () => void): void {
    if (this.closed) attempt(stop);
    else this.#stops.push(stop);
  }

  override close(error?: unknown): boolean {
    const first = super.close(error);
    const failed = this.#stop();
    if (failed) reportFailure(failed.error);
    return first;
  }

  override cancel(reason?: unknown): boolean {
    const first = super.cancel(reason);
    const failed = this.#stop();
    if (failed) throw failed.error; // to whoever waits for the clean-up of the flow
    return first;
  }

  #stop(): { error: unknown } | undefined {
    hasClosed(this);
    const stops = this.#stops;
    this.#stops = [];
    let failed: { error: unknown } | undefined;
    for (const stop of stops) {
      try {
        stop();
      } catch (error) {
        failed ??= { error };
      }
    }
    return failed;
  }
}
