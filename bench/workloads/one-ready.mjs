/**
 * One select over many channels, and one producer that sends on one of them at a time, in a scattered order. The select has
 * to wait on all of them for every value.
 */
import { nothing } from "../libraries/by-hand-trampoline.mjs";

/**
 * @param {number} width
 * @returns {import("../interface.mjs").Workload}
 */
const oneReady = (width) => ({
  name: `one-ready-${width}`,
  title: `fan-in by select, 1 of ${width} ready`,
  unit: "ns a value",
  kind: "rate",
  needs: ["make", "send", "select", "spawn"],
  expected: () => 0,

  async async({ make, send, select, spawn }, count) {
    const channels = Array.from({ length: width }, () => make(0));
    spawn(async () => {
      for (let n = 0; n < count; n++) await send(channels[(n * 7919) % width], n);
    });
    const { wait, value } = select(channels);
    let wrong = 0;
    for (let n = 0; n < count; n++) if (value(await wait()) !== n) wrong++;
    return wrong;
  },

  *generator({ make, send, select, spawn }, count) {
    const channels = Array.from({ length: width }, () => make(0));
    spawn(function* () {
      for (let n = 0; n < count; n++) yield* send(channels[(n * 7919) % width], n);
    });
    const { wait, value } = select(channels);
    let wrong = 0;
    for (let n = 0; n < count; n++) if (value(yield* wait()) !== n) wrong++;
    return wrong;
  },

  *trampoline({ make, send, select, spawn }, count) {
    const channels = Array.from({ length: width }, () => make(0));
    spawn(function* () {
      for (let n = 0; n < count; n++) if (!send(channels[(n * 7919) % width], n)) yield;
    });
    const { wait } = select(channels);
    let wrong = 0;
    for (let n = 0; n < count; n++) {
      let value = wait();
      if (value === nothing) value = yield;
      if (value !== n) wrong++;
    }
    return wrong;
  },
});

export default [2, 10, 100, 1000].map(oneReady);
