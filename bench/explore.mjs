/**
 * How many schedules the explorer of `rendezvous/testing` runs in a second of one processor: `node bench/explore.mjs [--repetitions 5] [--quick]`.
 *
 * One process for each strategy, lane and repetition; how a figure is taken is in `timing.mjs`. `--proof`: three philosophers, whose proof
 * takes half a minute, besides. Prints tables in markdown. It needs a build: `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { explore } from "../dist/bundle/testing/index.js";
import { median, rate } from "./timing.mjs";
import { philosophers, tenSteps } from "./workloads/explore.mjs";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repetitions: { type: "string", default: "5" },
    quick: { type: "boolean", default: false },
    proof: { type: "boolean", default: false },
    measure: { type: "boolean", default: false },
  },
});
const strategies = ["random", "pct", "dfs", "dpor"];
const lanes = Object.keys(tenSteps);

/** Explore a program of ten steps, again from the beginning where it is complete, for so many schedules. */
async function exploreFor(strategy, lane, count) {
  for (let done = 0; done < count;) {
    const { schedules, steps } = await explore(tenSteps[lane], { strategy, maxSchedules: count - done });
    if (steps !== 10 * schedules) throw new Error(`wrong: ${steps} steps in ${schedules} schedules`);
    done += schedules;
  }
}

async function prove(count, lane) {
  const before = process.cpuUsage();
  const { schedules, steps, complete } = await explore(philosophers(count)[lane], { strategy: "dpor", maxSchedules: Infinity });
  const { user, system } = process.cpuUsage(before);
  if (!complete) throw new Error("wrong: not complete");
  return { schedules, steps: steps / schedules, seconds: (user + system) / 1e6 };
}

/** In a process of its own: one figure. */
async function measure(what, lane) {
  const figure = strategies.includes(what)
    ? 1e9 / await rate((count) => exploreFor(what, lane, count), given.quick ? 10 : 100)
    : await prove(Number(what), lane);
  console.log(JSON.stringify(figure));
  process.exit();
}

const loads = [];
function measured(...what) {
  const options = ["--single-threaded", fileURLToPath(import.meta.url), "--measure", ...what, ...(given.quick ? ["--quick"] : [])];
  loads.push(loadavg()[0]);
  return JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }));
}

function compare() {
  const repetitions = given.quick ? 1 : Number(given.repetitions);
  const short = (figure) => Math.round(figure).toLocaleString("en");
  const rows = strategies.map((strategy) => [strategy, ...lanes.map((lane) => {
    const figures = Array.from({ length: repetitions }, () => measured(strategy, lane));
    const figure = median(figures);
    return `${short(figure)} ±${Math.round(((Math.max(...figures) - Math.min(...figures)) / 2 / figure) * 100)}%`;
  })]);
  const proofs = (given.proof ? [2, 3] : [2]).flatMap((count) => lanes.map((lane) => {
    const { schedules, steps, seconds } = measured(String(count), lane);
    return [`${count} philosophers, ${lane}`, short(schedules), String(steps), seconds.toFixed(1), short(schedules / seconds)];
  }));
  const print = (lines) => console.log(`${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`);
  console.log(`Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}, ` +
    `load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}, ${repetitions} repetitions.\n`);
  print([["schedules a second, of ten steps", ...lanes], ["---", ...lanes.map(() => "---:")], ...rows]);
  print([["proof by dpor", "schedules", "steps", "seconds", "a second"], ["---", "---:", "---:", "---:", "---:"], ...proofs]);
}

if (given.measure) await measure(...positionals);
else compare();
