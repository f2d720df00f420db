/** Which values gather treats as a list of jobs, which as a record, and which it refuses. */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import { always, chan, gather, go, scope, type GatherJob } from "../../../src/node.ts";
import { rejectionOf } from "../../support/settle.ts";

/** As JavaScript gives it. */
const given = (jobs: unknown): GatherJob[] => jobs as GatherJob[];

const compiled = (_lines: () => unknown): void => undefined;

describe("FA-13 the jobs of a gather", () => {
  it("FA-13 a set, a generator's object, a map's values, a user's own iterator are lists", async () => {
    const two = [() => 1, async () => Promise.resolve("b")] as const;
    expect(await gather(new Set<() => unknown>(two))).to.deep.equal([1, "b"]);
    function* jobs(): Generator<() => number> {
      for (let n = 0; n < 3; n++) yield () => n;
    }
    expect(await gather(jobs())).to.deep.equal([0, 1, 2]);
    expect(await gather(new Map([["a", () => 1], ["b", () => 2]]).values())).to.deep.equal([1, 2]);
    expect(await gather({ *[Symbol.iterator]() { yield Promise.resolve(7); } })).to.deep.equal([7]);
    expect(await gather(new Set<() => number>())).to.deep.equal([]);
  });

  it("FA-13 options go with them: limit, returnErrors", async () => {
    let running = 0;
    let most = 0;
    const job = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
    };
    await gather(new Set([() => job(), () => job(), () => job()]), { limit: 1 });
    expect(most).to.equal(1);
    const boom = new Error("boom");
    expect(await gather(new Set([() => { throw boom; }]), { returnErrors: true })).to.deep.equal([boom]);
  });

  it("FA-13 an iterator that throws is a rejection, and nothing has started", async () => {
    let started = false;
    const boom = new Error("boom");
    function* jobs(): Generator<() => void> {
      yield () => { started = true; };
      throw boom;
    }
    expect(await rejectionOf(gather(jobs()))).to.equal(boom);
    expect(started).to.equal(false);
  });

  it("FA-13 a plain record, with a prototype or without, stays a record", async () => {
    expect(await gather({ a: () => 1, b: Promise.resolve(2) })).to.deep.equal({ a: 1, b: 2 });
    expect(await gather(Object.assign(Object.create(null) as Record<string, () => number>, { a: () => 1 }))).to.deep.equal({ a: 1 });
    expect(await gather({})).to.deep.equal({});
  });

  const refused: Record<string, readonly [jobs: () => unknown, cure: string]> = {
    "a string": [() => "jobs", "gather([a, b])"],
    "a map": [() => new Map([["a", () => 1]]), "map.values()"],
    "an empty map": [() => new Map(), "Object.fromEntries(map)"],
    "a channel": [() => chan(), "collect"],
    "an async generator's object": [() => (async function* () { yield Promise.resolve(1); })(), "collect"],
    "a promise": [() => Promise.resolve([]), "gather([a, b]), not gather(a, b)"],
    "a task": [() => go(() => 1), "gather([a, b]), not gather(a, b)"],
    "a function": [() => () => 1, "gather([a, b]), not gather(a, b)"],
    "a generator function": [() => function* () { /* never run */ }, "gather([a, b]), not gather(a, b)"],
    "an operation": [() => always(1), "gather([() => perform(operation)])"],
    "a date": [() => new Date(0), "gather({ ...object })"],
    "an object with a class of its own": [() => new (class { job = (): number => 1; })(), "gather({ ...object })"],
    "nothing": [() => undefined, "gather([a, b])"],
    "null": [() => null, "gather([a, b])"],
    "a number": [() => 5, "gather([a, b])"],
  };
  for (const [name, [jobs, cure]] of Object.entries(refused)) {
    it(`FA-13 ${name} is a TypeError that names the cure`, async () => {
      const error = await rejectionOf(gather(given(jobs())));
      expect(error).to.be.instanceOf(TypeError).with.property("message").that.matches(/^gather takes/).and.contains(cure);
    });
  }

  it("FA-13 an operation is refused in a generator task too, and is not performed", async () => {
    const ch = chan<number>(1);
    ch.trySend(1);
    await scope(function* () {
      const refusal = gather(given(ch.receiving())).catch((error: unknown) => error);
      yield* always(1);
      void refusal;
    });
    expect(ch.size).to.equal(1);
    const error = await rejectionOf(gather(given([ch.receiving()])));
    expect(error).to.be.instanceOf(TypeError).with.property("message").that.contains("job 0 is an operation: write () => perform(operation)");
  });

  it("FA-13 types: an iterable gives an array of its jobs' results", () => {
    compiled(() => {
      expectTypeOf(gather(new Set<() => Promise<number>>())).toEqualTypeOf<Promise<number[]>>();
      expectTypeOf(gather(new Set<() => number>(), { returnErrors: true })).toEqualTypeOf<Promise<(number | Error)[]>>();
      expectTypeOf(gather([() => 1, () => "b"])).toEqualTypeOf<Promise<[number, string]>>();
      expectTypeOf(gather({ a: () => 1 })).toEqualTypeOf<Promise<{ a: number }>>();
      expectTypeOf(gather([1, 2].map((n) => () => n))).toEqualTypeOf<Promise<number[]>>();
      expectTypeOf(gather(new Set<Promise<string> | (() => number)>())).toEqualTypeOf<Promise<(string | number)[]>>();
      // @ts-expect-error -- a map gives pairs
      void gather(new Map<string, () => number>());
      // @ts-expect-error -- a string's letters are no jobs
      void gather("jobs");
      // @ts-expect-error -- a channel is no list
      void gather(chan<() => number>());
      // @ts-expect-error -- nor is a promise
      void gather(Promise.resolve(1));
    });
  });
});
