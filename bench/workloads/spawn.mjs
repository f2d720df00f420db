/**
 * A hundred thousand tasks that return at once, gathered: each with a function of its own, and all with the same one. V8 prepares each generator function
 * when it is first called, which takes longer than all the rest of starting a task.
 */
const tasks = 100_000;
const sum = (numbers) => numbers.reduce((total, n) => total + n, 0);

const own = {
  async: () => async () => 1,
  generator: () => function* () { return 1; },
};
const shared = { async: own.async(), generator: own.generator() };
const declaredOnce = { async: () => shared.async, generator: () => shared.generator };

/** @returns {import("../interface.mjs").Workload} */
const spawn = (name, title, bodies) => ({
  name,
  title,
  unit: "ms",
  kind: "fixed",
  needs: ["gather"],
  expected: () => tasks,

  async: async ({ gather }) => sum(await gather(Array.from({ length: tasks }, bodies.async))),

  *generator({ gather }) {
    return sum(yield* gather(Array.from({ length: tasks }, bodies.generator)));
  },

  *trampoline({ gather }) {
    gather(Array.from({ length: tasks }, bodies.generator));
    return sum(yield);
  },
});

/** @type {import("../interface.mjs").Workload[]} */
export default [
  spawn("spawn", "spawn and gather 100,000", own),
  spawn("spawn-same", "the same, one function for all", declaredOnce),
];
