/**
 * How Stryker runs the specs: by mocha's own interface, in its own process, so that each change is met by the specs that run its line alone.
 * (`@stryker-mutator/mocha-runner` for this Node does not know this mocha.)
 */
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { determineHitLimitReached, DryRunStatus, MutantRunStatus, TestStatus, toMutantRunResult } from "@stryker-mutator/api/test-runner";
import { INSTRUMENTER_CONSTANTS } from "@stryker-mutator/api/core";
import { readdirSync } from "node:fs";
import { relative } from "node:path";
import Mocha from "mocha";

/** How long a spec may wait while the library is broken. A loop without end is stopped by Stryker. */
const ms = 2000;
/** A spec that takes longer with the library as it is would be run again for every change that it does not see. */
const slow = 500;

/** @type {{ activeMutant?: string, currentTestId?: string, hitCount?: number, hitLimit?: number, mutantCoverage?: object }} */
const mutants = (globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {});

/** `MUTATE_EVERY=5 MUTATE_FROM=2`: a sample, changes 2, 7, 12 and so on. The others are listed as errors, which the score leaves out. */
const every = Number(process.env["MUTATE_EVERY"] ?? 1);
const from = Number(process.env["MUTATE_FROM"] ?? 0);

class SpecRunner {
  static inject = /** @type {const} */ (["options", "logger"]);
  #loaded = false;
  #covering = false;

  constructor({ specs: { folders, leftOut } }, log) {
    this.log = log;
    this.mocha = new Mocha({ timeout: ms, reporter: function () { /* events are enough */ }, cleanReferencesAfterRun: false });
    for (const folder of folders) {
      for (const name of readdirSync(folder).sort()) {
        if (name.endsWith(".spec.ts") && !leftOut.includes(`${folder}/${name}`)) this.mocha.addFile(`${folder}/${name}`);
      }
    }
    const runner = this;
    this.mocha.suite.beforeEach(function () {
      if (runner.#covering) mutants.currentTestId = this.currentTest.fullTitle();
    });
  }

  capabilities() {
    // A module is imported once. But no change is active at an import, so none needs another import; if this were false, each change that an import
    // runs too would take a process of its own.
    return { reloadEnvironment: true };
  }

  async dryRun() {
    this.#covering = true;
    const result = await this.#run(() => true, false);
    this.#covering = false;
    const usable = result.tests.filter(({ status, timeSpentMs }) => status === TestStatus.Success && timeSpentMs <= slow);
    const others = result.tests.filter((test) => !usable.includes(test));
    this.log.info(`${usable.length} specs are used. Left out, since slow or dependent on what the copy has not: ${others.map(({ name }) => name).join("; ")}`);
    return { ...result, tests: usable, mutantCoverage: coverageOf(usable) };
  }

  async mutantRun({ activeMutant, testFilter, disableBail, hitLimit, mutantActivation }) {
    if (Number(activeMutant.id) % every !== from) return { status: MutantRunStatus.Error, errorMessage: "not in the sample" };
    mutants.hitLimit = hitLimit;
    mutants.hitCount = hitLimit ? 0 : undefined;
    const wanted = testFilter && new Set(testFilter);
    mutants.activeMutant = mutantActivation === "static" ? activeMutant.id : undefined;
    const result = toMutantRunResult(await this.#run((title) => !wanted || wanted.has(title), !disableBail, activeMutant.id));
    const { fileName, location: { start }, replacement } = activeMutant;
    // At once, for a run that is stopped; Stryker counts lines and columns from 0.
    this.log.info(`${result.status}: ${relative("", fileName)}:${start.line + 1}:${start.column + 1} ${JSON.stringify(replacement)}`);
    return result;
  }

  async #run(isWanted, bail, mutant) {
    if (!this.#loaded) await this.mocha.loadFilesAsync();
    this.#loaded = true;
    mutants.activeMutant = mutant;
    this.mocha.grep({ test: isWanted });
    bailOf(this.mocha.suite, bail);
    const tests = [];
    await new Promise((resolve) => {
      const runner = this.mocha.run(resolve);
      const tell = (test, rest) => {
        const id = (test.ctx?.currentTest ?? test).fullTitle();
        tests.push({ id, name: id, fileName: test.file, timeSpentMs: test.duration ?? 0, ...rest });
      };
      runner.on("pass", (test) => { tell(test, { status: TestStatus.Success }); });
      runner.on("fail", (test, error) => { tell(test, { status: TestStatus.Failed, failureMessage: error.message || String(error) }); });
    });
    return determineHitLimitReached(mutants.hitCount, mutants.hitLimit) ?? { status: DryRunStatus.Complete, tests };
  }
}

/** Which changes the used specs run, as Stryker asks for it. */
function coverageOf(usable) {
  const { static: always, perTest } = mutants.mutantCoverage;
  return { static: always, perTest: Object.fromEntries(usable.filter(({ id }) => perTest[id]).map(({ id }) => [id, perTest[id]])) };
}

function bailOf(suite, bail) {
  suite.bail(bail);
  for (const inner of suite.suites) bailOf(inner, bail);
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, "specs", SpecRunner)];
export const strykerValidationSchema = {
  properties: { specs: { type: "object", properties: { folders: { type: "array" }, leftOut: { type: "array" } } } },
};
