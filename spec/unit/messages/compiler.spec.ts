/** What the compiler says of a mistake: one line, in which the cure is written. Good calls beside each compile. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import ts from "typescript";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const prelude = `
import {
  always, awaiting, chan, choose, gather, go, guard, perform, poll, race, run, scope, select, selecting, shield, sleep, sleeping, timeout, trySelect,
  type Body, type Gathered, type GatherJobs, type Operation, type Cases, type Scope, type Task,
} from "../../../src/index.ts";
import { bubble, expectNoLeaks, explore } from "../../../src/testing/index.ts";
import { serve, type Listener } from "../../../src/net/index.ts";
import { flow, merge } from "../../../src/flow/index.ts";
declare const ch: import("../../../src/index.ts").Channel<number>;
declare const task: Task<number>;
declare const listener: Listener;
declare const signal: AbortSignal;
declare function work(n: number): Promise<string>;
declare function helper<T>(value: T): Generator<unknown, T>;
declare const equal: <X>() => <Y>(given: Y, ...differs: (<T>() => T extends X ? 1 : 2) extends (<T>() => T extends Y ? 1 : 2) ? [] : [never]) => void;
`;

const neverRun = "write async function and await, or function* and yield*: an async generator would never run";
const plainYield = "write yield* operation, or yield* awaiting(promise): a plain yield takes an operation alone";
const operation = "write ch.receiving(), not ch or ch.receive(); task.joining(), not task; settling(promise)";

/** The line that ends a message, by the snippets that it is said of. */
const mistakes: Record<string, readonly string[]> = {
  "write flow(await promise), events(emitter, name), or lines([text])": ["flow(work(1));", "flow(5);", "flow(task);", "flow(new EventTarget());", "flow(() => 1);"],
  "write merge([a, b]), not merge(a, b)": ["merge(ch);", "merge(5);"],
  "write until(settling(promise)), until(aborting(signal)), or until(sleeping(ms))": ["flow(ch).until(work(1));", "flow(ch).until(signal);", "flow(ch).until(100);"],
  "write go(() => work()), not go(work())": ["go(work(1));", "go(Promise.resolve<any>(1));", "go(5);", "go(helper(1));", "go(ch);", "go(undefined);"],
  "write s.go(() => work()), not s.go(work())": ["void scope((s) => { s.go(work(1)); });"],
  "write s.defer(() => cleanUp())": ["void scope((s) => { s.defer(work(1)); });"],
  "write scope(() => work())": ["void scope(work(1));"],
  "write timeout(ms, () => work())": ["void timeout(5, work(1));"],
  "write shield(() => work())": ["void shield(work(1));"],
  "write run(() => main())": ["void run(work(1));"],
  "write bubble(() => work()), not bubble(work())": ["void bubble(work(1));"],
  "write explore(() => work())": ["void explore(work(1));"],
  "write expectNoLeaks(() => work())": ["void expectNoLeaks(work(1));"],
  "write serve(listener, (connection) => answer(connection))": ["void serve(listener, work(1));"],
  [neverRun]: [
    "go(async function* () {});", "go(async function* () { yield 1; });", "void scope(async function* (s) { s.cancel(); });", "void timeout(5, async function* () {});",
    "void shield(async function* () {});", "void run(async function* () {});", "void race([async function* () {}]);", "void gather([async function* () {}]);",
    "void gather({ a: async function* () {} });", "void gather(new Set([async function* () {}]));", "void bubble(async function* () {});",
    "void explore(async function* () {});", "void scope((s) => { s.go(async function* () {}); });", "void scope((s) => { s.defer(async function* () {}); });",
    "void serve(listener, async function* () {});", "void expectNoLeaks(async function* () {});",
  ],
  [plainYield]: [
    "go(function* () { yield sleep(1); });", "go(function* () { yield* ch.receiving(); yield 5; });", "void scope(function* (s) { s.cancel(); yield ch.receive(); });",
    "void timeout(5, function* () { yield sleep(1); });", "void shield(function* () { yield sleep(1); });", "void run(function* () { yield sleep(1); });",
    "void race([function* () { yield sleep(1); }]);", "void gather([function* () { yield sleep(1); }]);", "void gather({ a: function* () { yield sleep(1); } });",
    "void bubble(function* () { yield sleep(1); });", "void scope((s) => { s.go(function* () { yield sleep(1); }); });",
    "void serve(listener, function* () { yield sleep(1); });",
  ],
  "write gather([a, b]), not gather(a, b)": ["void gather(work(1), work(2));", "void gather(() => work(1));", "void gather(ch);", "void gather(task);"],
  "write gather([() => work(value)]): a job is given nothing": ["void gather([work]);", "void gather({ a: work });", "void gather(new Set([work]));"],
  "write () => work(): a job is a function, a promise or a task": ["void gather([5]);"],
  "write gather([a, b]) or gather({ a, b }), of functions, promises and tasks": ["void gather(5);", "void gather('jobs');"],
  "write race([() => f()]), not race([f()]), which could not be cancelled": ["void race([work(1)]);"],
  "write race([() => f(value)]): a body is given nothing": ["void race([work]);"],
  [operation]: [
    "void perform(ch);", "void perform(task);", "void perform(ch.receive());", "void perform(5);", "void perform(signal);", "poll(ch);", "choose(task);",
    "void select({ t: task });", "void select({ t: ch });", "void select({ t: ch.receive() });", "void select([task]);", "void select({ t: true });",
    "selecting({ t: task });", "trySelect([ch]);",
  ],
};

