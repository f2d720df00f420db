/** Ten thousand tasks in a row: each receives from the right, adds one, and sends to the left. Building the chain counts. */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

const tasks = 10_000;

/** @type {import("../interface.mjs").Workload} */
export default {
  name: "daisy-chain",
  title: "daisy chain of 10,000",
  unit: "ms",
  kind: "fixed",
  needs: ["make", "send", "receive", "spawn"],
  expected: () => tasks,

  async async({ make, send, receive, value, spawn }) {
    const leftmost = make(0);
    let left = leftmost;
    for (let built = 0; built < tasks; built++) {
      const right = make(0);
      spawn(async (to, from) => {
        await send(to, value(await receive(from)) + 1);
      }, left, right);
      left = right;
    }
    await send(left, 0);
    return value(await receive(leftmost));
  },

  *generator({ make, send, receive, spawn }) {
    const leftmost = make(0);
    let left = leftmost;
    for (let built = 0; built < tasks; built++) {
      const right = make(0);
      spawn(function* (to, from) {
        yield* send(to, (yield* receive(from)) + 1);
      }, left, right);
      left = right;
    }
    yield* send(left, 0);
    return yield* receive(leftmost);
  },

  *trampoline({ make, send, receive, spawn }) {
    const leftmost = make(0);
    let left = leftmost;
    for (let built = 0; built < tasks; built++) {
      const right = make(0);
      spawn(function* (to, from) {
        let value = receive(from);
        if (value === nothing) value = yield;
        if (!send(to, value + 1)) yield;
      }, left, right);
      left = right;
    }
    if (!send(left, 0)) yield;
    let value = receive(leftmost);
    if (value === nothing) value = yield;
    return value;
  },
};
