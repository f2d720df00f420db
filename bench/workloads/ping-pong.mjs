/** Two tasks and two unbuffered channels: a number goes there and comes back greater by one. One round trip is one operation. */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

/** @type {import("../interface.mjs").Workload} */
export default {
  name: "ping-pong",
  title: "ping-pong",
  unit: "ns a round trip",
  kind: "rate",
  needs: ["make", "send", "receive", "spawn"],
  expected: () => 0,

  async async({ make, send, receive, value, spawn }, count) {
    const there = make(0);
    const back = make(0);
    spawn(async () => {
      for (let n = 0; n < count; n++) await send(back, value(await receive(there)) + 1);
    });
    let wrong = 0;
    for (let n = 0; n < count; n++) {
      await send(there, n);
      if (value(await receive(back)) !== n + 1) wrong++;
    }
    return wrong;
  },

  *generator({ make, send, receive, spawn }, count) {
    const there = make(0);
    const back = make(0);
    spawn(function* () {
      for (let n = 0; n < count; n++) yield* send(back, (yield* receive(there)) + 1);
    });
    let wrong = 0;
    for (let n = 0; n < count; n++) {
      yield* send(there, n);
      if ((yield* receive(back)) !== n + 1) wrong++;
    }
    return wrong;
  },

  *trampoline({ make, send, receive, spawn }, count) {
    const there = make(0);
    const back = make(0);
    spawn(function* () {
      for (let n = 0; n < count; n++) {
        let value = receive(there);
        if (value === nothing) value = yield;
        if (!send(back, value + 1)) yield;
      }
    });
    let wrong = 0;
    for (let n = 0; n < count; n++) {
      if (!send(there, n)) yield;
      let value = receive(back);
      if (value === nothing) value = yield;
      if (value !== n + 1) wrong++;
    }
    return wrong;
  },
};
