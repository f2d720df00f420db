/**
 * The public surface, one report for each module that users import: `api/*.api.md`, made of the built declarations by api-extractor.
 *
 * `npx tsx scripts/api.ts` fails when a report is not what the declarations say, which the gate asks; `npm run api` builds, and writes the
 * reports. So a change of the API shows in the diff of a commit.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { entries } from "./entries.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const reports = join(root, "api");
const none = ExtractorLogLevel.None;

/** The package's own name. */
const { name: self } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { name: string };

/** By which users import an entry: `net/index.d.ts` by `rendezvous/net`. */
const importedAs = (types: string): string => [self, types.replace(/(^|\/)index\.d\.ts$|\.d\.ts$/, "")].filter((part) => part !== "").join("/");
const nameOf = (types: string): string => importedAs(types).replace(`${self}/`, "").replaceAll("/", "-");

/**
 * The reports by name. Each entry is looked at from outside of the package, as a program that imports the others; so what it takes from another
 * one is named, and not told again.
 */
export function makeReports(): ReadonlyMap<string, string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "api-")));
  try {
    const made = join(folder, "node_modules", self);
    mkdirSync(made, { recursive: true });
    symlinkSync(join(root, "node_modules", "@types"), join(folder, "node_modules", "@types"));
    cpSync(join(root, "package.json"), join(made, "package.json"));
    for (const { types } of entries) cpSync(join(root, "dist", types), join(made, "dist", types), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "outside", type: "module" }));
    const configs = entries.map(({ types }) => configOf(folder, types));
    const [first] = configs;
    if (!first) throw new Error("package.json exports nothing");
    const compilerState = CompilerState.create(first, { additionalEntryPoints: configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath) });
    return new Map(configs.map((config, index) => {
      const types = entries[index]?.types ?? "";
      return [nameOf(types), report(config, compilerState).replace('"outside"', `"${importedAs(types)}"`)];
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Put an entry's declarations into the folder, and say how they are to be told. */
function configOf(folder: string, types: string): ExtractorConfig {
  const entry = join(folder, `${nameOf(types)}.d.ts`);
  const own = readFileSync(join(root, "dist", types), "utf8");
  writeFileSync(entry, own.replaceAll(/(from |import\()(['"])(\.[^'"]*)\2/g, (_, before: string, quote: string, to: string) =>
    before + quote + importedAs(posix.join(posix.dirname(types), to.replace(/\.js$/, ".d.ts"))) + quote));
  const compilerOptions = { target: "es2022", lib: ["es2023", "esnext.disposable"], module: "nodenext", strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, types: ["node"] };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      compiler: { overrideTsconfig: { compilerOptions, files: [entry] } },
      apiReport: { enabled: true, reportFileName: `${nameOf(types)}.api.md`, reportFolder: folder, reportTempFolder: folder, includeForgottenExports: true },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      newlineKind: "lf",
      // What is to be said about declarations and comments, the compiler and typedoc say in other steps of the gate.
      messages: { extractorMessageReporting: { default: { logLevel: none } }, tsdocMessageReporting: { default: { logLevel: none } } },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, "package.json"),
  });
}

function report(config: ExtractorConfig, compilerState: CompilerState): string {
  const failures: string[] = [];
  Extractor.invoke(config, {
    compilerState,
    localBuild: true,
    messageCallback: (message) => {
      if (message.logLevel === ExtractorLogLevel.Error) failures.push(message.text);
      message.handled = true;
    },
  });
  if (failures.length > 0) throw new Error(failures.join("\n"));
  return readFileSync(config.mainEntryPointFilePath.replace(/\.d\.ts$/, ".api.md"), "utf8");
}

/** The first line in which two texts differ. */
function difference(before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const at = now.findIndex((line, index) => line !== old[index]);
  const line = at < 0 ? now.length : at;
  return `line ${String(line + 1)}\n  - ${old[line] ?? "(the end)"}\n  + ${now[line] ?? "(the end)"}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = makeReports();
  const fileOf = (name: string): string => join(reports, `${name}.api.md`);
  const stale = (existsSync(reports) ? readdirSync(reports) : []).filter((file) => !made.has(file.replace(/\.api\.md$/, "")));
  if (process.argv.includes("--update")) {
    mkdirSync(reports, { recursive: true });
    for (const [name, text] of made) writeFileSync(fileOf(name), text);
    for (const file of stale) rmSync(join(reports, file));
  } else {
    const wrong = [...made].flatMap(([name, text]) => {
      const before = existsSync(fileOf(name)) ? readFileSync(fileOf(name), "utf8") : "";
      return before === text ? [] : [`api/${name}.api.md is not what the declarations say: ${difference(before, text)}`];
    });
    wrong.push(...stale.map((file) => `api/${file} is of no entry`));
    if (wrong.length > 0) {
      console.error(`${wrong.join("\n")}\nThe public API has changed. If that is meant: npm run api, and commit the reports.`);
      process.exitCode = 1;
    }
  }
}
