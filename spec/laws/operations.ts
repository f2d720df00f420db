/**
 * Every kind of operation, a row each: how to get one that is not ready, how to make it happen, how to see that nothing of it is
 * left. The laws run over all of them, in all `ways` of `support/ways.ts`; a new operation adds a row.
 */
import { EventEmitter, getEventListeners } from "node:events";
import { Writable } from "node:stream";
import type { SinonFakeTimers } from "sinon";
import { nothing, performable } from "../../src/core/operation.ts";
import { BareWaiter, withdraw, type WaitQueue } from "../../src/core/wait-queue.ts";
import {
  aborting, attempting, chan, choose, ClosedError, go, guard, never, operation, perform, selecting, settling, sleeping, ticker,
  type Channel, type Operation,
} from "../../src/index.ts";
import { broadcast, flow, hearing, lines, merge, senderTo, type Flow } from "../../src/flow/index.ts";
import { cell, pool, rateLimiter, semaphore, singleflight, type Cell, type Lease } from "../../src/sync/index.ts";

/** What an operation gives: a value, the very error, or an error of a class. */
export type Gives = { value: unknown } | { error: unknown } | { errorOf: new (...args: never[]) => Error };

/** An operation that is not ready. */
export interface Situation {
  operation: Operation<unknown>;
  /** Makes it happen: for the first waiter, or for all. May be called when nothing waits. */
  happen(): void;
  gives: Gives;
  /** How many wait for it, or do something on its behalf; 0 after the last one has left. Changes nothing if it is 0. */
  left(): number;
}

export interface Kind {
  name: string;
  make(clock: SinonFakeTimers): Situation;
  /** `happen` is for all waiters, not for the first alone. */
  forAll?: true;
  /** It happens in a later turn than `happen`. */
  happensLater?: true;
  /** Withdrawn, it is gone in a later turn. */
  leavesLater?: true;
}

const failure = new Error("it failed");
const received: Gives = { value: "a value" };

// -- How to see from outside what waits at a channel --

function receiversAt(channel: Channel<unknown>): number {
  if (channel.closed) return 0;
  const held = channel.size;
  const taken = channel.trySend("for a receiver that should not be there");
  const stored = channel.size - held;
  if (stored === 1 && held === 0) channel.tryReceive();
  return taken && stored === 0 ? 1 : 0;
}

function sendersAt(channel: Channel<unknown>): number {
  if (channel.closed) return 0;
  const held = channel.size;
  const result = channel.tryReceive();
  if (result === undefined) return 0;
  if (held === 0 || channel.size === held) return 1;
  channel.trySend(result.value);
  return 0;
}

/** How many stand in a line. */
function lengthOf(line: WaitQueue): number {
  let length = 0;
  for (let waiter = line.first; waiter !== undefined; waiter = waiter.next) length++;
  return length;
}

/** The line in which performers of an operation wait. */
function lineOf(described: Operation<unknown>): WaitQueue {
  const probe = new Probe();
  probe.perform(described);
  const line = probe.place as WaitQueue;
  probe.withdraw();
  return line;
}

function quiet(): Operation<unknown> {
  return chan<unknown>().receiving();
}

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void; reject: (error: unknown) => void } {
  let resolve!: (value: unknown) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<unknown>((fulfilling, rejecting) => {
    resolve = fulfilling;
    reject = rejecting;
  });
  return { promise, resolve, reject };
}

// -- Situations that several rows share --

function receivingFrom(capacity: number, describe: (channel: Channel<unknown>) => Operation<unknown>, gives: Gives): Situation {
  const channel = chan<unknown>(capacity);
  return {
    operation: describe(channel),
    happen: () => { channel.trySend("a value"); },
    gives,
    left: () => receiversAt(channel),
  };
}

function endOf(describe: (channel: Channel<unknown>) => Operation<unknown>, end: (channel: Channel<unknown>) => void, gives: Gives): Situation {
  const channel = chan<unknown>();
  return { operation: describe(channel), happen: () => { end(channel); }, gives, left: () => receiversAt(channel) + sendersAt(channel) };
}

function sendingTo(capacity: number): Situation {
  const channel = chan<unknown>(capacity);
  for (let held = 0; held < capacity; held++) channel.trySend(`held ${String(held)}`);
  return {
    operation: channel.sending("a value"),
    happen: () => { channel.tryReceive(); },
    gives: { value: undefined },
    left: () => sendersAt(channel),
  };
}

