/** Scopes in scopes: how far a cancel goes, and how far it does not. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import { CancelledError, chan, checkpoint, gather, scope, type ChildTask, type Scope } from "../../../src/node.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { failOnUnhandledRejections, seeded } from "../channels/support.ts";
import { expectCancelled, failing, foreign, implicitLanes, lanes, waitersOn, type Lane } from "./support.ts";

const { setImmediate } = globalThis;

/** A tree of scopes by path: "" the root, "02" the third child of the first child of the root. Each scope waits on a channel of its own. */
class Tree {
  readonly handles = new Map<string, Scope>();
  readonly outcomes = new Map<string, { value: number } | { error: unknown }>();
  readonly gates = new Map<string, ReturnType<Lane["lib"]["chan"]>>();
  readonly #lane: Lane;
  readonly #paths: readonly string[];

  constructor(lane: Lane, paths: readonly string[]) {
    this.#lane = lane;
    this.#paths = paths;
  }

  grow(path = "", parent?: Scope): Promise<number> {
    const lane = this.#lane;
    const gate = lane.lib.chan();
    this.gates.set(path, gate);
    const children = this.#paths.filter((other) => other.length === path.length + 1 && other.startsWith(path));
    const grow = (child: string, s: Scope): Promise<number> => this.grow(child, s);
    const { handles } = this;
    const ended = lane.lib.scope(lane.main(function* (wait, s) {
      handles.set(path, s);
      for (const child of children) s.go(lane.inside(s, function* (inner) { yield* inner(grow(child, s).catch(() => 0)); }));
      yield* wait(gate.receiving());
      return path.length;
    }), parent === undefined ? {} : lane.within(parent));
    void ended.then((value) => this.outcomes.set(path, { value }), (error: unknown) => this.outcomes.set(path, { error }));
    return ended;
  }

  aborted(): string[] {
    return [...this.handles].filter(([, { signal }]) => signal.aborted).map(([path]) => path).toSorted();
  }

  under(path: string): string[] {
    return this.#paths.filter((other) => other.startsWith(path)).toSorted();
  }

  left(): number {
    let left = 0;
    for (const gate of this.gates.values()) left += waitersOn(gate);
    for (const { signal } of this.handles.values()) left += getEventListeners(signal, "abort").length;
    return left;
  }
}

const ternary = ["", "0", "1", "2"].flatMap((first) => (first === "" ? [first] : [first, `${first}0`, `${first}1`, `${first}2`]));

function fourAry(count: number): string[] {
  const paths = [""];
  for (let n = 0; paths.length < count; n++) paths.push(...["0", "1", "2", "3"].map((digit) => `${String(paths[n])}${digit}`));
  return paths.slice(0, count);
}