const good: Record<string, readonly string[]> = {
  "bodies are inferred: arguments, results, the scope": [
    "equal<Task<string>>()(go(work, 1));",
    "equal<Task<number>>()(go((a, b) => a + b, 2, 3));",
    "equal<Task<number>>()(go(function* () { return yield* ch.receiving(); }));",
    "equal<Task<number>>()(go(function* () { yield* ch.receiving(); yield* awaiting(sleep(1)); return (yield* guard(() => always(1)).map(Number)); }));",
    "equal<Task<string>>()(go(function* () { const given: unknown = yield ch.receiving(); return String(given); }));",
    "equal<Task<void>>()(go(() => {}));",
    "equal<Task<never>>()(go(() => { throw new Error(); }));",
    "equal<Task<typeof ch>>()(go(() => ch));",
    "equal<Promise<number>>()(scope(async (s) => { s.cancel(); return 1; }));",
    "equal<Promise<number>>()(scope(function* (s) { s.cancel(); return yield* ch.receiving(); }));",
    "equal<Promise<string | 0>>()(timeout(5, () => work(1), { fallback: 0 as const }));",
    "equal<Promise<string>>()(shield(() => work(1)));",
    "equal<Promise<number>>()(bubble(function* () { return yield* ch.receiving(); }));",
    "go(JSON.parse('0') as any);",
    "go<[number], string>(work, 1);",
    "equal<Task<any>>()(go(() => JSON.parse('0') as any));",
    "equal<Task<any>>()(go(async () => JSON.parse('0') as any));",
    "equal<Task<unknown>>()(go(() => 0 as unknown));",
    "declare const anyhow: (...args: any[]) => any; go(anyhow, 1, 'b'); void scope(anyhow); void gather([anyhow]); void race([anyhow]);",
    "go(new (class { twice(n: number): number { return 2 * n; } })().twice, 1);",
    "const mine: typeof go = (body, ...args) => go(body, ...args); mine(work, 1);",
    "void scope((s) => { s.defer(async () => { await sleep(1); }); s.defer(function* () { yield* awaiting(sleep(1)); }); });",
    "void serve(listener, async (connection, s) => { s.cancel(); await connection.send('x'); });",
    "void serve(listener, function* (connection) { yield* connection.sending('x'); });",
    "void explore(async ({ outcome }) => { outcome('x'); });",
    "equal<Promise<number>>()(expectNoLeaks(function* () { return yield* ch.receiving(); }));",
  ],
  "helpers annotated as Generator<unknown, T> go on working, as bodies and in them": [
    "equal<Task<number>>()(go(function* (): Generator<unknown, number> { return yield* ch.receiving(); }));",
    "equal<Task<boolean>>()(go(function* () { return yield* helper(true as boolean); }));",
    "equal<Task<string>>()(go((): Generator<unknown, string> => helper('a')));",
    "function* add(): Generator<unknown, number> { const a = yield* ch.receiving(); yield* sleeping(1); return a + (yield* ch.receiving()); } equal<Task<number>>()(go(add));",
  ],
  "generic code passes its own bodies, jobs and cases on": [
    "function wrap<T>(body: () => Promise<T>): Task<T> { return go(body); } wrap(() => work(1));",
    "function wrap<A extends unknown[], T>(body: Body<A, T>, ...args: A): Task<T> { return go(body, ...args); } wrap(work, 1);",
    "function wrap<F extends () => Promise<number>>(body: F): Task<number> { return go(body); } wrap(async () => 1);",
    "function wrap<T>(body: () => T): Task<T> { return go(body); } wrap(() => 1);",
    "function wrap<T>(body: Body<[s: Scope], T>): Promise<T> { return scope(body); } void wrap((s) => s.tasks);",
    "function wrap<T>(op: Operation<T>): Task<T> { return go(function* () { return yield* op; }); } wrap(always(1));",
    "function wrap<const J extends GatherJobs>(jobs: J): Promise<Gathered<J>> { return gather(jobs); } void wrap([() => 1]);",
    "function wrap<T>(bodies: (() => Promise<T>)[]): Promise<unknown>[] { return [race(bodies), gather(bodies)]; } wrap([async () => 1]);",
    "function wrap<T>(bodies: (() => T)[]): Promise<unknown>[] { return [race(bodies), gather(bodies)]; } wrap([() => 1]);",
    "function wrap<F extends () => Promise<number>>(bodies: F[]): Promise<unknown>[] { return [race(bodies), gather(bodies)]; } wrap([async () => 1]);",
    "function wrap<T>(op: Operation<T>): Promise<T> { return perform(op); } void wrap(always(1));",
    "function wrap<C extends Cases>(cases: C): Promise<unknown> { return select(cases); } void wrap({ a: always(1) });",
  ],
  "sources are inferred": [
    "equal<import('../../../src/flow/index.ts').Flow<number>>()(flow([1]));",
    "equal<import('../../../src/flow/index.ts').Flow<number>>()(flow(ch).until(sleeping(1)));",
    "equal<import('../../../src/flow/index.ts').Flow<string>>()(flow((async function* () { yield 'a'; })()));",
    "equal<import('../../../src/flow/index.ts').Flow<number>>()(merge([ch, flow([1])]));",
    "function wrap<T>(source: import('../../../src/flow/index.ts').Source<T>): Promise<T[]> { return flow(source).toArray(); } wrap([1]);",
  ],
  "jobs, racers and cases are inferred": [
    "equal<Promise<[string, number]>>()(gather([() => work(1), () => 5]));",
    "equal<Promise<[string, number, number]>>()(gather([work(1), async () => 5, task]));",
    "equal<Promise<{ a: string; b: number }>>()(gather({ a: work(1), b: () => 5 }));",
    "equal<Promise<{ a: string | Error }>>()(gather({ a: work(1) }, { returnErrors: true }));",
    "equal<Promise<string[]>>()(gather([1, 2].map((n) => () => work(n)), { limit: 1, signal }));",
    "equal<Promise<string[]>>()(gather(new Set([() => work(1)])));",
    "equal<Promise<[number]>>()(gather([(n = 1) => n]));",
    "equal<Promise<[number, string]>>()(gather([function* () { return yield* ch.receiving(); }, function* (): Generator<unknown, string> { return 'a'; }]));",
    "equal<Promise<[]>>()(gather([]));",
    "equal<Promise<string | number>>()(race([() => work(1), function* () { return yield* ch.receiving(); }]));",
    "equal<Promise<{ case: 'a'; value: number } | { case: 'b'; value: void }>>()(select({ a: ch.receiving(), b: ch.sending(1), c: false }));",
    "equal<Operation<number>>()(choose(ch.receiving(), task.joining()));",
    "equal<{ value: number } | undefined>()(poll(ch.receiving()));",
  ],
};

