/**
 * Random towers of views and stages over random sources, received from in random ways: by each verb, by cases that win and lose, by tasks of both
 * lanes that are cancelled while they wait. What is received is what the same steps make of an array: nothing lost, nothing doubled, in order.
 */
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { expect } from "chai";
import { seedChoices, seeded } from "../../src/platform/random.ts";
import { always, CancelledError, chan, ClosedError, go, poll, scope, select, type Scope } from "../../src/node.ts";
import { flow, merge, toReadable, type Flow, type Source } from "../../src/flow/index.ts";
import { seedOfRun } from "../support/settle.ts";

type Value = number | readonly Value[];
type Below = (count: number) => number;

/** What a flow gives: its values, and whether it fails after them. */
interface Outcome {
  readonly values: readonly Value[];
  readonly fails: boolean;
}

/** A view or a stage, and what it makes of an array. */
interface Step {
  readonly name: string;
  over(f: Flow<Value>, s: Scope): Flow<Value>;
  of(outcome: Outcome): Outcome;
}

const failure = new Error("of the source");
const numberOf = (value: Value): number => (typeof value === "number" ? value : value.reduce<number>((sum, one) => sum + numberOf(one), 7));
const values = (change: (values: readonly Value[]) => readonly Value[]) => (outcome: Outcome): Outcome => ({ ...outcome, values: change(outcome.values) });
const same = values((all) => all);
const hops = async (count: number): Promise<void> => { for (let n = 0; n < count; n++) await Promise.resolve(); };

function randomStep(below: Below): Step {
  const k = 1 + below(4);
  const copies = (value: Value): number[] => Array.from({ length: numberOf(value) % k }, (_, n) => 2 * numberOf(value) + n);
  const steps: Step[] = [
    { name: `map + ${k}`, over: (f) => f.map((value) => numberOf(value) + k), of: values((all) => all.map((value) => numberOf(value) + k)) },
    { name: `filter % ${k + 1}`, over: (f) => f.filter((value) => numberOf(value) % (k + 1) > 0), of: values((all) => all.filter((value) => numberOf(value) % (k + 1) > 0)) },
    { name: `flatMap % ${k}`, over: (f) => f.flatMap(copies), of: values((all) => all.flatMap(copies)) },
    { name: `drop ${k - 1}`, over: (f) => f.drop(k - 1), of: values((all) => all.slice(k - 1)) },
    {
      name: `take ${3 * k}`, over: (f) => f.take(3 * k),
      of: ({ values: all, fails }) => ({ values: all.slice(0, 3 * k), fails: fails && all.length < 3 * k }),
    },
    {
      name: `takeWhile ${3 * k}`, over: (f) => f.takeWhile((_, index) => index < 3 * k),
      of: ({ values: all, fails }) => ({ values: all.slice(0, 3 * k), fails: fails && all.length <= 3 * k }),
    },
    {
      name: `chunks ${k}`, over: (f) => f.chunks(k),
      of: values((all) => Array.from({ length: Math.ceil(all.length / k) }, (_, n) => all.slice(n * k, (n + 1) * k))),
    },
    { name: `buffer ${k}`, over: (f, s) => f.buffer(s, k), of: same },
    {
      name: `parallel ${k}`,
      over: (f, s) => f.parallel(s, k, async (value) => {
        await hops(numberOf(value) % 5);
        return 3 * numberOf(value);
      }),
      of: values((all) => all.map((value) => 3 * numberOf(value))),
    },
    { name: `parallel ${k} generators`, over: (f, s) => f.parallel(s, k, function* (value) { return 3 * numberOf(yield* always(value)); }), of: values((all) => all.map((value) => 3 * numberOf(value))) },
    { name: "merge", over: (f) => merge([f]), of: same },
    { name: "values", over: (f) => flow(f.values()), of: same },
    { name: "toReadable", over: (f) => flow(toReadable(f)), of: same },
  ];
  return steps[below(steps.length)] as Step;
}

