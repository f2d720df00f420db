/** Flows: types. */
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import ts from "typescript";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const file = `${root}spec/conformance/flow/in-memory.ts`;

const prelude = `
import { chan, type Receiver, type Scope, type Sender } from "../../../src/index.ts";
import { broadcast, events, flow, hear, lines, merge, produce, senderTo, toReadable, toWritable, type Flow } from "../../../src/flow/index.ts";
import { byPriority, cell, pool, rateLimiter, retry, semaphore, singleflight, type Lease, type Permit } from "../../../src/sync/index.ts";
interface Animal { name: string }
interface Dog extends Animal { bark(): void }
declare const dogs: Flow<Dog>;
declare const animals: Flow<Animal>;
declare const s: Scope;
declare const button: EventTarget;
declare const signal: AbortSignal | undefined;
declare const equal: <X>() => <Y>(given: Y, ...differs: (<T>() => T extends X ? 1 : 2) extends (<T>() => T extends Y ? 1 : 2) ? [] : [never]) => void;
`;

/** What compiles, and what does not. */
const good: Record<string, readonly string[]> = {
  "a flow goes where a receiver, or a flow, of something wider is asked for": [
    "const receiver: Receiver<Animal> = dogs; void receiver;", "const wider: Flow<Animal> = dogs; void wider;", "const source: Flow<Dog> = flow(chan<Dog>()); void source;",
  ],
  "views, stages and verbs are inferred": [
    "equal<Flow<string>>()(dogs.map((dog) => dog.name));",
    "equal<Flow<Dog>>()(animals.filter((animal): animal is Dog => 'bark' in animal));",
    "equal<Flow<string>>()(dogs.flatMap((dog) => [dog.name]));",
    "equal<Flow<Dog[]>>()(dogs.chunks(2, { within: 5 }));",
    "equal<Flow<string>>()(dogs.parallel(s, 8, async (dog) => Promise.resolve(dog.name)));",
    "equal<Flow<number>>()(dogs.latest(s, function* (dog) { yield* chan<Dog>().sending(dog); return 1; }));",
    "equal<Promise<Dog | undefined>>()(dogs.find((dog) => dog.name === 'Rex'));",
    "equal<Promise<number>>()(dogs.reduce((sum, dog) => sum + dog.name.length, 0));",
    "equal<Flow<Dog>>()(merge([dogs, [] as Dog[]]));",
    "equal<Flow<string>>()(lines(new ReadableStream<Uint8Array>()));",
    "equal<Flow<number>>()(produce<number>(s, async (out) => { await out.send(1); }));",
  ],
  "events of a target are events": ['equal<Flow<Event>>()(events(button, "click"));', 'equal<Promise<Event>>()(hear(button, "click"));'],
  "an option may be given as undefined, and a value of a flow is never undefined by chance": [
    "void dogs.toArray({ signal });", "flow(dogs, { name: undefined });", "dogs.chunks(2, { within: undefined });", "broadcast<number>({ replay: undefined }).subscribe(undefined);",
    "const next = await dogs.next(); if (next.done !== true) equal<Dog>()(next.value);",
    "semaphore(1, { name: undefined }); rateLimiter({ limit: 1, per: 1, burst: undefined }); cell(1, { equals: undefined });",
    "void retry(async () => Promise.resolve(1), { times: undefined, signal }); singleflight(async (key: string) => Promise.resolve(key), { keep: undefined });",
    "pool({ create: () => 1, max: 1, destroy: undefined, check: undefined });",
  ],
  "what is given back by the objects of synchronisation": [
    "equal<Promise<Permit>>()(semaphore(1).acquire());", "equal<Promise<Lease<number>>>()(pool({ create: () => 1, max: 1 }).acquire());",
    "equal<Flow<number>>()(cell<number>(1).changes());", "chan<number>({ capacity: Infinity, buffer: byPriority<number>((a, b) => a - b) });",
    "const sender: Sender<string> = senderTo(new WritableStream<string>()); void sender; toReadable(dogs); toWritable(chan<Dog>());",
  ],
};

const bad: Record<string, readonly string[]> = {
  "a flow does not go where one of something narrower is asked for": ["const narrower: Flow<Dog> = animals; void narrower;"],
  "an async predicate, and an async function of a view over iterables, is none": ["dogs.filter(async () => Promise.resolve(true));", "dogs.flatMap(async (dog) => Promise.resolve([dog]));"],
  "a stage without a scope": ["dogs.parallel(3, (dog) => dog);", "dogs.latest((dog: Dog) => dog);", "dogs.buffer(16);", "produce(async () => Promise.resolve());"],
  "what is no source": ["flow(5);", "flow(() => 5);", "lines([5]);"],
};

function complaints(snippets: readonly string[]): number[] {
  const text = prelude + snippets.map((snippet) => `async function _${String(snippets.indexOf(snippet))}() { ${snippet} }`).join("\n");
  const { config } = ts.readConfigFile(`${root}tsconfig.spec.json`, (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const stricter = { ...options, ...strict, noEmit: true, noUnusedLocals: false, incremental: false };
  const host = ts.createCompilerHost(stricter);
  const inner = { ...host };
  host.getSourceFile = (name, version) => (name === file ? ts.createSourceFile(name, text, version) : inner.getSourceFile(name, version));
  const program = ts.createProgram([file], stricter, host);
  const source = program.getSourceFile(file);
  const before = prelude.split("\n").length - 1;
  const found = ts.getPreEmitDiagnostics(program, source).map((one) => {
    if (!one.file) throw new Error(ts.flattenDiagnosticMessageText(one.messageText, " "));
    return one.file.getLineAndCharacterOfPosition(one.start ?? 0).line - before;
  });
  return [...new Set(found)].sort((a, b) => a - b);
}

describe("flows: types", () => {
  it("FL-203 what is right compiles under exactOptionalPropertyTypes and noUncheckedIndexedAccess, and what is wrong does not", function () {
    this.timeout(60_000);
    const [right, wrong] = [Object.values(good).flat(), Object.values(bad).flat()];
    const all = [...right, ...wrong];
    const expected = wrong.map((_, index) => right.length + index);
    expect(complaints(all).map((index) => all[index])).to.deep.equal(expected.map((index) => all[index]));
  });
});
