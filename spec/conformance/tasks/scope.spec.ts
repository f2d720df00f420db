/** Scopes: nothing outlives them, nothing fails in them in silence. */
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import {
  awaiting, calls, CancelledError, chan, gather, go, never, scope, select, selecting, settling, sleep, sleeping, suppressedOf,
  type ChildTask, type Operation, type Scope, type Task,
} from "../../../src/node.ts";
import { dial, dialing } from "../../../src/net/index.ts";
import { kindsOfBody } from "../../support/bodies.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

/** Something that a body can be blocked in. */
interface Blocking {
  verb: () => Promise<unknown>;
  operation: () => Operation<unknown>;
  /** Whether a waiter is still there. */
  left: () => boolean;
}

const blockings: Record<string, (clock: SinonFakeTimers) => Blocking> = {
  receive: () => {
    const ch = chan<number>();
    return { verb: () => ch.receive(), operation: () => ch.receiving(), left: () => ch.trySend(1) };
  },
  next: () => {
    const ch = chan<number>();
    return { verb: () => ch.next(), operation: () => ch.nexting(), left: () => ch.trySend(1) };
  },
  send: () => {
    const ch = chan<number>();
    return { verb: () => ch.send(1), operation: () => ch.sending(1), left: () => ch.tryReceive() !== undefined };
  },
  select: (clock) => {
    const [one, other] = [chan<number>(), chan<number>()];
    const cases = () => ({ one: one.receiving(), other: other.sending(1), late: sleeping(1000) });
    return {
      verb: () => select(cases()),
      operation: () => selecting(cases()),
      left: () => one.trySend(1) || other.tryReceive() !== undefined || clock.countTimers() > 0,
    };
  },
  sleep: (clock) => ({ verb: () => sleep(1000), operation: () => sleeping(1000), left: () => clock.countTimers() > 0 }),
  join: () => {
    const ch = chan<number>();
    const free = go(() => ch.receive()); // it outlives the scope
    return { verb: () => free.join(), operation: () => free.joining(), left: () => !ch.trySend(1) };
  },
  gather: () => {
    const ch = chan<number>();
    const gathered = (): Promise<unknown> => gather([() => ch.receive(), new Promise(() => undefined)]);
    return { verb: gathered, operation: () => settling(gathered()), left: () => ch.trySend(1) };
  },
  accept: () => {
    const { client, server } = calls<number, number>();
    return {
      verb: () => server.accept(),
      operation: () => server.accepting(),
      left: () => {
        const giving = new AbortController();
        const served = client.call(1, { signal: giving.signal });
        giving.abort("nobody may have taken it");
        let why: unknown;
        void served.catch((error: unknown) => (why = error));
        return why !== undefined;
      },
    };
  },
  dial: () => {
    let lookups = 0;
    const address = { host: "nowhere.test", port: 1, lookup: () => { lookups++; } };
    return { verb: () => dial(address), operation: () => dialing(address), left: () => lookups !== 1 };
  },
};

/** Blocked bodies of each kind, which record the error that they are rejected with; a generator cannot see that. */
const blocked: Record<string, (blocking: Blocking, ended: (error: unknown) => void) => () => unknown> = {
  "an async body": ({ verb }, ended) => async () => {
    try {
      await verb();
    } catch (error) {
      ended(error);
      throw error;
    }
  },
  "a generator body": ({ operation }, ended) =>
    function* () {
      try {
        yield* operation();
      } finally {
        ended(undefined);
      }
    },
  "a plain body": ({ verb }, ended) => () =>
    verb().catch((error: unknown) => {
      ended(error);
      throw error;
    }),
};

/** Bodies of each kind that throw. */
const throwing: Record<string, (error: Error) => () => unknown> = {
  "an async body": (error) => async () => { throw error; },
  "a generator body": (error) => function* () { throw error; },
  "a plain body": (error) => () => { throw error; },
};

/** Bodies of each kind that end as a foreign promise does, cancelled or not. */
const following: Record<string, (promise: Promise<unknown>) => () => unknown> = {
  "an async body": (promise) => async () => { await promise; },
  "a generator body": (promise) =>
    function* () { yield* awaiting(promise); },
  "a plain body": (promise) => () => promise,
};

/** A promise that is none of the library's, and how it is settled. */
function foreign(): { promise: Promise<string>; resolve: (value: string) => void; reject: (error: Error) => void } {
  let resolve!: (value: string) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<string>((resolving, rejecting) => { [resolve, reject] = [resolving, rejecting]; });
  return { promise, resolve, reject };
}

