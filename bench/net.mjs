/**
 * Connections against the platform's own sockets: `node bench/net.mjs [workload ...] [--repetitions 5] [--quick]`.
 *
 * One process for each program and repetition, the repetitions going round over the programs; how a figure is taken is in `timing.mjs`.
 * Prints a table in markdown.
 */
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { table } from "./table.mjs";
import { rate } from "./timing.mjs";
import { workloads } from "./workloads/net.mjs";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repetitions: { type: "string", default: "5" },
    quick: { type: "boolean", default: false },
    measure: { type: "boolean", default: false },
  },
});
const msOfRun = given.quick ? 10 : 100;

/** In a process of its own: one figure. */
async function measure(name, contender) {
  const { programs, expected } = workloads[name];
  const figure = await rate(async (count) => {
    const seen = await programs[contender](count);
    if (seen !== expected(count)) throw new Error(`wrong: ${seen} instead of ${expected(count)}`);
  }, msOfRun);
  console.log(JSON.stringify(figure));
  process.exit();
}

function compare() {
  const names = Object.keys(workloads).filter((name) => positionals.length === 0 || positionals.includes(name));
  const repetitions = given.quick ? 1 : Number(given.repetitions);
  const self = fileURLToPath(import.meta.url);
  const results = {};
  const loads = [];
  for (const name of names) {
    const contenders = Object.keys(workloads[name].programs);
    const row = (results[name] = Object.fromEntries(contenders.map((contender) => [contender, { figures: [] }])));
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const contender of contenders) {
        const options = ["--expose-gc", "--single-threaded", self, "--measure", name, contender, ...(given.quick ? ["--quick"] : [])];
        row[contender].figures.push(JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" })));
      }
      loads.push(loadavg()[0]);
    }
  }
  console.log(`Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}, ` +
    `load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}, ${repetitions} repetitions.\n`);
  const columns = [...new Set(names.flatMap((name) => Object.keys(workloads[name].programs)))];
  const rows = names.map((name) => ({ name, ...workloads[name] }));
  console.log(table(rows, columns, Object.fromEntries(columns.map((column) => [column, column])),
    Object.fromEntries(names.map((name) => [name, { ...Object.fromEntries(columns.map((column) => [column, { figures: [] }])), ...results[name] }]))));
}

if (given.measure) await measure(...positionals);
else compare();