/** The errors of each snippet, each a list of lines; all snippets are files of one program. */
function errorsOf(snippets: readonly string[]): string[][][] {
  const nameOf = (index: number): string => `${root}spec/unit/messages/snippet-${String(index)}.ts`;
  const texts = new Map(snippets.map((snippet, index) => [nameOf(index), `${prelude}\n${snippet}\nexport {};\n`]));
  const { config } = ts.readConfigFile(`${root}tsconfig.spec.json`, (path) => readFileSync(path, "utf8")) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ["src/index.ts"] }, ts.sys, root);
  const settings: ts.CompilerOptions = { ...options, noUnusedLocals: false, noUnusedParameters: false, noEmit: true };
  const host = ts.createCompilerHost(settings);
  const program = ts.createProgram([...texts.keys()], settings, {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, version, ...rest) => {
      const text = texts.get(path);
      return text === undefined ? host.getSourceFile(path, version, ...rest) : ts.createSourceFile(path, text, version);
    },
  });
  return snippets.map((_, index) => {
    const file = program.getSourceFile(nameOf(index));
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n").split("\n"));
  });
}

describe("Messages: the compiler", function () {
  this.timeout(60_000);
  const errors = new Map<string, string[][]>();

  before(() => {
    const snippets = [...Object.values(mistakes), ...Object.values(good)].flat();
    for (const [index, found] of errorsOf(snippets).entries()) errors.set(snippets[index] as string, found);
  });

  for (const [sentence, snippets] of Object.entries(mistakes)) {
    for (const snippet of snippets) {
      it(`Messages: ${snippet} does not compile, in one line: "${sentence}"`, () => {
        const found = errors.get(snippet) ?? [];
        expect(found, "one error").to.have.lengthOf(1);
        expect(found[0], "one line").to.have.lengthOf(1);
        expect(found[0]?.[0]).to.contain(`"${sentence}"`);
      });
    }
  }

  for (const [title, snippets] of Object.entries(good)) {
    it(`Messages: right code compiles: ${title}`, () => {
      for (const snippet of snippets) expect(errors.get(snippet), snippet).to.deep.equal([]);
    });
  }
});
