/**
 * One select over many channels, each of which has a producer of its own that always has a value to send. Of each producer
 * the values have to come in order and without a gap.
 */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

/** Counts the values that are not the next one of their producer. A value is `n * width + index`. */
function checker(width) {
  const next = Array.from({ length: width }, (_, index) => index);
  let wrong = 0;
  return {
    see(value) {
      const index = value % width;
      if (next[index] !== value) wrong++;
      next[index] += width;
    },
    get wrong() {
      return wrong;
    },
  };
}

/**
 * @param {number} width
 * @returns {import("../interface.mjs").Workload}
 */
const fanIn = (width) => ({
  name: `fan-in-${width}`,
  title: `fan-in by select, ${width} ready`,
  unit: "ns a value",
  kind: "rate",
  needs: ["make", "send", "select", "spawn"],
  expected: () => 0,

  async async({ make, send, select, spawn }, count) {
    const channels = Array.from({ length: width }, () => make(0));
    channels.forEach((channel, index) => spawn(async () => {
      for (let value = index; ; value += width) await send(channel, value);
    }));
    const { wait, value } = select(channels);
    const check = checker(width);
    for (let n = 0; n < count; n++) check.see(value(await wait()));
    return check.wrong;
  },

  *generator({ make, send, select, spawn }, count) {
    const channels = Array.from({ length: width }, () => make(0));
    channels.forEach((channel, index) => spawn(function* () {
      for (let value = index; ; value += width) yield* send(channel, value);
    }));
    const { wait, value } = select(channels);
    const check = checker(width);
    for (let n = 0; n < count; n++) check.see(value(yield* wait()));
    return check.wrong;
  },

  *trampoline({ make, send, select, spawn }, count) {
    const channels = Array.from({ length: width }, () => make(0));
    channels.forEach((channel, index) => spawn(function* () {
      for (let value = index; ; value += width) if (!send(channel, value)) yield;
    }));
    const { wait } = select(channels);
    const check = checker(width);
    for (let n = 0; n < count; n++) {
      let value = wait();
      if (value === nothing) value = yield;
      check.see(value);
    }
    return check.wrong;
  },
});

export default [2, 10, 100, 1000].map(fanIn);
