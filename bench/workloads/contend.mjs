/**
 * A hundred producers on one unbuffered channel, one consumer; and the other way round, so that each receive has to wait and a hundred are woken in a row.
 */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

const producers = 100;
const mask = 0xff_ffff; // sums stay small integers, which V8 keeps without allocating

/** @type {import("../interface.mjs").Workload} */
const contend = {
  name: "contend",
  title: "100 producers, one consumer",
  unit: "ns a value",
  kind: "rate",
  needs: ["make", "send", "receive", "spawn"],
  expected: (count) => ((count * (count - 1)) / 2) % (mask + 1),

  async async({ make, send, receive, value, spawn }, count) {
    const numbers = make(0);
    for (let first = 0; first < producers; first++) {
      spawn(async () => {
        for (let n = first; n < count; n += producers) await send(numbers, n);
      });
    }
    let sum = 0;
    for (let n = 0; n < count; n++) sum = (sum + value(await receive(numbers))) & mask;
    return sum;
  },

  *generator({ make, send, receive, spawn }, count) {
    const numbers = make(0);
    for (let first = 0; first < producers; first++) {
      spawn(function* () {
        for (let n = first; n < count; n += producers) yield* send(numbers, n);
      });
    }
    let sum = 0;
    for (let n = 0; n < count; n++) sum = (sum + (yield* receive(numbers))) & mask;
    return sum;
  },

  *trampoline({ make, send, receive, spawn }, count) {
    const numbers = make(0);
    for (let first = 0; first < producers; first++) {
      spawn(function* () {
        for (let n = first; n < count; n += producers) if (!send(numbers, n)) yield;
      });
    }
    let sum = 0;
    for (let n = 0; n < count; n++) {
      let value = receive(numbers);
      if (value === nothing) value = yield;
      sum = (sum + value) & mask;
    }
    return sum;
  },
};

const receivers = 100;

/** @type {import("../interface.mjs").Workload} */
const batches = {
  name: "batches",
  title: "100 receivers, all of which wait",
  unit: "ns a value",
  kind: "rate",
  needs: ["make", "send", "receive", "spawn", "breathe"],
  expected: (count) => count,

  async async({ make, send, receive, spawn, breathe }, count) {
    const numbers = make(0);
    let received = 0;
    for (let first = 0; first < receivers; first++) {
      spawn(async () => {
        for (let n = first; n < count; n += receivers) {
          await receive(numbers);
          received++;
        }
      });
    }
    for (let n = 0; n < count; n++) {
      if (n % receivers === 0) await breathe(); // all of them wait again
      await send(numbers, n);
    }
    while (received < count) await breathe();
    return received;
  },

  *generator({ make, send, receive, spawn, breathe }, count) {
    const numbers = make(0);
    let received = 0;
    for (let first = 0; first < receivers; first++) {
      spawn(function* () {
        for (let n = first; n < count; n += receivers) {
          yield* receive(numbers);
          received++;
        }
      });
    }
    for (let n = 0; n < count; n++) {
      if (n % receivers === 0) yield* breathe(); // all of them wait again
      yield* send(numbers, n);
    }
    while (received < count) yield* breathe();
    return received;
  },
};

/** @type {import("../interface.mjs").Workload[]} */
export default [contend, batches];