describe("trees of scopes", () => {
  afterEach(() => { sinon.restore(); });
  failOnUnhandledRejections();

  for (const lane of lanes) {
    const { lib } = lane;
    describe(lane.name, () => {
      it("CX-01: the root is cancelled: the signals of all descendants are aborted before cancel returns, and all end", async () => {
        const tree = new Tree(lane, ternary);
        const reason = { why: "enough" };
        const ended = rejectionOf(tree.grow());
        await settle();
        expect(tree.handles.size).to.equal(13);
        expect(tree.aborted()).to.deep.equal([]);
        tree.handles.get("")?.cancel(reason);
        expect(tree.aborted()).to.deep.equal(tree.under(""));
        expectCancelled(lib, await ended, reason);
        expect(tree.outcomes.size).to.equal(13);
        for (const [path, outcome] of tree.outcomes) expectCancelled(lib, (outcome as { error: unknown }).error, reason, `the outcome of "${path}"`);
        expect(tree.left()).to.equal(0);
      });

      it("CX-01: a scope in the middle is cancelled: its descendants are, too; its parents and siblings are left alone", async () => {
        const tree = new Tree(lane, ternary);
        const reason = { why: "enough" };
        const ended = tree.grow();
        await settle();
        tree.handles.get("1")?.cancel(reason);
        expect(tree.aborted()).to.deep.equal(tree.under("1"));
        await settle();
        expect(tree.aborted()).to.deep.equal(tree.under("1"));
        expect([...tree.outcomes.keys()].toSorted()).to.deep.equal(tree.under("1"));
        for (const [path, outcome] of tree.outcomes) expectCancelled(lib, (outcome as { error: unknown }).error, reason, `the outcome of "${path}"`);
        for (const [path, gate] of tree.gates) expect(gate.trySend("go on"), `a value for "${path}"`).to.equal(!path.startsWith("1"));
        expect(await ended).to.equal(0);
        for (const path of ternary) if (!path.startsWith("1")) expect(tree.outcomes.get(path)).to.deep.equal({ value: path.length });
        expect(tree.left()).to.equal(0);
      });

      it("CX-01: a scope in the middle is cancelled, and the task that awaits it catches the error: all others go on to their values", async () => {
        const inner: Scope[] = [];
        const ch = lib.chan<string>();
        let sibling: ChildTask<string> | undefined;
        const ended = lib.scope(lane.main(function* (wait, root) {
          sibling = root.go(lane.inside(root, function* (own) { return yield* own(ch.receiving()); }));
          const middle = lib.scope(lane.main(function* (within, s) {
            inner.push(s);
            yield* within(lib.scope(lane.main(function* (deep, below) {
              inner.push(below);
              yield* deep(ch.receiving());
            }), lane.within(s)));
          }), lane.within(root));
          middle.catch(() => undefined);
          yield* wait(lib.checkpoint());
          yield* wait(lib.checkpoint());
          inner[0]?.cancel();
          expect(inner.map(({ signal }) => signal.aborted)).to.deep.equal([true, true]);
          expect(root.signal.aborted).to.equal(false);
          yield* wait(ch.sending("for the sibling"));
          return "root";
        }));
        expect(await ended).to.equal("root");
        expect(await sibling).to.equal("for the sibling");
      });

      it("CX-01: a child fails while an inner scope runs: the inner scope is cancelled with the failure as cause, and ends first", async () => {
        const error = new Error("thrown");
        const log: unknown[] = [];
        const ended = lib.scope(lane.main(function* (wait, root) {
          const inner = lib.scope(lane.main(function* (within) { yield* within(lib.never); }), lane.within(root));
          inner.catch((caught: unknown) => log.push((caught as Error).cause));
          yield* wait(lib.checkpoint());
          root.go(failing(error));
          yield* wait(inner);
        }));
        void ended.catch((caught: unknown) => log.push(caught));
        await rejectionOf(ended);
        await settle();
        expect(log).to.deep.equal([error, error]);
      });

      it("CX-04: a scope begun inside a cancelled one is born cancelled", async () => {
        const reason = { why: "enough" };
        let ran = 0;
        const seen: unknown[] = [];
        let met: unknown;
        await lib.scope(lane.main(function* (_wait, s) {
          s.cancel(reason);
          const inner = lib.scope(lane.main(function* (within, born) {
            seen.push(born.cancelled, born.signal.aborted, born.go(() => ran++).state);
            yield* within(lib.sleeping(0));
            seen.push("slept");
          }), lane.within(s));
          inner.catch((error: unknown) => { met = error; });
        }));
        await settle();
        expectCancelled(lib, met, reason);
        expect(ran).to.equal(0);
        if (seen.length > 0) expect(seen).to.deep.equal([true, true, "cancelled"]); // whether its body begins at all is left open
      });

      it("CX-06: a 4-ary tree of 100 scopes, cancelled one by one in random order: all end, and nothing is left", async () => {
        await seeded(async (random) => {
          const paths = fourAry(100);
          for (let round = 0; round < 5; round++) {
            const tree = new Tree(lane, paths);
            tree.grow().catch(() => undefined);
            await settle();
            expect(tree.handles.size).to.equal(100);
            const order = [...paths];
            for (let n = order.length - 1; n > 0; n--) {
              const other = random(n + 1);
              [order[n], order[other]] = [order[other] as string, order[n] as string];
            }
            for (const path of order) {
              const before = new Set(tree.aborted());
              tree.handles.get(path)?.cancel(path);
              expect(tree.under(path).filter((below) => tree.handles.get(below)?.signal.aborted !== true), `under "${path}"`).to.deep.equal([]);
              expect(tree.aborted().filter((each) => !before.has(each) && !each.startsWith(path)), `beside "${path}"`).to.deep.equal([]);
              if (random(10) === 0) await settle();
            }
            await settle();
            expect(tree.outcomes.size).to.equal(100);
            for (const outcome of tree.outcomes.values()) expect((outcome as { error: unknown }).error).to.be.instanceOf(lib.CancelledError);
            expect(tree.left()).to.equal(0);
          }
        });
      });
    });
  }

  for (const lane of implicitLanes) {
    const { lib } = lane;
    it(`CX-06: ${lane.name}: thirty nested scopes, timeouts and shields, a random layer cancelled: a shield ignores what comes from outside, all end`, async () => {
      const clock = sinon.useFakeTimers();
      const seen = { reached: 0, shielded: 0 };
      await seeded(async (random) => {
        for (let round = 0; round < 60; round++) {
          const kinds = Array.from({ length: 30 }, () => (["scope", "timeout", "scope", "timeout", "scope", "shield"] as const)[random(6)] as "scope" | "timeout" | "shield");
          const handles: (Scope | undefined)[] = kinds.map(() => undefined);
          const ch = lib.chan<string>();
          const nest = (layer: number): Promise<string> => {
            const own = lane.main(function* (wait, s) {
              handles[layer] = s;
              if (layer + 1 < kinds.length) return yield* wait(nest(layer + 1));
              return yield* wait(ch.receiving());
            });
            if (kinds[layer] === "scope") return lib.scope(own);
            if (kinds[layer] === "timeout") return lib.timeout(1e6, own);
            return lib.shield(lane.inside(undefined as never, (wait) => (layer + 1 < kinds.length ? wait(nest(layer + 1)) : wait(ch.receiving()))));
          };
          const ended = nest(0);
          const outcome = ended.then((value) => ({ value }), (error: unknown) => ({ error }));
          await settle();
          let cancelled = random(kinds.length);
          while (kinds[cancelled] === "shield") cancelled = (cancelled + 1) % kinds.length;
          handles[cancelled]?.cancel(round);
          const shield = kinds.indexOf("shield", cancelled);
          const note = `${kinds.join()} at ${String(cancelled)}`;
          const end = shield < 0 ? kinds.length : shield;
          for (const [layer, handle] of handles.entries()) {
            if (handle !== undefined) expect(handle.signal.aborted, `layer ${String(layer)} of ${note}`).to.equal(layer >= cancelled && layer < end);
          }
          if (shield >= 0) {
            seen.shielded++;
            expect(await isPending(ended), note).to.equal(true);
            expect(ch.trySend("done"), note).to.equal(true);
          } else {
            seen.reached++;
            expect(ch.trySend("late"), note).to.equal(false);
          }
          const result = await outcome;
          // What the shield gave is the value of the cancelled layer, if that waits for the shield itself.
          if (shield === cancelled + 1) expect(result, note).to.deep.equal({ value: "done" });
          else expectCancelled(lib, (result as { error: unknown }).error, round, note);
          expect(clock.countTimers(), note).to.equal(0);
          expect(waitersOn(ch), note).to.equal(0);
        }
      });
      expect(seen.reached).to.be.greaterThan(5);
      expect(seen.shielded).to.be.greaterThan(5);
    });
  }

  // A hundred of them are looked at, ten of each thousand.
  for (const [which, looksAt] of [["", 90], [", the last thousand neither", 100]] as const) {
    it(`CX-04: ten thousand children one after another leave no reference, no listener and no warning${which}`, async () => {
      const warnings: Error[] = [];
      const warned = (warning: Error): void => { warnings.push(warning); };
      process.on("warning", warned);
      const ended: WeakRef<object>[] = [];
      await scope(async (s) => {
        const { signal } = s;
        for (let n = 0; n < 10_000; n++) {
          const child = s.go(async () => { await checkpoint({ signal }); });
          if (n % 100 === 0) ended.push(new WeakRef(child));
          if (n % 1000 === 999) await Promise.all(s.tasks);
        }
        expect(s.tasks).to.have.length(0);
        expect(getEventListeners(signal, "abort").length).to.be.at.most(1);
        for (let turns = 0; turns < 5; turns++) {
          await new Promise<void>((resolve) => { setImmediate(resolve); });
          globalThis.gc?.();
        }
        expect(ended.slice(0, looksAt).filter((child) => child.deref() !== undefined)).to.have.length(0);
      });
      process.removeListener("warning", warned);
      expect(warnings).to.deep.equal([]);
    });
  }

  it("CX-04: ten thousand scopes one after another leave no listener on the signal of the one around them", async () => {
    await scope(async (s) => {
      for (let n = 0; n < 10_000; n++) await scope(() => undefined, { signal: s.signal });
      expect(getEventListeners(s.signal, "abort").length).to.equal(0);
    });
  });

  it("law 13: a scope waits for a scope and a gather that were begun in it and not awaited", async () => {
    const gate = foreign();
    const log: string[] = [];
    const ended = scope(() => {
      void scope(async () => {
        await gate.promise;
        log.push("inner scope");
      });
      void gather([async () => {
        await gate.promise;
        log.push("gather");
      }]);
    }).then(() => log.push("outer scope"));
    expect(await isPending(ended)).to.equal(true);
    gate.resolve(undefined);
    await ended;
    expect(log).to.deep.equal(["inner scope", "gather", "outer scope"]);
  });

  it("a cancel of the outer scope from inside the inner one reaches the inner one, too", async () => {
    const ch = chan<number>();
    let met: unknown;
    await scope(async (outer) => {
      await scope(async () => {
        outer.cancel("enough");
        await ch.receive();
      }).catch((error: unknown) => { met = error; });
    });
    expect(met).to.be.instanceOf(CancelledError).with.property("cause", "enough");
    expect(ch.trySend(1)).to.equal(false);
  });
});
