/**
 * Scopes in each lane, with and without an async context: what a scope waits for, what its children's failures do, and what happens to
 * whoever waits in it.
 */
import { expect } from "chai";
import sinon from "sinon";
import { dial } from "../../../src/net/index.ts";
import { chan, scope, sleep, type ChildTask, type Scope, type Task } from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { failOnUnhandledRejections, microtasks } from "../channels/support.ts";
import { expectCancelled, failing, foreign, lanes, places, type Place } from "./support.ts";

describe("scope, in each lane", () => {
  afterEach(() => { sinon.restore(); });
  failOnUnhandledRejections();

  for (const lane of lanes) {
    const { lib } = lane;

    describe(lane.name, () => {
      it("S-06: a scope whose body has returned waits for its children, and gives the body's value then", async () => {
        const [first, second] = [lib.chan<number>(), lib.chan<number>()];
        const log: string[] = [];
        const ended = lib.scope<string>(lane.main(function* (_wait, s) {
          for (const ch of [first, second]) {
            s.go(lane.inside(s, function* (wait) { log.push(`child ${String(yield* wait(ch.receiving()))}`); }));
          }
          log.push("body");
          return "value";
        }));
        void ended.then(() => log.push("ended"));
        await settle();
        expect(log).to.deep.equal(["body"]);
        await second.send(2);
        await settle();
        expect(log).to.deep.equal(["body", "child 2"]);
        await first.send(1);
        expect(await ended).to.equal("value");
        expect(log).to.deep.equal(["body", "child 2", "child 1", "ended"]);
      });

      it("S-07: the scope also waits for a grandchild that a child starts after the body has returned", async () => {
        const [go, end] = [lib.chan<void>(), lib.chan<void>()];
        let grandchild: Task<void> | undefined;
        const ended = lib.scope(lane.main(function* (_wait, s) {
          s.go(lane.inside(s, function* (wait) {
            yield* wait(go.receiving());
            grandchild = s.go(lane.inside(s, function* (inner) { yield* inner(end.receiving()); }));
          }));
        }));
        await settle();
        await go.send();
        expect(await isPending(ended)).to.equal(true);
        expect(grandchild?.state).to.equal("running");
        await end.send();
        await ended;
        expect(grandchild?.state).to.equal("done");
      });

      it("S-08: after the scope has ended, go throws at the call, whether it ended well or not", async () => {
        const error = new Error("thrown");
        const handles: Scope[] = [];
        let ran = 0;
        await lib.scope(lane.main(function* (_wait, s) { handles.push(s); }));
        await rejectionOf(lib.scope(lane.main(function* (_wait, s): Generator<unknown, void> { handles.push(s); throw error; })));
        expect(handles).to.have.length(2);
        for (const s of handles) expect(() => s.go(() => ran++)).to.throw(Error, /scope/u);
        await settle();
        expect(ran).to.equal(0);
      });

      it("S-09: go after the scope was cancelled gives a task in state cancelled, whose body never runs", async () => {
        let ran = 0;
        let late: ChildTask<void> | undefined;
        const reason = { why: "enough" };
        const ended = lib.scope(lane.main(function* (wait, s) {
          s.cancel(reason);
          late = s.go(lane.inside(s, function* () { ran++; }));
          expect(late.state).to.equal("cancelled");
          yield* wait(lib.sleeping(0));
        }));
        expectCancelled(lib, await rejectionOf(ended), reason);
        expectCancelled(lib, await rejectionOf((late as ChildTask<void>).join()), reason);
        await settle();
        expect(ran).to.equal(0);
        expect(late?.state).to.equal("cancelled");
      });

      it("S-13: the body throws: its children are cancelled and waited for, and the scope fails with that very error", async () => {
        const error = new Error("thrown");
        const [ch, cleanup] = [lib.chan<number>(), lib.chan<void>()];
        let child: Task<unknown> | undefined;
        let cleaned = false;
        const ended = rejectionOf(lib.scope(lane.main(function* (wait, s): Generator<unknown, void> {
          child = s.go(lane.inside(s, function* (inner) {
            try {
              yield* inner(ch.receiving());
            } finally {
              yield* inner(lib.shield(() => cleanup.receive())); // a wait of its own, after the cancel
              cleaned = true;
            }
          }));
          yield* wait(lib.checkpoint());
          throw error;
        })));
        expect(await isPending(ended)).to.equal(true);
        expect(ch.trySend(1)).to.equal(false);
        expect(cleanup.trySend()).to.equal(true);
        expect(await ended).to.equal(error);
        expect(cleaned).to.equal(true);
        expect(child?.state).to.equal("cancelled");
      });

      it("S-16: a scope that supervises goes on when a child fails, and gives the body's value", async () => {
        const [ch, error] = [lib.chan<number>(), new Error("thrown")];
        let got = 0;
        let failed: Task<never> | undefined;
        const ended = lib.scope(lane.main(function* (wait, s) {
          s.go(lane.inside(s, function* (inner) { got = yield* inner(ch.receiving()); }));
          failed = s.go(failing(error));
          yield* wait(lib.checkpoint());
          expect(s.cancelled).to.equal(false);
          return yield* wait(ch.receiving());
        }), { onError: "supervise" });
        expect(await isPending(ended)).to.equal(true);
        expect(failed?.state).to.equal("failed");
        await ch.send(1);
        await ch.send(2);
        expect(await ended).to.equal(2);
        expect(got).to.equal(1);
      });

      it("S-16: in a scope that supervises, an error of the body itself is still the scope's", async () => {
        const [ch, error] = [lib.chan<number>(), new Error("thrown")];
        let child: Task<number> | undefined;
        const ended = lib.scope(lane.main(function* (wait, s): Generator<unknown, void> {
          child = s.go(lane.inside(s, function* (inner) { return yield* inner(ch.receiving()); }));
          yield* wait(lib.checkpoint());
          throw error;
        }), { onError: "supervise" });
        expect(await rejectionOf(ended)).to.equal(error);
        expect(child?.state).to.equal("cancelled");
        expect(ch.trySend(1)).to.equal(false);
      });

      it("S-16: an onError function gets every failure and its task, and the scope goes on", async () => {
        const [one, two] = [new Error("one"), new Error("two")];
        const told: [unknown, string][] = [];
        const ended = lib.scope(lane.main(function* (wait, s) {
          s.go(lib.named("first", failing(one)));
          s.go(lib.named("second", failing(two)));
          s.go(() => "fine");
          yield* wait(lib.checkpoint());
          yield* wait(lib.checkpoint());
          return s.cancelled;
        }), { onError: (error, task) => { told.push([error, task.name]); } });
        expect(await ended).to.equal(false);
        expect(told).to.deep.equal([[one, "first"], [two, "second"]]);
      });

      it("S-17: an inner scope's failure that the outer body catches does not touch the outer scope", async () => {
        const error = new Error("thrown");
        const ch = lib.chan<number>();
        let sibling: Task<number> | undefined;
        const ended = lib.scope(lane.main(function* (wait, outer) {
          sibling = outer.go(lane.inside(outer, function* (inner) { return yield* inner(ch.receiving()); }));
          try {
            yield* wait(lib.scope(lane.main(function* (within, s) {
              s.go(failing(error));
              yield* within(ch.receiving());
            }), lane.within(outer)));
          } catch (caught) {
            expect(caught).to.equal(error);
          }
          expect(outer.cancelled).to.equal(false);
          expect(outer.signal.aborted).to.equal(false);
          yield* wait(ch.sending(7));
          return "went on";
        }));
        expect(await ended).to.equal("went on");
        expect(await sibling).to.equal(7);
      });

      it("GR-02: the failure of a child aborts the signal, its reason the scope's CancelledError with that failure as cause", async () => {
        const error = new Error("thrown");
        const fail = lib.chan<void>();
        let signal: AbortSignal | undefined;
        const ended = lib.scope(lane.main(function* (wait, s) {
          ({ signal } = s);
          s.go(lane.inside(s, function* (inner) {
            yield* inner(fail.receiving());
            throw error;
          }));
          yield* wait(lib.never);
        }));
        const outcome = rejectionOf(ended);
        await settle();
        expect(signal?.aborted).to.equal(false);
        await fail.send();
        expect(await outcome).to.equal(error);
        expect(signal?.aborted).to.equal(true);
        expectCancelled(lib, signal?.reason, error, "the reason of the signal");
      });

      it("GR-02: without a failure the signal is not aborted while work goes on", async () => {
        const end = lib.chan<void>();
        let signal: AbortSignal | undefined;
        const ended = lib.scope(lane.main(function* (_wait, s) {
          ({ signal } = s);
          s.go(() => 1);
          s.go(lane.inside(s, function* (inner) { yield* inner(end.receiving()); }));
        }));
        await settle();
        expect(signal?.aborted).to.equal(false);
        await end.send();
        await ended;
      });

      for (const who of ["the body", "another child"]) {
        for (const [name, make] of Object.entries(places)) {
          it(`S-10: a child fails while ${who} waits in ${name}: that wait is over at once, and the scope fails with the child's error`, async () => {
            const clock = sinon.useFakeTimers();
            const error = new Error("thrown");
            const place = make(lib);
            const met: unknown[] = [];
            let cleanUps = 0;
            const waiting = function* (wait: <T>(what: Place) => Generator<unknown, T>): Generator<unknown, void> {
              try {
                yield* wait(place);
              } catch (caught) {
                met.push(caught);
                throw caught;
              } finally {
                cleanUps++;
              }
            };
            let signal: AbortSignal | undefined;
            const ended = rejectionOf(lib.scope(lane.main(function* (wait, s) {
              ({ signal } = s);
              s.go(lane.inside(s, function* (inner) {
                yield* inner(lib.sleeping(10));
                throw error;
              }));
              if (who === "the body") yield* waiting(wait as never);
              else s.go(lane.inside(s, (inner) => waiting(inner as never)));
            })));
            await clock.tickAsync(10);
            expect(await ended).to.equal(error);
            expect(cleanUps).to.equal(1);
            expect(met).to.have.length(1);
            expectCancelled(lib, met[0], error);
            expect(met[0]).to.equal(signal?.reason);
            expect(place.left()).to.equal(0);
            expect(clock.countTimers()).to.equal(0);
          });
        }
      }

      const [e1, e2] = [new Error("e1"), new Error("e2")];
      const sequences: [name: string, ends: (Error | "ok")[], first: Error | undefined][] = [
        ["none", [], undefined],
        ["ok", ["ok"], undefined],
        ["e1", [e1], e1],
        ["e1, ok", [e1, "ok"], e1],
        ["e1, ok, e2", [e1, "ok", e2], e1],
        ["ok, e1", ["ok", e1], e1],
        ["ok, e2, e1", ["ok", e2, e1], e2],
      ];
      for (const [name, ends, first] of sequences) {
        it(`GR-01: children that end in the order [${name}] give ${first?.message ?? "the body's value"}, after all have ended`, async () => {
          // Each child ends by a foreign promise, so the cancel after the first failure does not change the order.
          const gates = ends.map(() => foreign());
          let over = 0;
          const ended = lib.scope(lane.main(function* (_wait, s) {
            for (const [index, end] of ends.entries()) {
              s.go(async () => {
                await gates[index]?.promise;
                over++;
                if (end !== "ok") throw end;
              });
            }
            return "value";
          }));
          const outcome = ended.then((value) => ({ value, over }), (error: unknown) => ({ error, over }));
          for (const gate of gates) {
            expect(await isPending(outcome)).to.equal(true);
            gate.resolve(undefined);
          }
          expect(await outcome).to.deep.equal(first === undefined ? { value: "value", over: ends.length } : { error: first, over: ends.length });
        });
      }
    });
  }

  it("S-10: a child fails while the body dials: the dial is given up", async () => {
    const error = new Error("thrown");
    let lookups = 0;
    const met: unknown[] = [];
    const ended = scope(async (s) => {
      s.go(async () => {
        while (lookups === 0) await sleep(0);
        throw error;
      });
      await dial({ host: "never.invalid", port: 1, lookup: () => { lookups++; } }).catch((caught: unknown) => {
        met.push(caught);
        throw caught;
      });
    });
    expect(await rejectionOf(ended)).to.equal(error);
    expect(lookups).to.equal(1);
    expect(met[0]).to.have.property("code", "RENDEZVOUS_CANCELLED");
  });

  it("S-06: the body starts in a later microtask, and its children in the order of their start", async () => {
    const log: string[] = [];
    const ended = scope((s) => {
      for (const n of [1, 2, 3]) s.go(() => { log.push(`child ${String(n)}`); });
      log.push("body");
    });
    log.push("called");
    await ended;
    expect(log).to.deep.equal(["called", "body", "child 1", "child 2", "child 3"]);
  });

  it("S-06: tasks lists the children that have not ended", async () => {
    const ch = chan<void>();
    await scope(async (s) => {
      expect(s.tasks).to.deep.equal([]);
      const one = s.go(() => ch.receive());
      const two = s.go(() => ch.receive());
      expect(s.tasks).to.deep.equal([one, two]);
      await ch.send();
      await one;
      expect(s.tasks).to.deep.equal([two]);
      await ch.send();
    });
  });

  it("S-03: the failure of a scoped child is never unhandled, joined or not, and a join rejects with it, too", async () => {
    const error = new Error("thrown");
    let joined: unknown;
    const ended = scope(async (s) => {
      const child = s.go(failing(error));
      joined = await rejectionOf(child);
    }, { onError: "supervise" });
    await ended;
    expect(joined).to.equal(error);
    await scope((s) => { s.go(failing(error)); }, { onError: "supervise" });
    expect(await rejectionOf(scope((s) => { s.go(failing(error)); }))).to.equal(error);
    await microtasks(3);
  });

  it("S-06: misuse of scope rejects: no function as body, a wrong onError, a timeout that is NaN", async () => {
    let ran = 0;
    for (const body of [undefined, null, 7, "text"]) expect(await rejectionOf(scope(body as never))).to.be.instanceOf(TypeError);
    expect(await rejectionOf(scope(() => ran++, { timeout: Number.NaN }))).to.be.instanceOf(RangeError);
    expect(await rejectionOf(scope(() => ran++, { onError: "explode" as never }))).to.be.instanceOf(TypeError);
    expect(ran).to.equal(0);
  });
});
