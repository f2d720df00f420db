/** Which waits a cancel reaches, when, and what it leaves behind. */
import { expect } from "chai";
import sinon from "sinon";
import * as node from "../../../src/node.ts";
import {
  attempting, calls, chan, checkpoint, gather, go, openScope, perform, poll, race, scope, select, settling, shield, sleep, sleeping, timeout,
  trySelect, type Channel, type ChildTask, type Scope,
} from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { failOnUnhandledRejections, microtasks } from "../channels/support.ts";
import { expectCancelled, expectTimeout, foreign, implicitLanes, lanes, places } from "./support.ts";

describe("cancelling", () => {
  afterEach(() => { sinon.restore(); });
  failOnUnhandledRejections();

  for (const lane of implicitLanes) {
    const { lib } = lane;
    const reason = { why: "enough" };

    describe(lane.name, () => {
      it("S-19: a child's cancel ends that child only: the scope and its other children go on", async () => {
        const ch = lib.chan<number>();
        let cancelled: ChildTask<number> | undefined;
        const ended = lib.scope(lane.main(function* (wait, s) {
          cancelled = s.go(lane.inside(s, function* (inner) { return yield* inner(ch.receiving()); }));
          const other = s.go(lane.inside(s, function* (inner) { return yield* inner(ch.receiving()); }));
          yield* wait(lib.checkpoint());
          cancelled.cancel(reason);
          yield* wait(ch.sending(7));
          expect(s.cancelled).to.equal(false);
          expect(s.signal.aborted).to.equal(false);
          return yield* wait(other.joining());
        }));
        expect(await ended).to.equal(7);
        expect(cancelled?.state).to.equal("cancelled");
        expectCancelled(lib, await rejectionOf((cancelled as ChildTask<number>).join()), reason);
        const result = await (cancelled as ChildTask<number>).result();
        expect(result.status).to.equal("rejected");
        expectCancelled(lib, (result as PromiseRejectedResult).reason, reason);
      });

      it("S-19: a body that joins a cancelled child and does not catch the error fails with it", async () => {
        const error = await rejectionOf(lib.scope(lane.main(function* (wait, s) {
          const child = s.go(lane.inside(s, function* (inner) { yield* inner(lib.never); }));
          child.cancel(reason);
          yield* wait(child.joining());
        })));
        expectCancelled(lib, error, reason);
      });

      it("S-21: cancelled before its start, a child's body never runs", async () => {
        let ran = 0;
        let child: ChildTask<void> | undefined;
        await lib.scope(lane.main(function* (_wait, s) {
          child = s.go(lane.inside(s, function* () { ran++; }));
          expect(child.state).to.equal("pending");
          child.cancel(reason);
          expect(child.state).to.equal("cancelled");
        }));
        expectCancelled(lib, await rejectionOf((child as ChildTask<void>).join()), reason);
        expect(ran).to.equal(0);
        expect(child?.state).to.equal("cancelled");
      });

      it("S-22: a second cancel has no effect: the first reason stays, for a child and for a scope", async () => {
        const met: unknown[] = [];
        const ended = lib.scope(lane.main(function* (wait, s) {
          const child = s.go(lane.inside(s, function* (inner) { yield* inner(lib.never); }));
          yield* wait(lib.checkpoint());
          child.cancel(reason);
          child.cancel("second");
          met.push(yield* wait(rejectionOf(child)));
          s.cancel(reason);
          const first = s.signal.reason as unknown;
          s.cancel("second");
          expect(s.signal.reason).to.equal(first);
          yield* wait(lib.never);
        }));
        expectCancelled(lib, await rejectionOf(ended), reason);
        expectCancelled(lib, met[0], reason);
      });

      it("S-22: a cancel after the end has no effect", async () => {
        let child: ChildTask<number> | undefined;
        let handle: Scope | undefined;
        const value = await lib.scope(lane.main(function* (wait, s) {
          handle = s;
          child = s.go(() => 1);
          const got = yield* wait(child.joining());
          child.cancel(reason);
          return got;
        }));
        handle?.cancel(reason);
        child?.cancel(reason);
        await settle();
        expect(value).to.equal(1);
        expect(child?.state).to.equal("done");
        expect(await child).to.equal(1);
      });

      it("S-23: a task that cancels itself goes on up to its next operation", async () => {
        const log: unknown[] = [];
        const ch = lib.chan<number>(1);
        let self: ChildTask<void> | undefined;
        const value = await lib.scope(lane.main(function* (wait, s) {
          self = s.go(lane.inside(s, function* (inner) {
            try {
              self?.cancel(reason);
              log.push("goes on");
              yield* inner(ch.sending(1)); // there is room
              log.push("sent");
            } finally {
              log.push("cleaned up");
            }
          }));
          const how = yield* wait(self.result());
          return how.status;
        }));
        expect(value).to.equal("rejected");
        expect(log).to.deep.equal(["goes on", "cleaned up"]);
        expect(ch.size).to.equal(0);
        expect(self?.state).to.equal("cancelled");
      });

      for (const [name, make] of Object.entries(places)) {
        it(`law 4, law 5: a task that waits in ${name} has left the line before cancel returns`, async () => {
          const clock = sinon.useFakeTimers();
          for (const whole of [false, true]) {
            const place = make(lib);
            let left: number | undefined;
            const ended = lib.scope(lane.main(function* (wait, s) {
              const child = s.go(lane.inside(s, function* (inner) { yield* inner(place); }));
              yield* wait(lib.checkpoint());
              yield* wait(lib.checkpoint());
              if (whole) s.cancel(reason);
              else child.cancel(reason);
              left = place.left() + clock.countTimers();
              return "value";
            }));
            expect(await ended).to.equal("value");
            expect(left).to.equal(0);
          }
        });
      }

      it("S-30: a select that waits on three channels is cancelled: it leaves all three lines at once, the others there are served in order", async () => {
        const channels = [0, 1, 2].map(() => lib.chan<number>());
        const log: string[] = [];
        await lib.scope(lane.main(function* (wait, s) {
          const others = (name: string): void => {
            for (const [n, ch] of channels.entries()) {
              s.go(lane.inside(s, function* (inner) { log.push(`${name} ${String(n)} got ${String(yield* inner(ch.receiving()))}`); }));
            }
          };
          others("before");
          yield* wait(lib.checkpoint());
          const selecting = s.go(lane.inside(s, function* (inner) {
            yield* inner(lib.selecting(channels.map((ch) => ch.receiving())));
            log.push("selected");
          }));
          yield* wait(lib.checkpoint());
          others("after");
          yield* wait(lib.checkpoint());
          selecting.cancel(reason);
          for (const [n, ch] of channels.entries()) {
            expect(ch.trySend(10 + n)).to.equal(true);
            expect(ch.trySend(20 + n)).to.equal(true);
            expect(ch.trySend(30 + n)).to.equal(false);
          }
        }));
        expect(log.toSorted()).to.deep.equal(["after 0 got 20", "after 1 got 21", "after 2 got 22", "before 0 got 10", "before 1 got 11", "before 2 got 12"]);
      });

      for (const [name, operation] of Object.entries({
        "receive": (ch: Channel<number>) => ch.receiving(),
        "next": (ch: Channel<number>) => ch.nexting().map((result) => result.value),
        "select": (ch: Channel<number>) => lib.selecting({ a: ch.receiving(), b: lib.never, c: lib.sleeping(1e6) }).map((selected) => selected.value),
      })) {
        it(`S-31: a ${name} has happened, then its task is cancelled in the same turn: the value is kept, the next operation rejects with the cancel`, async () => {
          const ch = lib.chan<number>();
          const got: unknown[] = [];
          let child: ChildTask<void> | undefined;
          await lib.scope(lane.main(function* (wait, s) {
            child = s.go(lane.inside(s, function* (inner) {
              got.push(yield* inner(operation(ch)));
              got.push(yield* inner(operation(ch)));
            }));
            yield* wait(lib.checkpoint());
            yield* wait(lib.checkpoint());
            expect(ch.trySend(7)).to.equal(true);
            child.cancel(reason);
            expect(ch.trySend(8)).to.equal(false);
          }));
          expect(got).to.deep.equal([7]);
          expect(ch.trySend(8)).to.equal(false);
          expectCancelled(lib, await rejectionOf((child as ChildTask<void>).join()), reason);
        });
      }

      it("S-31: a send that has been received, then cancelled in the same turn, has been sent", async () => {
        const ch = lib.chan<number>();
        const log: string[] = [];
        await lib.scope(lane.main(function* (wait, s) {
          const child = s.go(lane.inside(s, function* (inner) {
            yield* inner(ch.sending(7));
            log.push("sent");
          }));
          yield* wait(lib.checkpoint());
          expect(ch.tryReceive()).to.deep.equal({ done: false, value: 7 });
          child.cancel(reason);
        }));
        expect(log).to.deep.equal(["sent"]);
      });

      it("S-56: when the task that awaits a gather is cancelled, all its thunks are, too, and those that have not begun never begin", async () => {
        const ch = lib.chan<number>();
        const log: string[] = [];
        let child: ChildTask<unknown> | undefined;
        const thunk = (s: Scope, name: string) => lane.inside(s, function* (inner) {
          log.push(`${name} begins`);
          try {
            yield* inner(ch.receiving());
          } finally {
            log.push(`${name} ends`);
          }
        });
        await lib.scope(lane.main(function* (wait, s) {
          child = s.go(lane.inside(s, function* (inner) {
            return yield* inner(lib.gather([thunk(s, "a"), thunk(s, "b"), thunk(s, "c")], { limit: 2 }));
          }));
          yield* wait(lib.checkpoint());
          yield* wait(lib.checkpoint());
          expect(log).to.deep.equal(["a begins", "b begins"]);
          child.cancel(reason);
          expect(ch.trySend(1)).to.equal(false);
        }));
        expect(log).to.deep.equal(["a begins", "b begins", "a ends", "b ends"]);
        expectCancelled(lib, await rejectionOf((child as ChildTask<unknown>).join()), reason);
      });
    });
  }

  for (const lane of lanes) {
    const { lib } = lane;
    it(`S-24: ${lane.name}: a cancel takes effect after a foreign promise, at the next operation, and the scope waits for it`, async () => {
      const gate = foreign<string>();
      const ch = lib.chan<number>(1);
      const log: unknown[] = [];
      let handle: Scope | undefined;
      const ended = lib.scope(lane.main(function* (_wait, s) {
        handle = s;
        s.go(lane.inside(s, function* (wait) {
          log.push(yield* wait(gate.promise));
          try {
            yield* wait(ch.sending(1)); // there is room
          } catch (error) {
            log.push(error);
          }
        }));
        return "value";
      }));
      await settle();
      handle?.cancel("enough");
      expect(await isPending(ended)).to.equal(true);
      expect(log).to.deep.equal([]);
      gate.resolve("settled");
      expect(await ended).to.equal("value");
      expect(log).to.deep.equal(["settled", handle?.signal.reason]);
      expect(ch.size).to.equal(0);
    });
  }

  for (const lane of lanes) {
    const { lib } = lane;
    it(`CX-02: ${lane.name}: a reason that was given is the error's cause, also down the tree; without one there is none`, async () => {
      for (const reason of [undefined, null, 0, "text", { an: "object" }, new Error("an error"), new lib.CancelledError("another cancel")]) {
        const met: unknown[] = [];
        const ended = lib.scope(lane.main(function* (wait, root) {
          const waiting = function* (inner: <T>(what: Promise<T>) => Generator<unknown, T>, outer: Scope): Generator<unknown, void> {
            const nested = lib.scope(lane.main(function* (within, s) {
              s.go(lane.inside(s, function* (deep) { yield* deep(lib.never); }));
              yield* within(lib.never);
            }), lane.within(outer));
            nested.catch((error: unknown) => met.push(error));
            yield* inner(nested);
          };
          root.go(lane.inside(root, (inner) => waiting(inner as never, root)));
          yield* wait(lib.checkpoint());
          yield* wait(lib.checkpoint());
          root.cancel(reason);
          yield* wait(lib.never);
        }));
        const error = await rejectionOf(ended);
        expectCancelled(lib, error, reason, "the error of the root");
        expect(met).to.have.length(1);
        expectCancelled(lib, met[0], reason, "the error of the descendant");
      }
    });

    it(`CX-02: ${lane.name}: inside, a timeout is a CancelledError with the TimeoutError as cause; outside it is the TimeoutError`, async () => {
      const clock = sinon.useFakeTimers();
      let inside: unknown;
      const ended = rejectionOf(lib.timeout(10, lane.main(function* (wait, s) {
        try {
          yield* wait(lib.never);
        } finally {
          inside = s.signal.reason;
        }
      })));
      await clock.tickAsync(10);
      const outside = await ended;
      expectTimeout(lib, outside);
      expectCancelled(lib, inside, outside);
      expect((outside as Error).cause).to.equal(undefined);
      expect(clock.countTimers()).to.equal(0);
    });
  }

  describe("what it reaches", () => {
    const verbs: Record<string, () => Promise<unknown>> = {
      "send, with room": () => chan<number>(1).send(1),
      "send": () => chan<number>().send(1),
      "receive, of a value": () => {
        const ch = chan<number>(1);
        ch.trySend(1);
        return ch.receive();
      },
      "receive": () => chan<number>().receive(),
      "next": () => chan<number>().next(),
      "for await": async () => { for await (const _ of chan<number>()) throw new Error("received"); },
      "select": () => select({ a: chan<number>().receiving(), b: sleeping(10) }),
      "perform": () => perform(node.always(1)),
      "settling": () => perform(settling(Promise.resolve(1))),
      "attempting": () => perform(attempting(() => Promise.resolve(1))),
      "sleep": () => sleep(10),
      "sleep(0)": () => sleep(0),
      "checkpoint": () => checkpoint(),
      "join": () => go(() => 1).join(),
      "gather": () => gather([() => 1]),
      "race": () => race([() => 1]),
      "scope": () => scope(() => sleep(10)),
      "timeout": () => timeout(1000, () => sleep(10)),
      "call": () => calls<number, number>().client.call(1),
      "accept": () => calls<number, number>().server.accept(),
    };
    for (const [name, verb] of Object.entries(verbs)) {
      it(`S-26: in a cancelled task ${name} rejects with the one error of the cancel, each time`, async () => {
        const clock = sinon.useFakeTimers();
        const met: unknown[] = [];
        const reason = { why: "enough" };
        let own: unknown;
        const ended = scope(async (s) => {
          s.cancel(reason);
          own = s.signal.reason;
          met.push(await rejectionOf(verb()), await rejectionOf(verb()));
          await shield(async () => { await checkpoint(); });
          met.push(await rejectionOf(verb()));
        });
        await clock.tickAsync(10);
        await ended;
        for (const error of met) expectCancelled(node, error, reason);
        if (!["scope", "timeout"].includes(name)) expect(met).to.deep.equal([own, own, own]); // those have a cancel of their own
        await settle();
        expect(clock.countTimers()).to.equal(0);
      });
    }

    it("S-26: synchronous forms still work in a cancelled task", async () => {
      await scope((s) => {
        s.cancel("enough");
        const ch = chan<number>(2);
        expect(ch.trySend(1)).to.equal(true);
        expect(poll(ch.sending(2))).to.deep.equal({ value: undefined });
        expect(ch.tryReceive()).to.deep.equal({ done: false, value: 1 });
        expect(trySelect({ a: ch.receiving() })).to.deep.equal({ case: "a", value: 2 });
        expect(ch.close()).to.equal(true);
      });
    });

    it("S-26: an operation that is cancelled in a cancelled task changes nothing", async () => {
      const [full, room] = [chan<number>(1), chan<number>(1)];
      full.trySend(1);
      await scope(async (s) => {
        s.cancel("enough");
        await rejectionOf(full.receive());
        await rejectionOf(room.send(1));
        await rejectionOf(select({ a: full.receiving(), b: room.sending(1) }));
      });
      expect(full.size).to.equal(1);
      expect(room.size).to.equal(0);
    });

    it("a wait in a function that knows nothing of the scope, behind foreign promises, timers and callbacks", async () => {
      const ch = chan<number>();
      const reason = { why: "enough" };
      const { setImmediate, setTimeout } = globalThis;
      const deep = async (): Promise<number> => {
        await null;
        await new Promise<void>((resolve) => { setTimeout(resolve, 0); });
        return new Promise<void>((resolve) => { setImmediate(resolve); }).then(() => ch.receive());
      };
      let met: unknown;
      const ended = scope(async (s) => {
        s.go(async () => {
          await Promise.all([deep(), deep()]).catch((error: unknown) => {
            met = error;
            throw error;
          });
        });
        while (ch.receivers.first === undefined) await sleep(0);
        s.cancel(reason);
        expect(ch.trySend(1)).to.equal(false);
      });
      await ended;
      expectCancelled(node, met, reason);
    });

    it("a free task is nobody's child: no cancel reaches it, wherever it was started", async () => {
      const ch = chan<number>();
      let free: PromiseLike<number> | undefined;
      await scope(async (s) => {
        free = go(async () => {
          await null;
          return ch.receive();
        });
        await checkpoint();
        s.cancel("enough");
      });
      expect(ch.trySend(1)).to.equal(true);
      expect(await free).to.equal(1);
    });

    it("all waits that a cancel reaches reject with one error, the reason of the signal; another cancel has another error", async () => {
      const met: unknown[] = [];
      const note = (error: unknown): void => { met.push(error); };
      const cancelled = async (): Promise<unknown> => {
        let reason: unknown;
        await scope(async (s) => {
          for (let n = 0; n < 3; n++) s.go(() => sleep(1e6).catch(note));
          await checkpoint();
          s.cancel();
          reason = s.signal.reason;
        });
        return reason;
      };
      const first = await cancelled();
      const second = await cancelled();
      expect(first).not.to.equal(second);
      expect(met).to.have.length(6);
      for (const [n, error] of met.entries()) expect(error).to.equal(n < 3 ? first : second);
    });

    it("a signal created after the cancel is aborted, too, and is the same one each time", async () => {
      await scope((s) => {
        s.cancel("enough");
        expect(s.cancelled).to.equal(true);
        expect(s.signal.aborted).to.equal(true);
        expect(s.signal).to.equal(s.signal);
        expectCancelled(node, s.signal.reason, "enough");
      });
    });

    it("listeners of the signal run within cancel, and an error of theirs does not disturb it", async () => {
      const log: string[] = [];
      await scope(async (s) => {
        s.signal.addEventListener("abort", () => log.push("aborted"));
        s.go(() => sleep(1e6));
        await checkpoint();
        s.cancel();
        log.push("returned");
      });
      expect(log).to.deep.equal(["aborted", "returned"]);
    });

    it("law 7: cancel runs no code of the cancelled task in the caller's stack", async () => {
      const log: string[] = [];
      await scope(async (s) => {
        s.go(async () => {
          try {
            await sleep(1e6);
          } finally {
            log.push("async cleans up");
          }
        });
        s.go(function* () {
          try {
            yield* sleeping(1e6);
          } finally {
            log.push("generator cleans up");
          }
        });
        await checkpoint();
        s.cancel();
        log.push("cancel has returned");
      });
      expect(log[0]).to.equal("cancel has returned");
      expect(log).to.have.length(3);
    });

    it("law 13: ten thousand waiting children are cancelled, and none is left", async () => {
      const ch = chan<number>();
      let ended = 0;
      await scope(async (s) => {
        for (let n = 0; n < 5000; n++) {
          s.go(async () => { await ch.receive().finally(() => ended++); });
          s.go(function* () {
            try {
              yield* ch.receiving();
            } finally {
              ended++;
            }
          });
        }
        await checkpoint();
        s.cancel();
        expect(ch.trySend(1)).to.equal(false);
      });
      expect(ended).to.equal(10_000);
    });

    it("an open scope is cancelled as any other", async () => {
      const s = openScope();
      const child = s.go(() => sleep(1e6));
      await microtasks(5);
      s.cancel("enough");
      expectCancelled(node, await rejectionOf(child), "enough");
      expect(s.cancelled).to.equal(true);
      await s.join().catch(() => undefined);
    });
  });
});
