/** The declarations of the built package, as the compilers of its users read them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import ts from "typescript";
import { entries } from "../scripts/entries.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const names = entries.map(({ types }) => types);
const read = (name: string): ts.SourceFile => ts.createSourceFile(name, readFileSync(`${root}dist/${name}`, "utf8"), ts.ScriptTarget.Latest, true);

/** All nodes of the declarations that are of one kind. */
function nodes<N extends ts.Node>(is: (node: ts.Node) => node is N): N[] {
  const found: N[] = [];
  const visit = (node: ts.Node): void => {
    if (is(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  for (const name of names) visit(read(name));
  return found;
}

describe("the declarations", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "consumer-"));
    cpSync(`${root}scripts/runtimes/consumer`, folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/rendezvous"), "junction");
    symlinkSync(`${root}node_modules/@types`, join(folder, "node_modules/@types"), "junction");
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** The errors that the project's own compiler finds in a user's program, and in its imports; the compiler's libraries are not checked again. */
  function found(program: string, options: ts.CompilerOptions): string[] {
    const defaults = { noEmit: true, strict: true, skipLibCheck: false, skipDefaultLibCheck: true, target: ts.ScriptTarget.ES2022 };
    const compiler = ts.createProgram([join(folder, program)], { ...defaults, ...options });
    expect(compiler.getSourceFiles().map(({ fileName }) => fileName)).to.include(`${root}dist/index.d.ts`);
    return ts.getPreEmitDiagnostics(compiler).map(({ messageText, file }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  }

  it("PK-01 compile in a program that imports all of them, with the compiler's defaults (nodenext)", function () {
    this.timeout(30_000); // a compiler's time
    expect(found("net.ts", { module: ts.ModuleKind.NodeNext, types: [] })).to.deep.equal([]);
  });

  it("PK-01 compile in a program for browsers, without the types of Node (bundler)", function () {
    this.timeout(30_000);
    const options = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: [] };
    expect(found("core.ts", options)).to.deep.equal([]);
  });

  it("PK-01 are one file for each module that users import", () => {
    const built = ts.sys.readDirectory(`${root}dist`, [".d.ts"]).map((path) => path.slice(`${root}dist/`.length));
    expect(built).to.have.members(names);
  });

  it("PK-01 declare what is public, and nothing of the implementation", () => {
    for (const name of names) {
      const file = read(name);
      const exported = new Set(
        file.statements.flatMap((statement) =>
          ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)
            ? statement.exportClause.elements.map((element) => (element.propertyName ?? element.name).text)
            : [],
        ),
      );
      const declared = file.statements.filter((statement) => ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement));
      expect(declared.map((statement) => statement.name?.text).filter((of) => of !== undefined && !exported.has(of))).to.deep.equal([]);
      expect(file.text).to.not.include("@internal");
    }
  });

  it("PK-01 have no constructor for objects that only the library makes", () => {
    const made = nodes(ts.isClassDeclaration).filter((of) => ["Task", "ChildTask", "ExploreError"].includes(of.name?.text ?? ""));
    const open = made.filter(({ members }) => !members.some((member) =>
      ts.isConstructorDeclaration(member) && member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ProtectedKeyword)));
    expect(made).to.have.length(3);
    expect(open).to.have.length(0);
  });

  it("PK-01 declare nothing twice: shared types are imported", () => {
    const declared = nodes((node): node is ts.ClassDeclaration | ts.InterfaceDeclaration => ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node));
    const all = declared.map(({ name }) => name?.text);
    expect(all).to.include("Channel").and.to.include("Connection");
    expect(all.filter((name, index) => all.indexOf(name) !== index)).to.deep.equal([]);
  });

  it("PK-02 give an AsyncIterable one type argument, as compilers before 5.6 have it", () => {
    const few = ["AsyncIterable", "AsyncIterableIterator", "Iterable", "IterableIterator"];
    type Reference = ts.TypeReferenceNode | ts.ExpressionWithTypeArguments;
    const references = nodes((node): node is Reference => ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node));
    const nameOf = (node: Reference): string => (ts.isTypeReferenceNode(node) ? node.typeName : node.expression).getText();
    const iterables = references.filter((node) => few.includes(nameOf(node)));
    expect(iterables).to.have.length.above(2);
    expect(iterables.filter(({ typeArguments }) => typeArguments?.length !== 1).map((node) => node.getText())).to.deep.equal([]);
    const newer = ["AsyncIteratorObject", "IteratorObject", "AsyncGeneratorObject", "BuiltinIterator"];
    expect(references.filter((node) => newer.includes(nameOf(node)))).to.have.length(0);
  });
});
