/** The specs, run on a runtime, part by part. What is left out there is in one table, by name, with the reason. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureOf, run } from "./child.ts";
import { leftOut } from "./left-out.ts";
import { mochaCommand, type Runtime } from "./runtime.ts";

/** A spec that was run. */
export interface Spec {
  title: string;
  file: string;
  ms: number;
  /** Why it failed, if it did. */
  error?: string | undefined;
}

/** Parts that are run in a process each, so that two cores have something to do. */
export const parts: Readonly<Record<string, readonly string[]>> = {
  "specs of core, laws, talk": ["spec/unit/core", "spec/laws", "spec/unit/talk"],
  "specs of channels": ["spec/conformance/channels"],
  "specs of tasks, scopes and time": ["spec/unit/task", "spec/conformance/tasks", "spec/conformance/time"],
  "specs of flows, sync and nats": ["spec/conformance/flow", "spec/conformance/sync", "spec/conformance/nats"],
  "specs of net": ["spec/unit/net", "spec/conformance/net"],
  "specs of testing": ["spec/unit/testing"],
};

interface Line { begins?: boolean; passed?: boolean; failed?: boolean; ended?: boolean; title: string; file?: string; ms?: number; error?: string }

/** Run some files and folders of specs on a runtime, in at most so many seconds. */
export async function runSpecs(runtime: Runtime, places: readonly string[], seconds: number): Promise<Spec[]> {
  const out = leftOut(runtime.name);
  const files = places.flatMap(specsIn).filter((file) => !out.files.has(file));
  if (files.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "runtimes-specs-"));
  try {
    const report = join(folder, "report");
    const config = join(folder, "mocharc.json");
    writeFileSync(config, "{}");
    const options = ["--exit", "--reporter=./scripts/runtimes/reporter.cjs", "--timeout=20000", ...files];
    if (out.titles.length > 0) options.push(`--grep=${out.titles.map(escaped).join("|")}`, "--invert");
    const outcome = await run(...mochaCommand(runtime, config, options), { folder: process.cwd(), seconds, env: { RUNTIMES_REPORT: report, NO_COLOR: "1" } });
    const lines = existsSync(report) ? readFileSync(report, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Line) : [];
    const specs = lines.flatMap(({ passed, failed, title, file = "", ms = 0, error }): Spec[] =>
      passed === true || failed === true ? [{ title, file, ms, error: failed === true ? (error ?? "failed") : undefined }] : []);
    if (lines.at(-1)?.ended !== true) {
      const last = lines.findLast(({ begins }) => begins)?.title ?? "(none had begun)";
      specs.push({ title: last, file: "", ms: 0, error: `the run of the specs did not come to its end: it ${failureOf(outcome)}` });
    }
    return specs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function specsIn(place: string): string[] {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".spec.ts")).map((name) => `${place}/${name}`).sort();
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
