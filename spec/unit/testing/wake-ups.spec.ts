/** Wake-ups: the orders that production has, among them those after a synchronous verb, are tried by every strategy. */
import { expect } from "chai";
import { chan, go, operation, perform, type Operation } from "../../../src/node.ts";
import { bubble, explore, ExploreError, replay, type Program, type Strategy } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";

const strategies: readonly Strategy[] = ["auto", "random", "pct", "dfs", "dpor"];

const deferred = "the resume of an operation of one's own";

/** One task waits, another one wakes it by a synchronous verb, whose effect is told only some async layers further out. */
type Meeting = () => { wait: () => Promise<unknown>; wake: () => unknown };

const meetings: Record<string, Meeting> = {
  trySend: () => {
    const ch = chan<string>(1);
    return { wait: () => ch.receive(), wake: () => ch.trySend("x") };
  },
  close: () => {
    const ch = chan<string>();
    return { wait: () => ch.next(), wake: () => ch.close() };
  },
  tryReceive: () => {
    const ch = chan<string>(1);
    ch.trySend("fills it");
    return { wait: () => ch.send("x"), wake: () => ch.tryReceive() };
  },
  "an abort": () => {
    const [ch, giveUp] = [chan<string>(), new AbortController()];
    return { wait: () => ch.receive({ signal: giveUp.signal }), wake: () => { giveUp.abort(); } };
  },
  "a release in finally": () => {
    const lock = chan<string>(1);
    lock.trySend("held");
    return {
      wait: () => lock.send("mine"),
      wake: () => {
        try {
          return "done";
        } finally {
          lock.tryReceive();
        }
      },
    };
  },
  [deferred]: () => {
    let [open, resumeAll] = [false, (): void => { /* nobody waits */ }];
    const opening: Operation<void> = operation({
      name: "a gate",
      resumed: "by tasks",
      poll: () => (open ? () => undefined : undefined),
      wait: (resume) => {
        resumeAll = () => { resume(() => undefined); };
        return () => { resumeAll = () => { /* nobody waits */ }; };
      },
    });
    return {
      wait: () => perform(opening),
      wake: () => {
        open = true;
        resumeAll();
      },
    };
  },
};

const tooEarly = (meet: Meeting, depth: number, before: () => Promise<boolean>): Program => async () => {
  const { wait, wake } = meet();
  let written = false;
  const layer = async (left: number): Promise<void> => { if (left > 0) await layer(left - 1); else wake(); };
  const reader = go(async () => {
    try {
      await wait();
    } catch { /* given up */ }
    if (!written) throw new Error("too early");
  });
  await go(async () => {
    const goesWrong = await before();
    if (!goesWrong) written = true;
    await layer(depth);
    written = true;
  });
  await reader;
};

describe("EX-01 the orders that production has", () => {
  for (const [verb, meet] of Object.entries(meetings)) {
    for (const strategy of strategies) {
      it(`are found after ${verb}, at any depth of async layers: ${strategy} (controlled-scheduler.ts 1)`, async () => {
        for (let depth = 0; depth <= 5; depth++) {
          const program = tooEarly(meet, depth, () => Promise.resolve(true));
          // What runs user code, as an operation of one's own, takes a hop more: then it is right without an async layer.
          const inProduction = await rejectionOf(bubble(program as () => Promise<void>)).catch(() => undefined);
          expect(inProduction !== undefined, `in production, at depth ${String(depth)}`).to.equal(depth > 0 || verb !== deferred);
          if (!inProduction) continue;
          const error = await rejectionOf(explore(program, { strategy, maxSchedules: 300 }));
          expect(error, `depth ${String(depth)}`).to.be.instanceOf(ExploreError);
          const { kind, schedule, cause } = error as ExploreError;
          expect({ kind, cause: String(cause) }).to.deep.equal({ kind: "exception", cause: "Error: too early" });
          expect((await replay(program, schedule)).kind).to.equal("exception");
        }
      });

      it(`are a choice after ${verb}, where the first run is right: ${strategy} (controlled-scheduler.ts 3) (agenda.ts 1)`, async () => {
        for (let depth = verb === deferred ? 1 : 0; depth <= 5; depth++) {
          const program = tooEarly(meet, depth, async () => {
            const order = chan<string>();
            for (const name of ["a", "b"]) go(() => order.send(name));
            const first = await order.receive();
            await order.receive();
            return first === "b";
          });
          const error = await rejectionOf(explore(program, { strategy, maxSchedules: 1000 }));
          expect(error, `depth ${String(depth)}`).to.be.instanceOf(ExploreError);
          expect(String((error as ExploreError).cause)).to.equal("Error: too early");
          expect((await replay(program, (error as ExploreError).schedule)).kind).to.equal("exception");
        }
      });
    }
  }
});
