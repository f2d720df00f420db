/** One producer, one consumer, one unbuffered channel. */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

/**
 * @param {string} name
 * @param {string} title
 * @param {number} capacity
 * @returns {import("../interface.mjs").Workload}
 */
export function stream(name, title, capacity) {
  return {
    name,
    title,
    unit: "ns a value",
    kind: "rate",
    needs: ["make", "send", "receive", "spawn"],
    expected: (count) => (count * (count - 1)) / 2,

    async async({ make, send, receive, value, spawn }, count) {
      const numbers = make(capacity);
      spawn(async () => {
        for (let n = 0; n < count; n++) await send(numbers, n);
      });
      let sum = 0;
      for (let n = 0; n < count; n++) sum += value(await receive(numbers));
      return sum;
    },

    *generator({ make, send, receive, spawn }, count) {
      const numbers = make(capacity);
      spawn(function* () {
        for (let n = 0; n < count; n++) yield* send(numbers, n);
      });
      let sum = 0;
      for (let n = 0; n < count; n++) sum += yield* receive(numbers);
      return sum;
    },

    *trampoline({ make, send, receive, spawn }, count) {
      const numbers = make(capacity);
      spawn(function* () {
        for (let n = 0; n < count; n++) if (!send(numbers, n)) yield;
      });
      let sum = 0;
      for (let n = 0; n < count; n++) {
        let value = receive(numbers);
        if (value === nothing) value = yield;
        sum += value;
      }
      return sum;
    },
  };
}

export default stream("stream", "unbuffered stream", 0);
