/**
 * A receive with a time limit of ten seconds that never passes. The values come through a relay, so that the receiver is faster
 * and has to wait for each of them. The second row is what each such receive leaves on the heap.
 */
import { collect } from "../timing.mjs";

const limit = 10_000; // ms

/** The programs of a receiver that is given: also those of the workload `signal`. */
export const guarded = (receiving) => ({
  async async(library, count) {
    const { make, send, receive, value, spawn } = library;
    const source = make(0);
    const numbers = make(0);
    spawn(async () => {
      for (let n = 0; n < count; n++) await send(source, n);
    });
    spawn(async () => {
      for (let n = 0; n < count; n++) await send(numbers, value(await receive(source)));
    });
    const guardedReceive = receiving(library, numbers);
    let received = 0;
    for (let n = 0; n < count; n++) {
      await guardedReceive();
      received++;
    }
    return received;
  },

  *generator(library, count) {
    const { make, send, receive, spawn } = library;
    const source = make(0);
    const numbers = make(0);
    spawn(function* () {
      for (let n = 0; n < count; n++) yield* send(source, n);
    });
    spawn(function* () {
      for (let n = 0; n < count; n++) yield* send(numbers, yield* receive(source));
    });
    const guardedReceive = receiving(library, numbers);
    let received = 0;
    for (let n = 0; n < count; n++) {
      yield* guardedReceive();
      received++;
    }
    return received;
  },
});

/** Bytes that stay on the heap for each operation. */
export async function growth(run) {
  const count = 100_000;
  await run(1000);
  await collect();
  const before = process.memoryUsage().heapUsed;
  await run(count);
  await collect();
  return (process.memoryUsage().heapUsed - before) / count;
}

const inBlock = guarded(({ receiveInTimeout }, channel) => () => receiveInTimeout(channel, limit));
const inSameBlock = guarded(({ receivingInTimeout }, channel) => receivingInTimeout(channel, limit));
const programs = guarded(({ receiveWithin }, channel) => () => receiveWithin(channel, limit));
const needs = ["make", "send", "receive", "receiveWithin", "spawn"];
const expected = (count) => count;

/** @type {import("../interface.mjs").Workload[]} */
export default [
  { name: "timeout", title: "receive with a timeout", unit: "ns a value", kind: "rate", needs, expected, ...programs },
  {
    name: "timeout-block",
    title: "receive in a timeout block",
    unit: "ns a value",
    kind: "rate",
    needs: ["make", "send", "receive", "receiveInTimeout", "spawn"],
    expected,
    ...inBlock,
  },
  {
    name: "timeout-block-same",
    title: "the same, one function as the body of all blocks",
    unit: "ns a value",
    kind: "rate",
    needs: ["make", "send", "receive", "receivingInTimeout", "spawn"],
    expected,
    ...inSameBlock,
  },
  {
    name: "timeout-heap",
    title: "left behind by each of them",
    unit: "bytes",
    kind: "once",
    needs,
    expected,
    ...programs,
    figure: (_library, run) => growth(run),
  },
];