function attempted(end: (attempt: ReturnType<typeof deferred>) => void, gives: Gives): Situation {
  const running = new Set<ReturnType<typeof deferred>>();
  return {
    operation: attempting((signal) => {
      const attempt = deferred();
      running.add(attempt);
      signal.addEventListener("abort", () => { running.delete(attempt); }, { once: true });
      return attempt.promise;
    }),
    happen() {
      for (const attempt of running) end(attempt);
      running.clear();
    },
    gives,
    left: () => running.size,
  };
}

function sourced(result: () => unknown, gives: Gives): Situation {
  const waiting = new Set<(result: () => unknown) => void>();
  return {
    operation: operation<unknown>({
      poll: () => undefined,
      wait(resume) {
        waiting.add(resume);
        return () => { waiting.delete(resume); };
      },
    }),
    happen() {
      for (const resume of waiting) {
        waiting.delete(resume);
        resume(result);
        resume(result); // a second time it changes nothing
        return;
      }
    },
    gives,
    left: () => waiting.size,
  };
}

function over(situation: Situation, wrap: (inner: Operation<unknown>) => Operation<unknown>, gives: Gives = situation.gives): Situation {
  return { ...situation, operation: wrap(situation.operation), gives };
}

/** A shared run that ends as its gate lets it. */
function runningTo(end: (attempt: ReturnType<typeof deferred>) => void, gives: Gives): Situation {
  const shared = deferred();
  shared.promise.catch(() => { /* those who wait for the run are told */ });
  let runs = 0;
  const flight = singleflight(async (_: string) => {
    runs++;
    try {
      return await perform(settling(shared.promise));
    } finally {
      runs--;
    }
  });
  return { operation: flight.running("key"), happen: () => { end(shared); }, gives, left: () => runs };
}

/** A pool whose resources are made when their gate lets them. */
function borrowing(describe: (borrowed: Operation<Lease<unknown>>) => Operation<unknown>, gives: Gives): Situation {
  const gate = chan<unknown>(Infinity);
  const resources = pool({ create: () => gate.receive(), max: 100 });
  const line = lineOf(resources.acquiring());
  return { operation: describe(resources.acquiring()), happen: () => { if (line.first) gate.trySend("a value"); }, gives, left: () => lengthOf(line) };
}

/** A semaphore of which so many permits are asked for, which are out. */
function acquiringOf(n: number): Situation {
  const slots = semaphore(2);
  const permit = slots.tryAcquire(n);
  if (slots.free > 0) slots.tryAcquire(slots.free);
  const acquiring = slots.acquiring(n);
  const line = lineOf(acquiring);
  return {
    operation: acquiring,
    happen: () => { if (line.first) slots.resize(slots.capacity + n); },
    gives: { value: permit },
    left: () => lengthOf(line),
  };
}

/** A sender to a sink without room; `happen` makes room for one value. */
function sendingToSink(): Situation {
  let proceed: (() => void) | undefined;
  const sink = new Writable({ objectMode: true, highWaterMark: 1, write(_value, _encoding, done) { proceed = done; } });
  const sender = senderTo<unknown>(sink);
  sender.trySend("held");
  const sending = sender.sending("a value");
  const line = lineOf(sending);
  return { operation: sending, happen: () => { if (line.first) proceed?.(); }, gives: { value: undefined }, left: () => lengthOf(line) };
}

/** An event that is waited for; `happen` emits it, or an error. */
function heard(emitted: string, what: unknown, gives: Gives): Situation {
  const emitter = new EventEmitter();
  emitter.on("error", () => undefined);
  return {
    operation: hearing(emitter, "event"),
    happen: () => { emitter.emit(emitted, what); },
    gives,
    left: () => emitter.listenerCount("event") + emitter.listenerCount("error") - 1,
  };
}

const plain = (): Situation => receivingFrom(0, (channel) => channel.receiving(), received);

/** A flow over a channel; a send is there for whoever comes, since a view that looks takes one value at a time. */
function flowing(view: (source: Flow<unknown>) => Flow<unknown>, gives = received, looks = false): Situation {
  const channel = chan<unknown>();
  return {
    operation: view(flow(channel)).receiving(),
    happen: () => { if (looks) channel.send("a value").catch(() => undefined); else channel.trySend("a value"); },
    gives,
    left: () => receiversAt(channel),
  };
}

