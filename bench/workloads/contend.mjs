/** A hundred producers on one unbuffered channel, one consumer. */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

const producers = 100;
const mask = 0xff_ffff; // sums stay small integers, which V8 keeps without allocating

/** @type {import("../interface.mjs").Workload} */
export default {
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
