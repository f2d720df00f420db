/**
 * Breaks each of the laws 1 to 10, and 13, in a copy of the source, by a change of one line, and sees the explored specs of that law find it.
 * Run it with `npx tsx scripts/break-laws.ts`, or with numbers of laws; it takes some minutes. A break that is not found is a failure.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { breaks } from "./breaks.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "break-laws-"));
const secondsAtMost = 120;

interface Failure { fullTitle: string; err: { message?: string } }
interface Result { stats: { passes: number }; failures: Failure[] }

/** Run the explored specs of these titles on the copy; `undefined`: they did not come to an end. */
async function explored(titles: string): Promise<Result | undefined> {
  const options = ["--no-config", "--node-option=import=./scripts/typescript.js", "--timeout=20000", "--fail-zero", "--reporter=json", `--grep=${titles}`];
  const child = spawn(process.execPath, [join(root, "node_modules/mocha/bin/mocha.js"), ...options, "spec/laws/explored/*.spec.ts"], {
    cwd: copy,
    stdio: ["ignore", "pipe", "ignore"],
    timeout: secondsAtMost * 1000,
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.on("data", (data: Buffer) => { output += data.toString(); });
  await new Promise((resolve) => { child.on("close", resolve); });
  const start = output.indexOf("{");
  return start < 0 ? undefined : (JSON.parse(output.slice(start)) as Result);
}

/** The number of schedules until a failure was found, from its message. */
const schedulesOf = ({ err: { message = "" } }: Failure): number =>
  Number(/ in run (\d+) /.exec(message)?.[1] ?? /after (\d+) schedules/.exec(message)?.[1] ?? NaN);

const wanted = process.argv.slice(2).map(Number);
let missed = 0;
try {
  for (const part of ["src", "spec", "scripts", "package.json", "tsconfig.json", "tsconfig.spec.json"]) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const whole = await explored("law \\d+:");
  if (!whole || whole.failures.length > 0) throw new Error(`unbroken, the specs fail: ${whole?.failures[0]?.fullTitle ?? "no result"}`);
  console.log(`Unbroken: ${String(whole.stats.passes)} explored specs pass.\n`);
  console.log("| law | broken so that | found by | first in schedule | by the spec |\n| ---: | --- | --- | ---: | --- |");
  for (const { law, fault, file, from, to } of breaks) {
    if (wanted.length > 0 && !wanted.includes(law)) continue;
    const path = join(copy, "src", file);
    const source = readFileSync(path, "utf8");
    const times = source.split(from).length - 1;
    if (times !== 1) throw new Error(`law ${String(law)}: src/${file} has ${String(times)} times: ${from}`);
    writeFileSync(path, source.replace(from, () => to));
    const result = await explored(`law ${String(law)}:`);
    writeFileSync(path, source);
    const failures = result?.failures ?? [];
    const [first] = failures.toSorted((one, other) => (schedulesOf(one) || Infinity) - (schedulesOf(other) || Infinity));
    if (!first) missed++;
    const by = result ? `${String(failures.length)} of ${String(failures.length + result.stats.passes)}` : "no end";
    const title = first?.fullTitle.replace(/^.*\((\w+)\) law \d+: (.*)$/, "$2 ($1)");
    console.log(`| ${String(law)} | ${fault} | ${first ? by : "NOT FOUND"} | ${first ? String(schedulesOf(first)) : ""} | ${title ?? ""} |`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(missed > 0 ? `\n${String(missed)} NOT FOUND` : "\nEvery one was found.");
process.exitCode = missed > 0 ? 1 : 0;
