/** A choice that is performed again while it is being performed, from code of the user that it runs: each performing sees every case. */
import { expect } from "chai";
import { seedChoices } from "../../../src/platform/random.ts";
import {
  aborting, always, attempting, chan, choose, ClosedError, dumpTasks, guard, never, operation, perform, poll, scope, select, selecting, sleeping,
  type Operation,
} from "../../../src/node.ts";
import { rejectionOf, seedOfRun, settle } from "../../support/settle.ts";

/** How often each of three channels, all ready, is taken from in so many polls. */
function taken(either: Operation<string>, count: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let n = 0; n < count; n++) {
    const value = poll(either)?.value ?? "nothing";
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

const ready = (): Operation<string>[] => ["a", "b", "c"].map((name) => always(name));

/** Performs it, deeper and deeper, from within itself. */
function reentrant(make: (again: () => void) => Operation<string>, depth = 3): Operation<string> {
  let left = depth;
  const either: Operation<string> = make(() => {
    if (left === 0) return;
    left--;
    poll(either);
    left++;
  });
  return either;
}

describe(`choices within themselves (seed ${String(seedOfRun)})`, () => {
  let unseed: () => void;
  beforeEach(() => { unseed = seedChoices(seedOfRun); });
  afterEach(() => { unseed(); });

  const sourced = (again: () => void): Operation<never> =>
    operation<never>({
      poll() {
        again();
        return undefined;
      },
      wait: () => () => { /* nothing to leave */ },
    });
  const ways: Record<string, (again: () => void) => Operation<string>> = {
    "a poll": (again) => choose<string>(...ready(), sourced(again)),
    "two polls": (again) => choose<string>(sourced(again), ...ready(), sourced(again)),
    "a poll, deeper inside": (again) => choose<string>(...ready(), choose<string>(never, sourced(again).map((value: string) => value))),
    "a guard": (again) => choose<string>(...ready(), guard(() => { again(); return never; })),
    "a map": (again) => choose<string>(...ready().map((one) => one.map((value) => { again(); return value; }))),
  };
  for (const [way, make] of Object.entries(ways)) {
    it(`FA-20 a choice polled again from inside ${way} loses no case, and stays fair (choice.ts 5)`, () => {
      const counts = taken(reentrant(make), 3000);
      expect(Object.keys(counts).sort(), JSON.stringify(counts)).to.deep.equal(["a", "b", "c"]);
      for (const count of Object.values(counts)) expect(count, JSON.stringify(counts)).to.be.within(850, 1150);
    });
  }

  it("FA-20 two hundred choices of a hundred, each polled from inside one of its own cases: all cases are there afterwards", () => {
    for (let round = 0; round < 200; round++) {
      const channels = Array.from({ length: 100 }, () => chan<number>(1));
      let inside = false;
      let within: number | undefined;
      const again = sourced(() => {
        if (inside) return;
        inside = true;
        within = poll(either)?.value;
        inside = false;
      });
      const either: Operation<number> = choose<number>(...channels.map((channel) => channel.receiving()), again);
      expect(poll(either)).to.equal(undefined);
      for (const [index, channel] of channels.entries()) {
        channel.trySend(index);
        within = undefined;
        const outside = poll(either)?.value;
        expect(outside ?? within, `round ${String(round)}`).to.equal(index);
      }
    }
  });

  it("FA-20 a poll in the midst of a poll does not hide a case that is ready from it", () => {
    for (let round = 0; round < 300; round++) {
      const here = chan<string>(1);
      here.trySend("here");
      let inside = false;
      const again = sourced(() => {
        if (inside) return;
        inside = true;
        // Nothing is ready in there: the value is away meanwhile.
        const value = here.tryReceive()?.value;
        poll(either);
        if (value !== undefined) here.trySend(value);
        inside = false;
      });
      const cases = Array.from({ length: 5 }, () => never as Operation<string>);
      const either: Operation<string> = choose<string>(here.receiving(), again, ...cases);
      expect(poll(either), `round ${String(round)}`).to.deep.equal({ value: "here" });
    }
  });

  for (const how of ["wait", "attempting"] as const) {
    it(`FA-20 performed again from inside ${how}, while it takes its places: it stands in every line once (choice.ts 5)`, async () => {
      for (let round = 0; round < 50; round++) {
        const channels = Array.from({ length: 8 }, () => chan<number>());
        let inside = false;
        const again = (): void => {
          if (inside) return;
          inside = true;
          poll(either);
          inside = false;
        };
        const never2 = how === "attempting"
          ? attempting<never>(() => { again(); return new Promise<never>(() => { /* for ever */ }); })
          : operation<never>({ poll: () => undefined, wait: () => { again(); return () => { /* nothing to leave */ }; } });
        const receives = channels.map((channel) => channel.receiving());
        const either: Operation<number> = choose<number>(...receives.slice(0, 4), never2, ...receives.slice(4));
        const performed = perform(either);
        await settle();
        const inLine = channels.map(({ receivers: { first } }) => (first === undefined ? 0 : first.next === undefined ? 1 : 2));
        expect(inLine, `round ${String(round)}`).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 1]);
        channels[round % 8]?.trySend(round);
        expect(await performed).to.equal(round);
        expect(channels.every(({ receivers }) => receivers.empty)).to.equal(true);
      }
    });
  }

  it("guards of a choice that is performed again run in the order in which they were listed", () => {
    const made: string[] = [];
    const either = selecting(["a", "b", "c", "d"].map((name) => guard(() => {
      made.push(name);
      return never;
    })));
    for (let n = 0; n < 20; n++) poll(either);
    expect(made.join("")).to.equal("abcd".repeat(20));
  });
});