/** A flow that has dropped what it drops. */
function dropping(): Situation {
  const channel = chan<unknown>();
  const rest = flow(channel).drop(1);
  void channel.send("dropped");
  rest.tryReceive();
  return { operation: rest.receiving(), happen: () => { channel.trySend("a value"); }, gives: received, left: () => receiversAt(channel) };
}

function subscribed(room: number): Situation {
  const sender = broadcast<unknown>();
  const receiving = sender.subscribe(room);
  return {
    operation: receiving.receiving(),
    happen: () => { sender.trySend("a value"); },
    gives: received,
    left: () => {
      const taken = sender.trySend("for a receiver that should not be there");
      return taken && receiving.tryReceive() === undefined ? 1 : 0;
    },
  };
}

function broadcasting(): Situation {
  const sender = broadcast<unknown>();
  const [slow, fast] = [sender.subscribe(1), sender.subscribe(10)];
  sender.trySend("held");
  return {
    operation: sender.sending("a value"),
    happen: () => { slow.tryReceive(); },
    gives: { value: undefined },
    left: () => {
      fast.tryReceive();
      if (slow.tryReceive() === undefined) return 0;
      const waited = slow.tryReceive() !== undefined;
      if (!waited) sender.trySend("held");
      return waited ? 1 : 0;
    },
  };
}

function ending(end: (channel: Channel<unknown>) => void, gives: Gives, view: (source: Flow<unknown>) => Flow<unknown>): Situation {
  return endOf((channel) => view(flow(channel)).receiving(), end, gives);
}

function untilDone(): Situation {
  const done = chan<unknown>();
  const until = flow(chan<unknown>()).until(done.nexting());
  return { operation: until.nexting(), happen: () => { done.close(); }, gives: { value: { done: true, value: undefined } }, left: () => receiversAt(done) };
}

/** For a cell to be above 0. */
function waitingFor(happen: (level: Cell<number>) => void, gives: Gives): Situation {
  const level = cell(0);
  const waiting = level.waiting((n) => n > 0);
  const line = lineOf(waiting);
  return { operation: waiting, happen: () => { happen(level); }, gives, left: () => lengthOf(line) };
}

