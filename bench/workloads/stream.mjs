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
    expected: () => 0,

    async async({ make, send, receive, value, spawn }, count) {
      const numbers = make(capacity);
      spawn(async () => {
        for (let n = 0; n < count; n++) await send(numbers, n);
      });
      let wrong = 0;
      for (let n = 0; n < count; n++) if (value(await receive(numbers)) !== n) wrong++;
      return wrong;
    },

    *generator({ make, send, receive, spawn }, count) {
      const numbers = make(capacity);
      spawn(function* () {
        for (let n = 0; n < count; n++) yield* send(numbers, n);
      });
      let wrong = 0;
      for (let n = 0; n < count; n++) if ((yield* receive(numbers)) !== n) wrong++;
      return wrong;
    },

    *trampoline({ make, send, receive, spawn }, count) {
      const numbers = make(capacity);
      spawn(function* () {
        for (let n = 0; n < count; n++) if (!send(numbers, n)) yield;
      });
      let wrong = 0;
      for (let n = 0; n < count; n++) {
        let value = receive(numbers);
        if (value === nothing) value = yield;
        if (value !== n) wrong++;
      }
      return wrong;
    },
  };
}

export default stream("stream", "unbuffered stream", 0);