describe("a case whose code of the user makes another one ready, while places are taken", () => {
  /** An operation that never happens, and does something while it takes its place. */
  const doing = (act: () => void, left: () => void): Operation<never> => operation<never>({
    poll: () => undefined,
    wait() {
      act();
      return left;
    },
  });

  it("a value that has come for a later case is taken at once, and the first one leaves its place (choice.ts 4)", async () => {
    const later = chan<string>(1);
    let left = 0;
    const first = doing(() => { later.trySend("here"); }, () => { left++; });
    const selected = select({ first, later: later.receiving() }, { order: "listed" });
    expect({ left, held: later.size, inLine: later.receivers.empty ? 0 : 1 }).to.deep.equal({ left: 1, held: 0, inLine: 0 });
    expect(await selected).to.deep.equal({ case: "later", value: "here" });
  });

  it("a later case that has come to its end fails the select, by its name", async () => {
    const later = chan<string>();
    let left = 0;
    const first = doing(() => { later.close(); }, () => { left++; });
    const error = await rejectionOf(select({ first, later: later.receiving() }, { order: "listed" }));
    expect(error).to.be.instanceOf(ClosedError).with.property("case", "later");
    expect(left).to.equal(1);
  });
});

describe("the name of a choice", () => {
  const jobs = chan<string>({ name: "jobs" });
  const quit = chan<string>({ name: "quit" });
  const inJobs = 'receive on channel "jobs"';
  const inQuit = 'receive on channel "quit"';
  const { signal } = new AbortController();

  it("FA-21 a choice and a select name all their cases in the order in which they were listed, however often they were polled", () => {
    const two = choose(jobs.receiving(), quit.receiving());
    const named = selecting({ job: jobs.receiving(), quit: quit.receiving(), late: sleeping(5) });
    const indexed = selecting([jobs.sending("x"), quit.receiving()], { order: "listed" });
    const wide = choose(...Array.from({ length: 12 }, (_, index) => chan({ name: `c${String(index)}` }).receiving()));
    for (let n = 0; n < 50; n++) {
      for (const one of [two, named, indexed, wide]) expect(poll(one as Operation<unknown>)).to.equal(undefined);
      expect(String(two)).to.equal(`choice of ${inJobs}, ${inQuit}`);
      expect(String(named)).to.equal(`select of job: ${inJobs}, quit: ${inQuit}, late: sleep of 5 ms`);
      expect(String(indexed)).to.equal(`select of 0: send on channel "jobs", 1: ${inQuit}`);
      expect(String(wide)).to.equal(`choice of ${Array.from({ length: 12 }, (_, index) => `receive on channel "c${String(index)}"`).join(", ")}`);
    }
  });

  it("FA-21 reports show them so: of tasks in both lanes, mapped, in a scope; a wait with its signal is the wait, and says so", async () => {
    let report = "";
    await scope(async (s) => {
      s.go(function* first() { yield* choose(jobs.receiving(), quit.receiving()); });
      s.go(async function second() { await perform(choose(jobs.receiving(), quit.receiving()).map((value) => value)); });
      s.go(async function third() { await select({ job: jobs.receiving(), quit: quit.receiving() }, { signal }); });
      s.go(async function fourth() { await jobs.receive({ signal }); });
      s.go(async function fifth() { await perform(choose(jobs.receiving(), aborting(signal))); });
      await settle();
      report = dumpTasks();
      s.cancel();
    });
    const told = (name: string): string | undefined => new RegExp(`"${name}" waits in (.*)`).exec(report)?.[1];
    expect(told("first")).to.equal(`choice of ${inJobs}, ${inQuit}`);
    expect(told("second")).to.equal(`choice of ${inJobs}, ${inQuit}`);
    expect(told("third")).to.equal(`select of job: ${inJobs}, quit: ${inQuit} and the abort of a signal`);
    expect(told("fourth")).to.equal(`${inJobs} and the abort of a signal`);
    expect(told("fifth")).to.equal(`choice of ${inJobs}, the abort of a signal`);
  });
});
