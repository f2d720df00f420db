/**
 * Libraries of one style side by side in one process: `node bench/together.mjs stream contend --libraries rendezvous-async,by-hand-promise`.
 *
 * On a machine whose processes differ in speed, or that changes its speed, this compares best: short runs go round over the libraries, and what counts
 * is the median, over the rounds, of how many times the first library's run each one takes. Each library has its own copy of the workload's
 * code, so that V8 knows one library in it. Only for workloads that leave nothing on the heap. It needs a build: `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadLibrary, loadWorkload } from "./catalogue.mjs";
import { median } from "./timing.mjs";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    libraries: { type: "string", default: "rendezvous-async,by-hand-promise,medium,thi-ng" },
    rounds: { type: "string", default: "200" },
    measure: { type: "boolean", default: false },
  },
});
const names = given.libraries.split(",");
const msOfRun = 8;
const msOfWarmUp = 400;

/** Nanoseconds for one operation in a run of `count` of them. */
async function timed({ run, count }) {
  const began = process.hrtime.bigint();
  await run(count);
  return Number(process.hrtime.bigint() - began) / count;
}

/** A library's program, warm, and with as many operations as take the time wanted. */
async function contender(workloadName, libraryName) {
  const library = await loadLibrary(libraryName);
  const workload = await loadWorkload(workloadName, libraryName);
  const program = workload[library.style];
  const run = async (count) => {
    const outcome = await (library.run ? library.run(() => program(library, count)) : program(library, count));
    if (outcome !== workload.expected?.(count)) throw new Error(`${libraryName} is wrong: ${outcome}`);
  };
  const one = { run, count: 1_000 };
  let fastest = Infinity;
  for (const began = performance.now(); performance.now() - began < msOfWarmUp;) fastest = Math.min(fastest, await timed(one));
  one.count = Math.ceil((msOfRun * 1e6) / fastest);
  return one;
}

async function measure(workloadName) {
  const contenders = [];
  for (const name of names) contenders.push(await contender(workloadName, name));
  const rounds = [];
  for (let round = 0; round < Number(given.rounds); round++) {
    const times = [];
    for (const one of contenders) times.push(await timed(one));
    rounds.push(times);
  }
  const ofAll = (figures) => names.map((_, index) => figures(rounds.map((times) => times[index]), rounds.map((times) => times[index] / times[0])));
  console.log(JSON.stringify(ofAll((times, ratios) => ({ fastest: Math.min(...times), ratio: median(ratios) }))));
  process.exit();
}

if (given.measure) await measure(positionals[0]);

const cells = (figures) => figures.map(({ fastest, ratio }) => `${Math.round(fastest).toLocaleString("en")} (${ratio.toFixed(2)})`);
console.log(`Node ${process.version}, load average ${loadavg()[0].toFixed(1)}. The fastest of ${given.rounds} runs, ns; the median of the ratios.\n`);
console.log(`| workload | ${names.join(" | ")} |\n| --- |${names.map(() => " ---: |").join("")}`);
for (const workload of positionals) {
  const options = ["--single-threaded", fileURLToPath(import.meta.url), workload, "--measure", "--libraries", given.libraries, "--rounds", given.rounds];
  console.log(`| ${workload} | ${cells(JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }))).join(" | ")} |`);
}
