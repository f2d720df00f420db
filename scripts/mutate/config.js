/**
 * Mutation testing, `npm run mutate`: Stryker changes `src/core`, `src/channel` and `src/task` in one small place after another, and looks which changes no
 * spec notices. One file: `npm run mutate -- --mutate src/support/queue.ts`; some lines: `--mutate src/channel/channel.ts:120-200`.
 *
 * `MUTATE_EVERY=5` takes a sample, of every fifth change; with `MUTATE_FROM=2`, an other one: changes 2, 7, 12 and so on.
 *
 * Each change meets the specs that run its line. The copy of the project and the report are kept in the system's folder for temporary files:
 * the output ends with the score, and with the path of the report.
 *
 * @typedef {import("@stryker-mutator/core")} Stryker
 */
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = join(tmpdir(), "rendezvous-mutate");

export default {
  mutate: ["src/core/**/*.ts", "src/channel/**/*.ts", "src/task/**/*.ts", "src/support/queue.ts"],
  plugins: ["./scripts/mutate/runner.js"],
  testRunner: "specs",
  testRunnerNodeArgs: ["--import=./scripts/typescript.js", "--expose-gc"],
  specs: {
    // Those that find most come first.
    folders: [
      "spec/laws", "spec/unit/core", "spec/unit/task", "spec/unit/talk", "spec/unit/messages", "spec/conformance/channels", "spec/conformance/tasks",
      "spec/conformance/time", "spec/laws/explored",
    ],
    // What starts processes, measures time or memory, or repeats by the hundred thousand; the runner leaves out single specs that are slow.
    leftOut: [
      ...["copies", "environment", "queue"].map((name) => `spec/unit/core/${name}.spec.ts`),
      ...["uncaught", "debugging"].map((name) => `spec/unit/task/${name}.spec.ts`),
      ...["programs", "resources", "alive", "types"].map((name) => `spec/conformance/channels/${name}.spec.ts`),
      ...["leaks", "resources", "run", "traffic", "fetch"].map((name) => `spec/conformance/tasks/${name}.spec.ts`),
      "spec/conformance/time/imports.spec.ts", "spec/unit/messages/compiler.spec.ts",
    ],
  },
  coverageAnalysis: "perTest",
  ignoreStatic: true, // what is evaluated at import would take a process of its own for each change
  ignorePatterns: ["docs-out", "dist", "docs", "examples", "coverage", "api", "/bench"],
  concurrency: 1,
  dryRunTimeoutMinutes: 20,
  timeoutMS: 4000,
  timeoutFactor: 1.1,
  // With the process goes what broken code has left behind in it. A change that is not in the sample counts, and leaves nothing.
  maxTestRunnerReuse: 50 * Number(process.env["MUTATE_EVERY"] ?? 1),
  disableTypeChecks: "src/**/*.ts",
  tempDirName: join(folder, "copies"),
  reporters: ["clear-text", "progress-append-only", "html", "json"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, skipFull: true },
  htmlReporter: { fileName: join(folder, "report.html") },
  jsonReporter: { fileName: join(folder, "report.json") },
};