/** A source of 1, 2, 3 ..., some of which waits for each value. */
function randomSource(count: number, fails: boolean, below: Below): Source<Value> {
  const pauses = Array.from({ length: count }, () => below(6));
  const each = (take: (value: number) => void, end: () => void): (() => void) => {
    let given = 0;
    return () => {
      if (given < count) take(++given);
      else end();
    };
  };
  switch (below(fails ? 4 : 5)) {
    case 0: {
      const ch = chan<Value>(below(3));
      go(async () => {
        for (const [index, pause] of pauses.entries()) {
          await hops(pause);
          await ch.send(index + 1);
        }
        ch.close(fails ? failure : undefined);
      }).join().catch((error: unknown) => { if (!(error instanceof ClosedError)) throw error; });
      return ch;
    }
    case 1:
      return (async function* (): AsyncGenerator<Value> {
        for (const [index, pause] of pauses.entries()) {
          await hops(pause);
          yield index + 1;
        }
        if (fails) throw failure;
      })();
    case 2:
      return (function* (): Generator<Value> {
        for (let n = 1; n <= count; n++) yield n;
        if (fails) throw failure;
      })();
    case 3: {
      const stream = new ReadableStream<Value>({
        pull(controller) {
          pull ??= each((value) => { controller.enqueue(value); }, () => { if (fails) controller.error(failure); else controller.close(); });
          pull();
        },
      }, { highWaterMark: fails ? 0 : below(3) }); // a web stream that fails forgets what it has buffered
      let pull: (() => void) | undefined;
      return stream as globalThis.ReadableStream<Value>;
    }
    default: { // reads ahead, so that its failure may come while a view that has seen enough cleans up: then it is that of the clean-up
      const readable: Readable = new Readable({
        objectMode: true, highWaterMark: 1 + below(3),
        read: each((value) => readable.push(value), () => readable.push(null)),
      });
      return readable;
    }
  }
}

/** Receive all there is, in random ways. */
async function receiveAll(f: Flow<Value>, s: Scope, below: Below, what: string): Promise<Outcome> {
  const received: Value[] = [];
  let over: "ended" | "failed" | undefined;
  const take = (result: IteratorResult<Value, undefined>): void => {
    if (result.done === true) over ??= "ended";
    else received.push(result.value);
  };
  const meet = (error: unknown): void => {
    if (error === failure) over ??= "failed";
    else if (error instanceof ClosedError) over ??= "ended";
    else if (!(error instanceof CancelledError) && error !== "gone") throw error;
  };
  const ways: (() => Promise<void>)[] = [
    async () => { received.push(await f.receive()); },
    async () => { take(await f.next()); },
    async () => {
      const result = below(2) === 0 ? f.tryReceive() : poll(f.nexting())?.value;
      if (result) take(result);
      await hops(below(5));
    },
    async () => {
      const leaving = new AbortController();
      const receiving = f.next({ signal: leaving.signal }).then(take);
      await Promise.all([receiving, hops(below(12)).then(() => { leaving.abort("gone"); })]);
    },
    async () => {
      const chosen = await select({ next: f.nexting(), other: always(undefined) });
      if (chosen.case === "next") take(chosen.value);
    },
    async () => {
      const other = chan<undefined>(1);
      const told = hops(below(12)).then(() => { other.trySend(undefined); });
      const chosen = await select({ next: f.nexting(), other: other.receiving() });
      if (chosen.case === "next") take(chosen.value);
      await told;
    },
    async () => {
      const task = below(2) === 0 ? s.go(async () => { take(await f.next()); }) : s.go(function* () { take(yield* f.nexting()); });
      await hops(below(12));
      task.cancel();
      await task;
    },
  ];
  for (let turn = below(40); turn > 0 && !over; turn--) await ways[below(ways.length)]?.().catch(meet);
  if (!over) await (async () => { for await (const value of f) received.push(value); over = "ended"; })().catch(meet);
  expect(await f.next().then(({ done }) => done, (error: unknown) => error), `${what}, after the end`).to.equal(over === "failed" ? failure : true);
  return { values: received, fails: over === "failed" };
}

describe("the model: towers of views", () => {
  const rounds = process.env["RENDEZVOUS_FUZZ"] === "1" ? 20_000 : 250;

  it(`give what an array gives, in ${rounds} random towers, however they are received from (FL-06, FL-25, FL-44; seed ${seedOfRun})`, async function () {
    this.timeout(200 * rounds);
    for (let round = 0; round < rounds; round++) {
      seedChoices(seedOfRun + round);
      const random = seeded(seedOfRun + round);
      const below: Below = (count) => Math.floor(random() * count);
      const steps = Array.from({ length: 1 + below(4) }, () => randomStep(below));
      const count = below(24);
      const fails = below(3) === 0;
      const what = `round ${round}: ${steps.map(({ name }) => name).join(", ")}, over ${count} values`;
      const received = await scope((s) => {
        const tower = steps.reduce((f, step) => step.over(f, s), flow(randomSource(count, fails, below)));
        return receiveAll(tower, s, below, what);
      }, { onError: "supervise" });
      const counted = { values: Array.from({ length: count }, (_, index) => index + 1), fails };
      expect(received, what).to.deep.equal(steps.reduce<Outcome>((outcome, step) => step.of(outcome), counted));
    }
  });
});
