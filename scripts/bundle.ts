/**
 * What Node, Bun and Deno load: the library in a few files. Importing them takes a fifth of the time that its single modules take (9 ms in
 * place of 50), and a handover 5 to 20 % less, since V8 sees through a call within a file better than through one from file to file
 * (`node bench/run.mjs stream contend buffered`). Bundlers for browsers get the single modules, and leave out unused ones.
 */
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import ts from "typescript";
import { entries } from "./entries.ts";
import type { Files } from "./place.ts";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** The files of the bundle. */
export function bundle(): Files {
  const { outputFiles } = buildSync({
    entryPoints: entries.map(({ node }) => {
      const entry = node.replace(/^bundle\/(.*)\.js$/, "$1");
      return { in: `${source}${entry}.ts`, out: entry };
    }),
    // Into every entry: so all of the core is in one file that they share, and exists once; and whichever is imported first brings the platform's async
    // contexts along.
    inject: [`${source}node.ts`],
    ignoreAnnotations: true,
    bundle: true,
    splitting: true,
    chunkNames: "shared-[hash]",
    outdir: source,
    write: false,
    format: "esm",
    platform: "node",
    target: "es2022",
    logLevel: "warning",
  });
  return new Map(outputFiles.map(({ path, text }) => [relative(source, path).replaceAll(sep, "/"), flushLeft(withConstants(text))]));
}

/**
 * The same program, whose variables that are set once are constants again, as in the source, and are exported under a second name. V8 folds the constants
 * of a file, and their calls, into the code that it compiles, but reads what a file exports from a cell at each use. An unbuffered stream of generator
 * tasks takes 10 to 13 % less time on Node 26 and 4 % on Node 20, a ping-pong 10 and 5 %; with constants alone, 4 and 2 %
 * (`node bench/run.mjs stream ping-pong`).
 */
export function withConstants(text: string): string {
  const file = ts.createSourceFile("bundle.js", text, ts.ScriptTarget.ES2022);
  const set = namesSet(file);
  const constant = ({ name, initializer }: ts.VariableDeclaration): boolean => initializer !== undefined && ts.isIdentifier(name) && !set.has(name.text);
  const fixed = new Set<string>();
  const edits: { at: number; end: number; by: string }[] = [];
  for (const statement of file.statements) {
    const at = statement.getStart(file);
    if (ts.isFunctionDeclaration(statement) && statement.name) fixed.add(statement.name.text);
    else if (ts.isVariableStatement(statement) && statement.declarationList.declarations.every(constant)) {
      for (const { name } of statement.declarationList.declarations) fixed.add((name as ts.Identifier).text);
      edits.push({ at, end: at + "var".length, by: "const" });
    } else if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      const own = statement.exportClause.elements.map(({ name, propertyName = name }) => ({ name: name.text, local: propertyName.text }));
      const aliases = own.filter(({ local }) => fixed.has(local)).map(({ local }) => `${local}$=${local}`);
      const exported = own.map(({ name, local }) => (fixed.has(local) ? `${local}$ as ${name}` : local === name ? name : `${local} as ${name}`));
      if (aliases.length > 0) edits.push({ at, end: statement.end, by: `const ${aliases.join()};\nexport {${exported.join()}};` });
    }
  }
  return edits.reduceRight((edited, { at, end, by }) => edited.slice(0, at) + by + edited.slice(end), text);
}

const { FirstAssignment, LastAssignment, PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;

/** The names that a program sets, or changes, anywhere after their declaration. */
function namesSet(program: ts.Node): ReadonlySet<string> {
  const set = new Set<string>();
  const targets = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) set.add(node.text);
    else if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) ts.forEachChild(node, targets);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node)) {
      if (node.operatorToken.kind >= FirstAssignment && node.operatorToken.kind <= LastAssignment) targets(node.left);
    } else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
      if (node.operator === PlusPlusToken || node.operator === MinusMinusToken) targets(node.operand);
    }
    if (ts.isForOfStatement(node) || ts.isForInStatement(node)) targets(node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(program);
  return set;
}

/**
 * The same program without its indentation, which is a sixtieth of the package, and the comments of members, which are a twentieth and stand in the
 * declarations. The lines of code stay, for stacks and for the source that an error shows.
 */
export function flushLeft(text: string): string {
  const kept: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateLiteralToken(node)) kept.push(node);
    else ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("bundle.js", text, ts.ScriptTarget.ES2022));
  return text.replaceAll(/^ *\/\*(?:(?!\*\/)[^])*\*\/\n|^ +/gm, (blank, at: number) => (kept.some(({ pos, end }) => pos < at && at < end) ? blank : ""));
}