export const kinds: readonly Kind[] = [
  { name: "receiving", make: plain },
  { name: "receiving, buffered", make: () => receivingFrom(2, (channel) => channel.receiving(), received) },
  { name: "receiving, closed", forAll: true, make: () => endOf((channel) => channel.receiving(), (channel) => channel.close(), { errorOf: ClosedError }) },
  { name: "receiving, closed with an error", forAll: true, make: () => endOf((channel) => channel.receiving(), (channel) => channel.close(failure), { error: failure }) },
  { name: "nexting", make: () => receivingFrom(0, (channel) => channel.nexting(), { value: { done: false, value: "a value" } }) },
  { name: "nexting, closed", forAll: true, make: () => endOf((channel) => channel.nexting(), (channel) => channel.close(), { value: { done: true, value: undefined } }) },
  { name: "sending", make: () => sendingTo(0) },
  { name: "sending, buffered", make: () => sendingTo(2) },
  { name: "sending, cancelled", forAll: true, make: () => endOf((channel) => channel.sending(1), (channel) => channel.cancel(), { errorOf: ClosedError }) },
  {
    name: "sleeping",
    forAll: true,
    make: (clock) => ({ operation: sleeping(10), happen: () => { clock.tick(10); }, gives: { value: undefined }, left: () => clock.countTimers() }),
  },
  {
    name: "sleeping longer than a timer can",
    forAll: true,
    make: (clock) => ({ operation: sleeping(2 ** 32), happen: () => { clock.tick(2 ** 32); }, gives: { value: undefined }, left: () => clock.countTimers() }),
  },
  {
    name: "receiving from a ticker",
    make(clock) {
      const ticks = ticker(10);
      return {
        operation: ticks.receiving().map(() => "a tick"),
        happen: () => { clock.tick(10); },
        gives: { value: "a tick" },
        left() {
          ticks.tryReceive();
          clock.tick(10); // a receiver that should not be there takes the tick
          return ticks.tryReceive() === undefined ? 1 : 0;
        },
      };
    },
  },
  { name: "acquiring", make: () => acquiringOf(1) },
  { name: "acquiring several", make: () => acquiringOf(2) },
  {
    name: "acquiring too many, after a resize",
    forAll: true,
    make() {
      const slots = semaphore(2);
      slots.tryAcquire(2);
      const acquiring = slots.acquiring(2);
      const line = lineOf(acquiring);
      return { operation: acquiring, happen: () => { if (line.first) slots.resize(1); }, gives: { errorOf: RangeError }, left: () => lengthOf(line) };
    },
  },
  {
    name: "taking",
    make(clock) {
      const limiter = rateLimiter({ limit: 1, per: 20 });
      limiter.tryTake();
      const taking = limiter.taking();
      const line = lineOf(taking);
      const happen = (): void => { if (line.first) clock.tick(20); };
      return { operation: taking, happen, gives: { value: undefined }, left: () => lengthOf(line) + clock.countTimers() };
    },
  },
  { name: "waiting for a cell", forAll: true, happensLater: true, make: () => waitingFor((level) => { level.value = 1; }, { value: 1 }) },
  { name: "waiting for a cell, closed", forAll: true, happensLater: true, make: () => waitingFor((level) => { level.close(); }, { errorOf: ClosedError }) },
  { name: "running", forAll: true, happensLater: true, leavesLater: true, make: () => runningTo(({ resolve }) => { resolve("a value"); }, received) },
  { name: "running, failed", forAll: true, happensLater: true, leavesLater: true, make: () => runningTo(({ reject }) => { reject(failure); }, { error: failure }) },
  { name: "acquiring from a pool", happensLater: true, make: () => borrowing((operation) => operation, { value: { value: "a value" } }) },
  { name: "acquiring from a pool, mapped", happensLater: true, make: () => borrowing((operation) => operation.map(({ value }) => value), received) },
  {
    name: "joining",
    forAll: true,
    happensLater: true,
    make() {
      const { promise, resolve } = deferred();
      const joining = go(() => promise).joining();
      const line = lineOf(joining);
      return { operation: joining, happen: () => { resolve("a value"); }, gives: received, left: () => lengthOf(line) };
    },
  },
  {
    name: "joining a task that fails",
    forAll: true,
    happensLater: true,
    make() {
      const { promise, reject } = deferred();
      const task = go(() => promise);
      const joining = task.joining();
      const line = lineOf(joining);
      void task.result(); // one who joins anyway, so that the failure is never unhandled
      return { operation: joining, happen: () => { reject(failure); }, gives: { error: failure }, left: () => Math.max(0, lengthOf(line) - 1) };
    },
  },
  {
    name: "settling",
    forAll: true,
    happensLater: true,
    make() {
      const { promise, resolve } = deferred();
      const line = lineOf(settling(promise));
      return { operation: settling(promise), happen: () => { resolve("a value"); }, gives: received, left: () => lengthOf(line) };
    },
  },
  {
    name: "settling, rejected",
    forAll: true,
    happensLater: true,
    make() {
      const { promise, reject } = deferred();
      const line = lineOf(settling(promise));
      return { operation: settling(promise), happen: () => { reject(failure); }, gives: { error: failure }, left: () => lengthOf(line) };
    },
  },
  {
    name: "aborting",
    forAll: true,
    make() {
      const giving = new AbortController();
      return {
        operation: aborting(giving.signal),
        happen: () => { giving.abort(failure); },
        gives: { error: failure },
        left: () => getEventListeners(giving.signal, "abort").length,
      };
    },
  },
  { name: "hearing", forAll: true, make: () => heard("event", "a value", received) },
  { name: "hearing, and the emitter fails", forAll: true, make: () => heard("error", failure, { error: failure }) },
  { name: "sending to a stream", make: sendingToSink },
  { name: "attempting", forAll: true, happensLater: true, leavesLater: true, make: () => attempted(({ resolve }) => { resolve("a value"); }, received) },
  { name: "attempting, failed", forAll: true, happensLater: true, leavesLater: true, make: () => attempted(({ reject }) => { reject(failure); }, { error: failure }) },
  { name: "operation", make: () => sourced(() => "a value", received) },
  { name: "operation, failed", make: () => sourced(() => { throw failure; }, { error: failure }) },
  { name: "map", make: () => over(plain(), (inner) => inner.map((value) => [value]), { value: ["a value"] }) },
  { name: "map that throws", make: () => over(plain(), (inner) => inner.map(() => { throw failure; }), { error: failure }) },
  {
    name: "map over a failure",
    forAll: true,
    make: () => over(
      endOf((channel) => channel.receiving(), (channel) => channel.close(failure), { error: failure }),
      (inner) => inner.map((value) => value, (error) => [error]), { value: [failure] },
    ),
  },
  { name: "map of an operation", make: () => over(sourced(() => "a value", received), (inner) => inner.map((value) => [value]), { value: ["a value"] }) },
  { name: "guard", make: () => over(plain(), (inner) => guard(() => inner)) },
  { name: "guard of a guard of a map", make: () => over(plain(), (inner) => guard(() => guard(() => inner.map((value) => value)))) },
  { name: "choose", make: () => over(plain(), (inner) => choose(quiet(), inner, never)) },
  { name: "choose, sending", make: () => over(sendingTo(0), (inner) => choose(quiet(), inner, quiet())) },
  { name: "choose of chooses", make: () => over(plain(), (inner) => choose(choose(never, choose(inner, quiet())), choose(quiet()))) },
  { name: "choose with an operation", make: () => over(sourced(() => "a value", received), (inner) => choose(quiet(), inner, operation<unknown>({ poll: () => undefined, wait: () => () => undefined }))) },
  { name: "choose with a timer", make: (clock) => { const it = plain(); return { ...over(it, (inner) => choose(inner, sleeping(1000))), left: () => it.left() + clock.countTimers() }; } },
  { name: "selecting", make: () => over(plain(), (inner) => selecting({ it: inner, off: false, quiet: quiet() }), { value: { case: "it", value: "a value" } }) },
  { name: "selecting, listed", make: () => over(plain(), (inner) => selecting([quiet(), inner], { order: "listed" }), { value: { case: 1, value: "a value" } }) },
  { name: "selecting a guarded selecting, mapped", make: () => over(plain(), (inner) => guard(() => selecting({ outer: selecting({ inner }).map((selected) => selected.value) })), { value: { case: "outer", value: "a value" } }) },
  { name: "receiving from a flow", make: () => flowing((f) => f) },
  { name: "receiving from a flow that is lent its source", make: () => flowing((f) => flow(f, { preventCancel: true })) },
  { name: "receiving from a flow, closed", forAll: true, make: () => ending((channel) => channel.close(), { errorOf: ClosedError }, (f) => f.map((value) => value)) },
  { name: "receiving from a flow, failed", forAll: true, make: () => ending((channel) => channel.close(failure), { error: failure }, (f) => f.take(5)) },
  { name: "receiving from map of a flow", make: () => flowing((f) => f.map((value) => [value]), { value: ["a value"] }) },
  { name: "receiving from map of a flow that throws", make: () => flowing((f) => f.map(() => { throw failure; }), { error: failure }) },
  { name: "receiving from take", make: () => flowing((f) => f.take(100)) },
  { name: "receiving from drop", make: dropping },
  { name: "receiving from until", make: () => flowing((f) => f.until(never)) },
  { name: "receiving from until, over", forAll: true, make: untilDone },
  { name: "receiving from throttle", make: () => flowing((f) => f.throttle(rateLimiter({ limit: 1000, per: 1 }))) },
  { name: "receiving from merge", make: () => flowing((f) => merge([chan<unknown>(), f, chan<unknown>()])) },
  { name: "receiving from filter", happensLater: true, make: () => flowing((f) => f.filter((value) => value !== "another"), received, true) },
  { name: "receiving from flatMap", happensLater: true, make: () => flowing((f) => f.flatMap((value) => [value]), received, true) },
  { name: "receiving from takeWhile", happensLater: true, make: () => flowing((f) => f.takeWhile(() => true).map((value) => value), received, true) },
  { name: "receiving from chunks", happensLater: true, make: () => flowing((f) => f.chunks(1), { value: ["a value"] }, true) },
  { name: "receiving from lines", happensLater: true, make: () => flowing((f) => lines(f.map((value) => `${String(value)}\n`)), received, true) },
  { name: "receiving from a broadcast", make: () => subscribed(1) },
  { name: "sending to a broadcast", make: broadcasting },
];

/** A waiter without a task, which counts how often it is resumed. */
export class Probe extends BareWaiter {
  resumed = 0;
  onResume: (() => void) | undefined = undefined;

  /** Poll, and wait if nothing happened. */
  perform(described: Operation<unknown>): boolean {
    const prepared = performable(described, "a probe").prepare();
    if (prepared.attempt() !== nothing) return true;
    prepared.enlist(this);
    return false;
  }

  withdraw(): void {
    withdraw(this);
  }

  override resume(): void {
    this.resumed++;
    this.onResume?.();
  }
}
