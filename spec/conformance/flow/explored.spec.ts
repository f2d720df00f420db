/** Flows: views and stages in every order, as complete proofs of small programs. */
import { expect } from "chai";
import { chan, go, scope, selecting, sleeping, type Channel } from "../../../src/node.ts";
import { flow, merge, produce, type Flow } from "../../../src/flow/index.ts";
import { explore, type ExploreContext } from "../../../src/testing/index.ts";

type Result = IteratorResult<number, undefined>;

/** A program, and what may come of it. */
interface Proof {
  readonly title: string;
  readonly outcomes: readonly string[];
  readonly program: (context: ExploreContext) => Promise<void>;
}

/** A channel that holds so many permits: a receive of one is a step, which waits for nobody. */
function steps(count: number): Channel<number> {
  const channel = chan<number>(count);
  for (let n = 0; n < count; n++) channel.trySend(n);
  return channel;
}

function* sends(channel: Channel<number>, ...values: number[]): Generator<unknown, void> {
  for (const value of values) yield* channel.sending(value);
  channel.close();
}

function* rest(of: Flow<number>, got: number[] = []): Generator<unknown, number[]> {
  for (let next: Result = yield* of.nexting(); next.done !== true; next = yield* of.nexting()) got.push(next.value);
  return got;
}

/** Receive what is left, after a receive that is withdrawn at any time. */
function* withOneWithdrawn(of: Flow<number>): Generator<unknown, number[]> {
  const quit = steps(1);
  const first = yield* selecting({ next: of.nexting(), quit: quit.receiving() });
  if (first.case === "quit") return yield* rest(of);
  return first.value.done === true ? [] : yield* rest(of, [first.value.value]);
}

const proofs: readonly Proof[] = [
  {
    title: "merge: whatever is withdrawn, all values come once, those of one source in order",
    outcomes: ["1 2 3", "1 3 2", "3 1 2"],
    async program({ outcome }) {
      const [a, b] = [chan<number>(), chan<number>()];
      go(() => sends(a, 1, 2));
      go(() => sends(b, 3));
      outcome((await go(() => withOneWithdrawn(merge([a, b])))).join(" "));
    },
  },
  {
    title: "merge: the first error is the end, and the other source is cancelled",
    outcomes: ["1 failed", "failed"],
    async program({ outcome }) {
      const [a, b] = [chan<number>(1), chan<number>()];
      const all = merge([a, b]);
      const got: number[] = [];
      const reading = go(function* () {
        try {
          yield* rest(all, got);
        } catch {
          got.push(NaN);
        }
      });
      const sending = go(function* () {
        yield* a.sending(1);
      });
      b.close(new Error("failed"));
      await reading;
      await sending.join().catch(() => undefined);
      expect(a.closed).to.equal(true);
      outcome(got.map((n) => (Number.isNaN(n) ? "failed" : String(n))).join(" "));
    },
  },
  {
    title: "filter: whatever is withdrawn, all values that pass come once, in order",
    outcomes: ["2 4"],
    async program({ outcome }) {
      const ch = chan<number>();
      go(() => sends(ch, 1, 2, 4));
      outcome((await go(() => withOneWithdrawn(flow(ch).filter((n) => n % 2 === 0)))).join(" "));
    },
  },
  {
    title: "parallel, ordered: results come in the order of the values",
    outcomes: ["1 2"],
    async program({ outcome }) {
      await scope(async (s) => {
        const pass = steps(2);
        const results = flow([1, 2]).parallel(s, 2, function* (n) {
          yield* pass.receiving();
          return n;
        });
        outcome((await go(() => rest(results))).join(" "));
      });
    },
  },
  {
    title: "parallel, unordered: each result once, as they come",
    outcomes: ["1 2", "2 1"],
    async program({ outcome }) {
      await scope(async (s) => {
        const pass = steps(2);
        const results = flow([1, 2]).parallel(s, 2, function* (n) {
          yield* pass.receiving();
          return n;
        }, { ordered: false });
        outcome((await go(() => rest(results))).join(" "));
      });
    },
  },
  {
    title: "parallel that its receiver leaves: every body that began has ended before the scope has, and the source is left",
    outcomes: ["left"],
    async program({ outcome }) {
      const source = chan<number>();
      let inside = 0;
      await scope(async (s) => {
        s.go(function* () {
          try {
            yield* sends(source, 1, 2);
          } catch { /* the source was left */ }
        });
        const results = flow(source).parallel(s, 2, function* (n) {
          inside++;
          try {
            yield* steps(1).receiving();
            return n;
          } finally {
            inside--;
          }
        });
        await results.receive();
        results.cancel();
      });
      expect([inside, source.closed]).to.deep.equal([0, true]);
      outcome("left");
    },
  },
  {
    title: "latest: the last value's result is the last that is received",
    outcomes: ["1 2", "2"],
    async program({ outcome }) {
      await scope(async (s) => {
        const source = chan<number>();
        s.go(() => sends(source, 1, 2));
        const results = flow(source).latest(s, function* (n) {
          yield* steps(1).receiving();
          return n;
        });
        outcome((await go(() => rest(results))).join(" "));
      });
    },
  },
  {
    title: "buffer: all values, in order, then the end, whichever receive is withdrawn",
    outcomes: ["1 2"],
    async program({ outcome }) {
      await scope(async (s) => {
        const source = chan<number>();
        s.go(() => sends(source, 1, 2));
        outcome((await go(() => withOneWithdrawn(flow(source).buffer(s, 1)))).join(" "));
      });
    },
  },
  {
    title: "produce that its receiver leaves: the body has cleaned up when the scope ends",
    outcomes: ["cleaned up"],
    async program({ outcome }) {
      let how = "";
      await scope(async (s) => {
        const values = produce<number>(s, function* (out) {
          try {
            for (let n = 1; ; n++) yield* out.sending(n);
          } finally {
            how = "cleaned up";
          }
        });
        await values.receive();
        values.cancel();
      });
      outcome(how);
    },
  },
  {
    title: "a stage does not keep its scope open, and what it works on is cancelled with it",
    outcomes: ["over"],
    async program({ outcome }) {
      await scope(async (s) => {
        flow(chan<number>()).buffer(s, 1);
        flow([1, 2, 3]).parallel(s, 2, function* () { yield* sleeping(Infinity); });
        await go(function* () { yield* steps(1).receiving(); });
      });
      outcome("over");
    },
  },
];

describe("flows: in every order", () => {
  for (const { title, outcomes, program } of proofs) {
    it(title, async function () {
      this.timeout(60_000);
      const report = await explore(program, { strategy: "dpor", maxSchedules: 50_000, maxMs: 50_000 });
      expect(report.complete, JSON.stringify(report)).to.equal(true);
      expect([...report.outcomes.keys()].sort()).to.deep.equal([...outcomes].sort());
    });
  }
});
