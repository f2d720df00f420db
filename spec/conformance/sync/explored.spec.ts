/** Small programs of synchronisation in every order, and faults that are planted in a copy and found by the same programs. */
import { expect } from "chai";
import { copyWith, type Fault, type Whole } from "../../support/planted.ts";

interface Context {
  readonly outcome: (key: string) => void;
}

/** A program, for whichever copy of the library, and what comes of it over all orders. */
interface Proof {
  readonly title: string;
  readonly outcomes: readonly string[];
  readonly program: (library: Whole, context: Context) => Promise<void>;
}

/** A fault, and the proof that finds it: its place in the list. */
interface Planted extends Fault {
  readonly title: string;
  readonly foundBy: number;
}

/** A channel that holds so many values: a receive from it is a step, and waits for nobody. */
function steps({ chan }: Whole, count: number): ReturnType<Whole["chan"]> {
  const values = chan<unknown>(count);
  for (let n = 0; n < count; n++) values.trySend(n);
  return values;
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

const semaphores: readonly Proof[] = [
  {
    title: "of two runs of a lock one is cancelled at any time: never two are inside, and the permit is back in the end",
    outcomes: ["a", "a b"],
    async program(library, { outcome }) {
      const { go, scope, semaphore } = library;
      const lock = semaphore(1);
      const pass = steps(library, 2);
      const ran: string[] = [];
      let inside = 0;
      const body = (name: string) => async (): Promise<void> => {
        must(++inside === 1, "two are inside");
        try {
          await pass.receive();
          ran.push(name);
        } finally {
          inside--;
        }
      };
      const a = go(() => lock.run(body("a")));
      await scope(async (s) => {
        const b = s.go(() => lock.run(body("b")));
        s.go(() => { b.cancel(); });
        await b.result();
      });
      await a;
      must(lock.free === 1, "a permit is lost");
      outcome(ran.sort().join(" "));
    },
  },
  {
    title: "a big acquire is withdrawn at any time, and a small one stands behind it: in line, and nobody is left",
    outcomes: ["big", "withdrawn"],
    async program({ go, semaphore }, { outcome }) {
      const two = semaphore(2);
      const held = two.tryAcquire(1);
      const giveUp = new AbortController();
      let bigWaits = true;
      const acquiring = two.acquire(2, giveUp).then(
        (permit) => { permit.release(); return "big"; },
        () => "withdrawn",
      );
      const small = two.acquire(1).then((permit) => {
        must(!bigWaits, "the small one has passed the big one");
        permit.release();
      });
      const quitter = go(() => { bigWaits = false; giveUp.abort(); });
      const holder = go(() => { bigWaits = false; held?.release(); });
      await small;
      const big = await acquiring;
      for (const task of [quitter, holder]) await task;
      must(two.free === 2, "a permit is lost");
      outcome(big);
    },
  },
  {
    title: "a big acquire is withdrawn, and whoever holds a permit waits for the small one behind it: that is let through at once",
    outcomes: ["withdrawn"],
    async program({ go, semaphore }, { outcome }) {
      const two = semaphore(2);
      const held = two.tryAcquire(1);
      const giveUp = new AbortController();
      const big = go(() => two.acquire(2, giveUp).then(() => "big", () => "withdrawn"));
      const small = go(async () => { using _ = await two.acquire(1); });
      const quitter = go(() => { giveUp.abort(); });
      for (const task of [small, quitter]) await task;
      held?.release();
      outcome(await big);
      must(two.free === 2, "a permit is lost");
    },
  },
];

const faultsOfSemaphores: readonly Planted[] = [
  {
    title: "a big one in line is passed by a small one",
    file: "sync/gate.ts", code: "this.first === undefined && this.enough(n)", instead: "this.enough(n)", foundBy: 1,
  },
  {
    title: "one that is withdrawn lets nobody through",
    file: "sync/gate.ts", code: "if (wasFirst) this.open();", instead: "void wasFirst;", foundBy: 2,
  },
  {
    title: "a permit that was given to a run in the turn of its cancel is lost",
    file: "sync/holding.ts",
    code: "held = { value };\n        void state.run(body, from.given(value));",
    instead: "void state.run((...args) => { held = { value }; return body(...args); }, from.given(value));",
    foundBy: 0,
  },
];

const flights: readonly Proof[] = [
  {
    title: "two ask for a key, one of whom leaves at any time, and a third asks later: never two runs at once, and whoever stays has a value",
    outcomes: ["1", "2"],
    async program(library, { outcome }) {
      const { go, singleflight } = library;
      const gate = steps(library, 3);
      let [now, runs] = [0, 0];
      const flight = singleflight(async (_: string) => {
        must(++now === 1, "two run at once");
        try {
          const run = ++runs;
          await gate.receive();
          return run;
        } finally {
          now--;
        }
      });
      const giveUp = new AbortController();
      const leaving = go(() => flight.run("key", giveUp).catch(() => undefined));
      const quitter = go(() => { giveUp.abort(); });
      const staying = go(() => flight.run("key"));
      const value = await staying;
      for (const task of [leaving, quitter]) await task;
      outcome(String(value));
    },
  },
];

const faultsOfFlights: readonly Planted[] = [
  {
    title: "whoever asks while a cancelled run is ending joins it",
    file: "sync/singleflight.ts", code: "return this.#closed ? ", instead: "return !this ? ", foundBy: 0,
  },
  {
    title: "a run is cancelled when any of those who wait has left",
    file: "sync/singleflight.ts", code: "if (!run || this.first) return;", instead: "if (!run) return;", foundBy: 0,
  },
  {
    title: "nobody starts the next run",
    file: "sync/singleflight.ts", code: "next.#start();", instead: "", foundBy: 0,
  },
];

const pools: readonly Proof[] = [
  {
    title: "two borrow of one, and the first may leave while its resource is made: there is never more than one, and it is not lost",
    outcomes: ["both", "the second"],
    async program(library, { outcome }) {
      const { go, pool } = library;
      const made = steps(library, 3);
      let alive = 0;
      const resources = pool({
        create: async () => {
          await made.receive();
          must(++alive === 1, "two exist");
          return {};
        },
        destroy: () => { alive--; },
        max: 1,
      });
      const giveUp = new AbortController();
      let first = "both";
      const leaving = go(() => resources.use(() => undefined, giveUp).catch(() => { first = "the second"; }));
      const quitter = go(() => { giveUp.abort(); });
      const staying = go(async () => { using _ = await resources.acquire(); });
      for (const task of [leaving, quitter, staying]) await task;
      must(resources.size <= 1, "there are too many");
      outcome(first);
    },
  },
  {
    title: "two borrow of two, and the first that is made fails: that fails one at most, and the other has one",
    outcomes: ["failed, got", "got, failed", "got, got"],
    async program(library, { outcome }) {
      const { go, pool } = library;
      const ready = steps(library, 4);
      let creates = 0;
      const resources = pool({
        create: async () => {
          const fails = ++creates === 1;
          await ready.receive();
          if (fails) throw new Error("of create");
          return {};
        },
        max: 2,
      });
      const borrow = (): Promise<Disposable | undefined> => resources.acquire().catch(() => undefined);
      const [one, two] = [go(borrow), go(borrow)];
      const all = [await one, await two];
      must(resources.size <= 2, "there are too many");
      for (const lease of all) lease?.[Symbol.dispose]();
      outcome(all.map((lease) => (lease ? "got" : "failed")).join(", "));
    },
  },
];

const faultsOfPools: readonly Planted[] = [
  {
    title: "what was made for one who has left is given to nobody",
    file: "sync/resources.ts", code: "else this.give(outcome as R);", instead: "else if (asks()) this.give(outcome as R);", foundBy: 0,
  },
  {
    title: "the place of one that could not be made is never free again",
    file: "sync/resources.ts",
    code: "            waiter.resume(\"error\", outcome);\n          }\n          this.#shrink();",
    instead: "            waiter.resume(\"error\", outcome);\n          }",
    foundBy: 1,
  },
  {
    title: "whoever has lost to another what was made for it has nothing made any more",
    file: "sync/resources.ts", code: "wish.served = false;", instead: "", foundBy: 1,
  },
];

const all = [
  ["FL-160 FL-199 semaphores", semaphores, faultsOfSemaphores],
  ["FL-182 FL-199 singleflights", flights, faultsOfFlights],
  ["FL-189 FL-199 pools", pools, faultsOfPools],
] as const;

for (const [name, proofs, faults] of all) {
  describe(`${name} in every order`, function () {
    this.timeout(60_000);

    async function explored({ program }: Proof, fault?: Fault): Promise<{ complete: boolean; outcomes: readonly string[]; schedules: number }> {
      const library = await copyWith(fault);
      const { complete, outcomes, schedules } = await library.explore((context) => program(library, context), { strategy: "dpor", maxSchedules: 20_000 });
      return { complete, outcomes: [...outcomes.keys()].sort(), schedules };
    }

    for (const proof of proofs) {
      it(proof.title, async () => {
        const { complete, outcomes, schedules } = await explored(proof);
        expect(complete, `complete after ${String(schedules)} schedules`).to.equal(true);
        expect(outcomes).to.deep.equal(proof.outcomes);
        if (process.env["SHOW"]) console.log(schedules);
      });
    }

    for (const fault of faults) {
      it(`finds the planted fault that ${fault.title}`, async () => {
        let found: unknown;
        try {
          await explored(proofs[fault.foundBy] as Proof, fault);
        } catch (error) {
          found = error;
        }
        expect((found as Error | undefined)?.name).to.equal("ExploreError");
        if (process.env["SHOW"]) console.log((found as Error).message.split("\n")[0]);
      });
    }
  });
}
