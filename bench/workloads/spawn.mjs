/** A hundred thousand tasks that return at once, gathered. */
const tasks = 100_000;
const sum = (numbers) => numbers.reduce((total, n) => total + n, 0);

/** @type {import("../interface.mjs").Workload} */
export default {
  name: "spawn",
  title: "spawn and gather 100,000",
  unit: "ms",
  kind: "fixed",
  needs: ["gather"],
  expected: () => tasks,

  async: async ({ gather }) => sum(await gather(Array.from({ length: tasks }, () => async () => 1))),

  *generator({ gather }) {
    return sum(yield* gather(Array.from({ length: tasks }, () => function* () { return 1; })));
  },

  *trampoline({ gather }) {
    gather(Array.from({ length: tasks }, () => function* () { return 1; }));
    return sum(yield);
  },
};
