/** What an editor shows of the package: a hover text for everything, which begins with a sentence, says units, and says how a function fails. */
import { expect } from "chai";
import ts from "typescript";
import { root } from "./blocks.ts";

interface Hover {
  name: string;
  /** The text, without its tags. */
  text: string;
  /** The text of its tags. */
  tags: string;
  parameters: string[];
  isFunction: boolean;
  result: string;
}

/** Everything that the modules export, and its members, as the declarations of the package have it. */
function hovers(modules: readonly string[]): Hover[] {
  const files = modules.map((name) => `${root}dist/${name}.d.ts`);
  const kind = ts.ModuleResolutionKind.NodeNext;
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, moduleResolution: kind, target: ts.ScriptTarget.ES2022, types: ["node"], skipLibCheck: true });
  const checker = program.getTypeChecker();
  const hover = (name: string, symbol: ts.Symbol): Hover => {
    const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures().slice(-1);
    return {
      name,
      text: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
      tags: symbol.getJsDocTags(checker).map(({ name: tag, text }) => `@${tag} ${ts.displayPartsToString(text)}`).join("\n"),
      parameters: signature?.getParameters().map((parameter) => parameter.name) ?? [],
      isFunction: (symbol.flags & ts.SymbolFlags.Function) !== 0,
      result: signature ? checker.typeToString(signature.getReturnType()) : "",
    };
  };
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} is not there: build first`);
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = (exported.flags & ts.SymbolFlags.Alias) === 0 ? exported : checker.getAliasedSymbol(exported);
      const members = (symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class)) === 0 ? [] : checker.getDeclaredTypeOfSymbol(symbol).getProperties();
      const isPrivate = ({ declarations = [] }: ts.Symbol): boolean =>
        declarations.some((one) => (ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Private) !== 0);
      const own = members.filter((member) => !isPrivate(member) && !/^__|#/.test(member.name) && member.declarations?.[0]?.getSourceFile().fileName.includes("/dist/"));
      return [hover(symbol.name, symbol), ...own.map((member) => hover(`${symbol.name}.${member.name}`, member))];
    });
  });
}

describe("what an editor shows", function () {
  // It compiles the declarations. The limit is against a machine that is busy.
  this.timeout(60_000);

  let all: Hover[];
  before(() => { all = hovers(["index", "net/index", "flow/index", "sync/index", "nats/index", "testing/index", "debug"]); });
  const names = (found: readonly Hover[]): string[] => found.map(({ name }) => name);

  it("everything has a text, and its first paragraph ends like a sentence", () => {
    expect(all).to.have.length.above(300);
    expect(names(all.filter(({ text }) => !/[.:!?)]$/.test(text.split("\n\n")[0]?.trim() ?? "")))).to.deep.equal([]);
  });

  it("its first paragraph fits into a hover: 400 characters at most", () => {
    expect(names(all.filter(({ text }) => (text.split("\n\n")[0] ?? "").length > 400))).to.deep.equal([]);
  });

  it("a number of milliseconds says that it is one", () => {
    const times = all.filter(({ name, parameters }) => parameters.includes("ms") || /\.(delay|idle|latency|timeoutMs|maxMs|period)$/.test(name));
    expect(times).to.have.length.above(5);
    expect(names(times.filter(({ text, tags }) => !/\bms\b|millisecond/i.test(text + tags)))).to.deep.equal([]);
  });

  it("a function that gives a promise says when it fails", () => {
    const promising = all.filter(({ isFunction, result }) => isFunction && result.startsWith("Promise<"));
    expect(promising).to.have.length.above(10);
    expect(names(promising.filter(({ text, tags }) => !/reject|throw|fail/i.test(text + tags)))).to.deep.equal([]);
  });
});
