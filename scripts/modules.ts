/**
 * The library's modules one by one, with their declarations, as the compiler makes them.
 */
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Files } from "./place.ts";

/**
 * A class whose constructor is `@internal` is declared as one that users can not make: the compiler leaves that constructor out, and with it
 * that there is none without arguments.
 */
const keepConstructors: ts.TransformerFactory<ts.SourceFile | ts.Bundle> = (context) => {
  const isInternal = (node: ts.Node): boolean => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
  const visit = (node: ts.Node): ts.Node => {
    const source = ts.getOriginalNode(node);
    if (!ts.isClassDeclaration(node) || !ts.isClassDeclaration(source)) return node;
    if (!source.members.some((member) => ts.isConstructorDeclaration(member) && isInternal(member))) return node;
    const { modifiers, name, typeParameters, heritageClauses, members } = node;
    const { factory } = context;
    const constructor = factory.createConstructorDeclaration([factory.createModifier(ts.SyntaxKind.ProtectedKeyword)], [], undefined);
    return factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, [constructor, ...members]);
  };
  return (file) => (ts.isSourceFile(file) ? ts.visitEachChild(file, visit, context) : file);
};

const root = fileURLToPath(new URL("../", import.meta.url));

const host: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => "\n",
};

/** Compile `src`. Throws what the compiler finds. */
export function compile(): Files {
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${root}tsconfig.json`, (name) => ts.sys.readFile(name)).config, ts.sys, root);
  const program = ts.createProgram(fileNames, options);
  const files = new Map<string, string>();
  const write = (path: string, text: string): void => { files.set(relative(`${root}dist`, path).replaceAll(sep, "/"), text); };
  const { diagnostics } = program.emit(undefined, write, undefined, false, { afterDeclarations: [keepConstructors] });
  const found = [...errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length > 0) throw new Error(ts.formatDiagnosticsWithColorAndContext(found, host));
  return files;
}