describe("scope", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  for (const [kind, waits] of kindsOfBody) {
    it(`S-06: a scope whose body has returned waits for its children: ${kind}`, async () => {
      const ch = chan<string>();
      const log: unknown[] = [];
      const ended = scope((s) => {
        for (let n = 0; n < 2; n++) s.go(waits(() => ch.receiving(), (ending) => log.push(ending)));
        return waits(() => sleeping(1).map(() => "value"))();
      });
      await clock.tickAsync(1);
      expect(await isPending(ended)).to.equal(true);
      await ch.send("a");
      expect(await isPending(ended)).to.equal(true);
      await ch.send("b");
      expect(await ended).to.equal("value");
      expect(log).to.deep.equal([{ value: "a" }, { value: "b" }]);
    });

    it(`S-07: the scope also waits for a child that another child starts after the body has returned: ${kind}`, async () => {
      const ch = chan<string>();
      const log: string[] = [];
      const ended = scope((s) => {
        s.go(async () => {
          await sleep(10);
          s.go(waits(() => ch.receiving(), () => log.push("grandchild")));
          log.push("child");
        });
        return "value";
      });
      await clock.tickAsync(10);
      expect(await isPending(ended)).to.equal(true);
      expect(log).to.deep.equal(["child"]);
      await ch.send("go home");
      expect(await ended).to.equal("value");
      expect(log).to.deep.equal(["child", "grandchild"]);
    });

    it(`S-09: a task that is started in a cancelled scope is cancelled, and its body never runs: ${kind}`, async () => {
      let ran = 0;
      let child!: ChildTask<unknown>;
      const ended = scope(async (s) => {
        s.cancel("enough");
        child = s.go(() => { ran++; return waits(() => sleeping(1))(); });
        expect(child.state).to.equal("cancelled");
        return "value";
      });
      expect(await ended).to.equal("value");
      await settle();
      expect([ran, child.state]).to.deep.equal([0, "cancelled"]);
      expect(await rejectionOf(child)).to.be.instanceOf(CancelledError).with.property("cause", "enough");
    });
  }

  it("S-08: s.go throws after the scope has ended, however it ended", async () => {
    let ran = 0;
    const ends: ((s: Scope) => unknown)[] = [() => 1, (s) => { s.cancel(); }, () => { throw new Error("failed"); }];
    for (const end of ends) {
      let kept!: Scope;
      await scope((s) => { kept = s; return end(s); }, { name: "the past" }).catch(() => "it has ended, too");
      expect(() => kept.go(() => ran++)).to.throw(Error, "the past");
    }
    await settle();
    expect(ran).to.equal(0);
  });

  for (const [what, make] of Object.entries(blockings)) {
    for (const [kind, body] of Object.entries(blocked)) {
      it(`S-10: a child's failure ends the ${what} in which another child waits: ${kind}`, async () => {
        const error = new Error("failed");
        const blocking = make(clock);
        const endings: unknown[] = [];
        let sibling!: Task<unknown>;
        const ended = rejectionOf(scope((s) => {
          sibling = s.go(body(blocking, (ending) => endings.push(ending)));
          s.go(async () => { await settle(); throw error; });
        }));
        expect(await ended).to.equal(error);
        const joined = await rejectionOf(sibling);
        expect(joined).to.be.instanceOf(CancelledError).with.property("cause", error);
        expect(endings).to.deep.equal([kind === "a generator body" ? undefined : joined]);
        expect(sibling.state).to.equal("cancelled");
        expect(suppressedOf(error)).to.deep.equal([]);
        expect(blocking.left()).to.equal(false);
      });

      it(`S-10: a child's failure ends the ${what} in which the body waits: ${kind}`, async () => {
        const error = new Error("failed");
        const blocking = make(clock);
        const endings: unknown[] = [];
        const ended = rejectionOf(scope((s) => {
          s.go(async () => { await settle(); throw error; });
          return body(blocking, (ending) => endings.push(ending))();
        }));
        expect(await ended).to.equal(error);
        expect(endings).to.have.length(1);
        if (kind !== "a generator body") expect(endings[0]).to.be.instanceOf(CancelledError).with.property("cause", error);
        expect(suppressedOf(error)).to.deep.equal([]);
        expect(blocking.left()).to.equal(false);
      });
    }
  }

  for (const [kind, throws] of Object.entries(throwing)) {
    it(`S-12: an error that a sibling throws in its finally is kept with the first: ${kind}`, async () => {
      const [first, second, third] = [new Error("first"), new Error("in an async finally"), new Error("in a generator's finally")];
      const ended = rejectionOf(scope((s) => {
        s.go(async () => { try { await sleep(1000); } finally { throw second; } });
        s.go(function* () { try { yield* sleeping(1000); } finally { throw third; } });
        s.go(async () => { await sleep(1); s.go(throws(first)); });
      }));
      await clock.tickAsync(1);
      expect(await ended).to.equal(first);
      expect(suppressedOf(first)).to.have.members([second, third]).and.have.length(2);
    });

    it(`S-13: when the body throws its children are cancelled and waited for, and its error is the scope's: ${kind}`, async () => {
      const error = new Error("body");
      const log: string[] = [];
      const ended = rejectionOf(scope(async (s) => {
        s.go(async () => {
          try {
            await chan().receive();
          } catch (cancel) {
            log.push((cancel as Error).name);
          }
          await foreignSteps();
          log.push("async child ended");
        });
        s.go(function* () {
          try {
            yield* chan().receiving();
          } finally {
            log.push("generator child ended");
          }
        });
        await sleep(10);
        return scope(throws(error));
      }));
      void ended.then(() => log.push("scope ended"));
      await clock.tickAsync(10);
      expect(await ended).to.equal(error);
      expect(log).to.have.members(["CancelledError", "generator child ended", "async child ended", "scope ended"]);
      expect(log.at(-1)).to.equal("scope ended");
    });
  }

  it("S-13: children that have not started when the body throws never run", async () => {
    const error = new Error("body");
    let child!: ChildTask<unknown>;
    let ran = 0;
    expect(await rejectionOf(scope((s) => {
      child = s.go(() => ran++);
      throw error;
    }))).to.equal(error);
    expect([ran, child.state]).to.deep.equal([0, "cancelled"]);
  });

  for (const [kind, follows] of Object.entries(following)) {
    it(`S-15: one failure and three have the same shape, the first error itself; the others are beside it in order of time: ${kind}`, async () => {
      for (const order of [[0], [2, 0, 1]]) {
        const gates = order.map(foreign);
        const errors = gates.map((_, n) => Object.freeze(new Error(`number ${String(n)}`)));
        const ended = rejectionOf(scope((s) => {
          for (const { promise } of gates) s.go(follows(promise));
        }));
        for (const n of order) {
          expect(await isPending(ended)).to.equal(true);
          gates[n]?.reject(errors[n] as Error);
        }
        const [first, ...later] = order.map((n) => errors[n]);
        expect(await ended).to.equal(first);
        expect(suppressedOf(first)).to.deep.equal(later);
        expect(suppressedOf(first).every((error, n) => error === later[n])).to.equal(true);
      }
    });
  }

  const [e1, e2] = [new Error("e1"), new Error("e2")];
  const sequences: [children: (Error | "ok")[], outcome: Error | "ok"][] = [
    [[], "ok"], [["ok"], "ok"], [["ok", "ok"], "ok"], [[e1], e1], [[e1, "ok"], e1], [["ok", e1], e1], [[e1, "ok", e2], e1], [[e2, e1], e2],
  ];
  for (const [children, outcome] of sequences) {
    const told = children.map((end) => (end === "ok" ? end : end.message)).join(", ") || "none";
    it(`GR-01: children that end in the order "${told}" make the scope end with "${outcome === "ok" ? outcome : outcome.message}", after all have ended`, async () => {
      const gates = children.map(foreign);
      const ended = scope((s) => {
        for (const { promise } of gates) s.go(() => promise);
        return "ok";
      }).catch((error: unknown) => error);
      for (const [n, end] of children.entries()) {
        expect(await isPending(ended)).to.equal(true);
        if (end === "ok") gates[n]?.resolve(end);
        else gates[n]?.reject(end);
      }
      expect(await ended).to.equal(outcome);
    });
  }

  it("GR-02: when a child fails the signal is aborted, its reason the scope's CancelledError, the failure its cause", async () => {
    const error = new Error("failed");
    let signal!: AbortSignal;
    let met: unknown;
    const ended = rejectionOf(scope(async (s) => {
      signal = s.signal;
      s.go(async () => { await sleep(10); throw error; });
      s.go(async () => { met = await rejectionOf(sleep(1000)); });
    }));
    await clock.tickAsync(9);
    expect(signal.aborted).to.equal(false);
    await clock.tickAsync(1);
    expect(await ended).to.equal(error);
    expect(signal.aborted).to.equal(true);
    expect(signal.reason).to.be.instanceOf(CancelledError).with.property("cause", error);
    expect(signal.reason).to.equal(met);
  });

  it("GR-02: without a failure the signal is not aborted while work goes on", async () => {
    let signal!: AbortSignal;
    let asked = 0;
    const ended = scope((s) => {
      signal = s.signal;
      expect(s.signal).to.equal(signal);
      for (let n = 1; n <= 3; n++) {
        s.go(async () => {
          await sleep(n);
          asked++;
          expect(signal.aborted).to.equal(false);
        });
      }
    });
    await clock.tickAsync(3);
    await ended;
    expect(asked).to.equal(3);
  });

  for (const [kind, throws] of Object.entries(throwing)) {
    it(`S-16: with onError "supervise" a failing child leaves the others alone, and the scope resolves: ${kind}`, async () => {
      const error = new Error("failed");
      const log: unknown[] = [];
      const unhandled = await unhandledDuring(async () => {
        const ended = scope(
          async (s) => {
            const failing = s.go(throws(error));
            s.go(throws(new Error("joined by nobody")));
            s.go(async () => { await sleep(10); log.push("went on"); });
            log.push(await rejectionOf(failing), failing.state, s.cancelled, s.signal.aborted);
            return "value";
          },
          { onError: "supervise" },
        );
        await clock.tickAsync(10);
        expect(await ended).to.equal("value");
      });
      expect(log).to.deep.equal([error, "failed", false, false, "went on"]);
      expect(unhandled).to.deep.equal([]);
    });

    it(`S-16: a function as onError gets each error and its task, and the others run on: ${kind}`, async () => {
      const errors = [new Error("one"), new Error("two")] as const;
      const seen: unknown[] = [];
      let tasks: Task<unknown>[] = [];
      const unhandled = await unhandledDuring(async () => {
        const ended = scope(
          (s) => {
            tasks = errors.map((error) => s.go(throws(error)));
            s.go(() => sleep(10));
            return "value";
          },
          { onError: (error, task) => { seen.push(error, task); } },
        );
        await clock.tickAsync(10);
        expect(await ended).to.equal("value");
      });
      expect(seen).to.deep.equal([errors[0], tasks[0], errors[1], tasks[1]]);
      expect(unhandled).to.deep.equal([]);
    });

    it(`S-16: an error that onError throws is the scope's failure: ${kind}`, async () => {
      const [error, verdict] = [new Error("failed"), new Error("too much")];
      const ended = rejectionOf(scope(
        (s) => {
          s.go(throws(error));
          s.go(() => sleep(1000));
        },
        { onError: () => { throw verdict; } },
      ));
      expect(await ended).to.equal(verdict);
      expect(clock.countTimers()).to.equal(0);
    });
  }

  it("S-16: the body's own error is the scope's even if the scope supervises", async () => {
    const error = new Error("body");
    for (const onError of ["supervise", () => undefined] as const) {
      expect(await rejectionOf(scope((s) => { s.go(() => never); throw error; }, { onError }))).to.equal(error);
    }
  });

  it("S-17: a failure in an inner scope that the outer body catches leaves the outer one as it was", async () => {
    const error = new Error("inner");
    const log: unknown[] = [];
    const ended = scope(async (outer) => {
      outer.go(async () => { await sleep(20); log.push("outer child went on"); });
      const failed = await rejectionOf(scope(async (inner) => {
        inner.go(async () => { await sleep(1); throw error; });
        inner.go(async () => { log.push(await rejectionOf(sleep(1000))); });
      }));
      expect(failed).to.equal(error);
      log.push(outer.cancelled, outer.signal.aborted);
      await sleep(5);
      outer.go(() => log.push("started later"));
      return "value";
    });
    await clock.tickAsync(20);
    expect(await ended).to.equal("value");
    expect(log[0]).to.be.instanceOf(CancelledError);
    expect(log.slice(1)).to.deep.equal([false, false, "started later", "outer child went on"]);
  });

  it("S-78: the body may be a plain function: its value, its promise and its throw count, and it starts later", async () => {
    const log: string[] = [];
    const [value, promised] = [scope(() => { log.push("body"); return 7; }), scope(() => Promise.resolve("promised"))];
    log.push("called");
    expect(await value).to.equal(7);
    expect(await promised).to.equal("promised");
    expect(log).to.deep.equal(["called", "body"]);
    expect(await scope(() => undefined)).to.equal(undefined);
    const error = new Error("thrown");
    expect(await rejectionOf(scope(() => { throw error; }))).to.equal(error);
    const ended = scope((s) => { s.go(() => sleep(5)); return "with a child"; });
    await clock.tickAsync(4);
    expect(await isPending(ended)).to.equal(true);
    await clock.tickAsync(1);
    expect(await ended).to.equal("with a child");
  });
});

/** A while of foreign promises, which no cancel reaches. */
async function foreignSteps(): Promise<void> {
  for (let steps = 0; steps < 5; steps++) await Promise.resolve();
}
