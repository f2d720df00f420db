/** effect: its Queue of capacity 0 is a rendezvous; a select is a race of takes and offers. */
import { Effect, Fiber, Queue } from "effect";

const sent = Symbol("sent");

/** @type {import("../interface.mjs").Library} */
export default {
  title: "effect",
  style: "generator",
  imports: { from: "effect", typical: "Effect, Queue" },
  make: (capacity) => Effect.runSync(Queue.bounded(capacity)),
  send: (queue, value) => Queue.offer(queue, value),
  receive: (queue) => Queue.take(queue),
  value: (received) => received,
  spawn: (body, ...args) => Effect.runFork(Effect.gen(() => body(...args))),
  inScope: (body) =>
    Effect.gen(function* () {
      const fibers = [];
      const spawn = (child, ...args) => void fibers.push(Effect.runFork(Effect.gen(() => child(...args))));
      const value = yield* body(spawn, () => Fiber.interruptAll(fibers));
      yield* Fiber.awaitAll(fibers);
      return value;
    }),
  breathe: () => Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
  gather: (bodies) => Effect.all(bodies.map((body) => Effect.gen(body)), { concurrency: "unbounded" }),
  run: (body) => Effect.runPromise(Effect.gen(body)),
  select(receives, sends = []) {
    const first = Effect.raceAllFirst([
      ...receives.map((queue) => Queue.take(queue)),
      ...sends.map(([queue, value]) => Effect.as(Queue.offer(queue, value), sent)),
    ]);
    return { wait: () => first, value: (selected) => selected, sent: (selected) => selected === sent };
  },
  selectsSends: true,
  receiveWithin: (queue, ms) => Effect.timeout(Queue.take(queue), ms),
  receivingInTimeout(queue, ms) {
    const body = function* () {
      return yield* Queue.take(queue);
    };
    return () => Effect.timeout(Effect.gen(body), ms);
  },
  receiveInTimeout: (queue, ms) => Effect.timeout(Effect.gen(function* () { return yield* Queue.take(queue); }), ms),
};
