/**
 * Which libraries and which workloads there are, in the order of the table.
 */

/** Names of files in `libraries/`. The first is the one that the others are compared with. */
export const libraryNames = [
  "rendezvous-async",
  "rendezvous-generator",
  "by-hand-promise",
  "by-hand-trampoline",
  "ts-chan",
  "ts-chan-unsafe",
  "thi-ng",
  "medium",
  "nodeguy",
  "js-csp",
  "effect",
  "go",
];

/** Names of files in `workloads/`. */
const workloadFiles = [
  "ping-pong", "stream", "buffered", "fan-in", "one-ready", "send-or-receive", "contend", "sieve", "daisy-chain", "spawn", "scopes",
  "timeout", "signal", "memory", "delay", "size",
];

/**
 * @param {string} name
 * @returns {Promise<import("./interface.mjs").Library>}
 */
export async function loadLibrary(name) {
  return (await import(`./libraries/${name}.mjs`)).default;
}

/**
 * One workload, in a copy of its code for one library.
 * @param {string} name
 * @param {string} library
 * @returns {Promise<import("./interface.mjs").Workload>}
 */
export async function loadWorkload(name, library) {
  for (const file of workloadFiles) {
    const workloads = [(await import(`./workloads/${file}.mjs?${library}`)).default].flat();
    const workload = workloads.find((one) => one.name === name);
    if (workload) return workload;
  }
  throw new Error(`there is no workload ${name}`);
}

/** @returns {Promise<import("./interface.mjs").Workload[]>} */
export async function loadWorkloads() {
  const files = await Promise.all(workloadFiles.map((name) => import(`./workloads/${name}.mjs`)));
  return files.flatMap((file) => file.default);
}
