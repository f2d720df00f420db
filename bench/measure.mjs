/**
 * One library, one workload, one process: `node --expose-gc --single-threaded measure.mjs LIBRARY WORKLOAD MS_OF_A_RUN`.
 *
 * Prints one line of JSON: `{ figure }`, `{ absent: true }` if the library cannot do it, or `{ failure }`.
 */
import { loadLibrary, loadWorkloads } from "./catalogue.mjs";
import { fixed, rate } from "./timing.mjs";

const [libraryName, workloadName, msOfRun] = process.argv.slice(2);

/** @param {object} outcome */
function answer(outcome) {
  process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit());
}

process.on("uncaughtException", (error) => answer({ failure: String(error?.message ?? error).split("\n")[0] }));
process.on("beforeExit", () => answer({ failure: "hangs" })); // nothing is left that could wake anybody

const library = await loadLibrary(libraryName);
const workload = (await loadWorkloads()).find(({ name }) => name === workloadName);
const program = workload[library.style];

// Only `size` has no program: nothing is run to know it.
const hasProgram = program !== undefined || workload.needs.includes("imports");
if (!hasProgram || !workload.needs.every((member) => library[member])) {
  answer({ absent: true });
} else {
  const run = async (count) => {
    const given = await (library.run === undefined ? program(library, count) : library.run(() => program(library, count)));
    const wanted = workload.expected?.(count);
    if (given !== wanted) throw new Error(`wrong: ${given} instead of ${wanted}`);
    return given;
  };
  const take = { rate, fixed, once: () => workload.figure(library, run) }[workload.kind];
  answer({ figure: await take(run, Number(msOfRun)) });
}
