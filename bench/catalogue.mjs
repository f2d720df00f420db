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

/** @returns {Promise<import("./interface.mjs").Workload[]>} */
export async function loadWorkloads() {
  const files = await Promise.all(workloadFiles.map((name) => import(`./workloads/${name}.mjs`)));
  return files.flatMap((file) => file.default);
}
