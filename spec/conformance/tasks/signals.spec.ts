/** Explicit signals: on every waiting verb, and as the whole interface where there is no async context. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon, { type SinonFakeTimers } from "sinon";
import {
  attempting, calls, CancelledError, chan, checkpoint, choose, gather, go, never, openScope, perform, race, scope, select, settling, sleep,
  sleeping,
} from "../../../src/node.ts";
import * as node from "../../../src/node.ts";
import { freshCopy } from "../../support/fresh.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

interface Waiting {
  promise: Promise<unknown>;
  /** Makes the awaited event happen; returns whether a waiter took it, where that can be seen. */
  finish: () => unknown;
  /** Under a fake clock it takes no more than a few promise jobs. */
  brief?: true;
}
interface Options { signal: AbortSignal }

describe("an explicit signal", () => {
  let clock: SinonFakeTimers;
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  /** A verb on a channel that another task serves. */
  const onChannel = (wait: (ch: node.Channel<number>, options: Options) => Promise<unknown>) => (options: Options): Waiting => {
    const ch = chan<number>();
    return { promise: wait(ch, options), finish: () => ch.trySend(1) };
  };
  const later = (): { promise: Promise<number>; finish: () => boolean } => {
    let finish!: () => boolean;
    const promise = new Promise<number>((resolve) => { finish = () => { resolve(1); return false; }; });
    return { promise, finish };
  };
  const takes = async (ms: number): Promise<boolean> => { await clock.tickAsync(ms); return false; };

  const verbs: Record<string, (options: Options) => Waiting> = {
    "receive": onChannel((ch, options) => ch.receive(options)),
    "next": onChannel((ch, options) => ch.next(options)),
    "send": (options) => {
      const ch = chan<number>();
      return { promise: ch.send(1, options), finish: () => ch.tryReceive() !== undefined };
    },
    "perform": onChannel((ch, options) => perform(ch.receiving(), options)),
    "perform of a choice": onChannel((ch, options) => perform(choose(never, ch.receiving()), options)),
    "perform of an attempt": (options) => {
      const { promise, finish } = later();
      return { promise: perform(attempting(() => promise), options), finish };
    },
    "perform of a settling": (options) => {
      const { promise, finish } = later();
      return { promise: perform(settling(promise), options), finish };
    },
    "select": onChannel((ch, options) => select({ a: ch.receiving(), late: sleeping(1000) }, options)),
    "sleep": (options) => ({ promise: sleep(10, options), finish: () => takes(10) }),
    "checkpoint": (options) => ({ promise: checkpoint(options), finish: async () => { await settle(); return false; }, brief: true }),
    "join": (options) => {
      const { promise, finish } = later();
      return { promise: go(() => promise).join(options), finish };
    },
    "gather of thunks": (options) => ({ promise: gather([() => sleep(10), function* () { yield* sleeping(10); }], options), finish: () => takes(10) }),
    "gather of promises": (options) => {
      const { promise, finish } = later();
      return { promise: gather({ a: promise }, options), finish };
    },
    "gather that leaves": (options) => {
      const { promise, finish } = later();
      return { promise: gather([() => promise], { ...options, onError: "leave" }), finish };
    },
    "race": (options) => ({ promise: race([() => sleep(10), function* () { yield* sleeping(20); }], options), finish: () => takes(20) }),
    "race until success": (options) => ({ promise: race([() => sleep(10)], { ...options, until: "success" }), finish: () => takes(10) }),
    "call": (options) => {
      const { client, server } = calls<number, number>();
      return {
        promise: client.call(1, options),
        finish: async () => {
          const accepted = server.accept().then((call) => call.reply(2));
          const waited = !(await isPending(accepted));
          return waited;
        },
      };
    },
    "accept": (options) => {
      const { client, server } = calls<number, number>();
      return {
        promise: server.accept(options).then((call) => call.reply(2)),
        finish: async () => !(await isPending(client.call(1))),
      };
    },
  };

  const places: Record<string, (body: () => Promise<void>) => Promise<void>> = {
    "outside of scopes": (body) => body(),
    "in a scope": (body) => scope(body),
  };

  for (const [place, run] of Object.entries(places)) {
    for (const [verb, begin] of Object.entries(verbs)) {
      it(`S-63: ${verb}, ${place}: aborted before, it rejects with the reason itself, and nothing has happened`, () =>
        run(async () => {
          for (const reason of [new Error("enough"), "enough", null, { why: 1 }]) {
            const giving = new AbortController();
            giving.abort(reason);
            const { promise, finish } = begin({ signal: giving.signal });
            expect(await rejectionOf(promise)).to.equal(reason);
            expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
            expect(await finish()).to.equal(false);
            expect(clock.countTimers()).to.equal(0);
          }
        }));

      it(`S-63: ${verb}, ${place}: aborted meanwhile, it rejects with the reason itself, and leaves no listener, waiter or timer`, () =>
        run(async () => {
          for (const reason of [new Error("enough"), "enough", null, { why: 1 }]) {
            const giving = new AbortController();
            const { promise, finish, brief } = begin({ signal: giving.signal });
            for (let jobs = 0; jobs < 5 && !brief; jobs++) await null;
            expect(getEventListeners(giving.signal, "abort")).to.have.length.greaterThan(0);
            giving.abort(reason);
            expect(await rejectionOf(promise)).to.equal(reason);
            expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
            expect(await finish()).to.equal(false);
            expect(clock.countTimers()).to.equal(0);
          }
        }));

      it(`S-63: ${verb}, ${place}: an abort after it changes nothing, and its listener has gone`, () =>
        run(async () => {
          const giving = new AbortController();
          const unhandled = await unhandledDuring(async () => {
            const { promise, finish } = begin({ signal: giving.signal });
            for (let jobs = 0; jobs < 5; jobs++) await null;
            await finish();
            await promise;
            expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
            giving.abort("too late");
            await settle();
            await promise;
          });
          expect(unhandled).to.deep.equal([]);
        }));
    }
  }

  for (const [name, begin] of Object.entries({
    "scope": (options: Options) => scope(() => chan().receive(), options),
    "scope with a generator body": (options: Options) => scope(function* () { yield* never; }, options),
    "openScope": (options: Options) => {
      const open = openScope(options);
      open.go(() => chan().receive());
      return open.join();
    },
  })) {
    it(`S-63: ${name} is cancelled by its signal, before and during: a CancelledError whose cause is the reason; no listener is left`, async () => {
      for (const before of [true, false]) {
        const reason = { why: "enough" };
        const giving = new AbortController();
        if (before) giving.abort(reason);
        const rejected = rejectionOf(begin({ signal: giving.signal }));
        await settle();
        giving.abort(reason);
        expect(await rejected).to.be.instanceOf(CancelledError).with.property("cause", reason);
        expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
      }
    });
  }

  it("S-63: a scope that has ended has no listener on its signal any more, however it has ended", async () => {
    const giving = new AbortController();
    const { signal } = giving;
    await scope(() => 1, { signal });
    await rejectionOf(scope(() => { throw new Error("thrown"); }, { signal }));
    await scope((s) => { s.cancel(); return 1; }, { signal });
    expect(getEventListeners(signal, "abort")).to.have.length(0);
    giving.abort("too late");
  });
});

describe("without async contexts", () => {
  type Library = typeof import("../../../src/index.ts");
  let browser: Library;
  let clock: SinonFakeTimers;
  before(async () => { browser = await freshCopy(); });
  beforeEach(() => { clock = sinon.useFakeTimers(); });
  afterEach(() => { sinon.restore(); });

  /** What an outcome is, in words that do not depend on the copy of the library. */
  const words = (lib: Library, what: unknown): unknown => {
    if (!(what instanceof Error)) return what;
    const known = (["CancelledError", "TimeoutError", "ClosedError"] as const).filter((name) => what instanceof lib[name]);
    return [what.name, known, known.length > 0 ? words(lib, what.cause) : what.message, lib.suppressedOf(what).map((error) => words(lib, error))];
  };
  const failure = (): never => { throw new Error("failure"); };

  const programs: Record<string, (lib: Library, log: (line: unknown) => void) => Promise<unknown>> = {
    "a child fails while others wait in every verb": (lib, log) =>
      lib.scope((s) => {
        const { signal } = s;
        const waits: Record<string, () => Promise<unknown>> = {
          receive: () => lib.chan().receive({ signal }),
          next: () => lib.chan().next({ signal }),
          send: () => lib.chan().send(1, { signal }),
          select: () => lib.select({ a: lib.chan().receiving(), b: lib.sleeping(1e6) }, { signal }),
          sleep: () => lib.sleep(1e6, { signal }),
          join: () => lib.go(() => new Promise(() => undefined)).join({ signal }),
          gather: () => lib.gather([new Promise(() => undefined)], { signal }),
          call: () => lib.calls().client.call(1, { signal }),
          accept: () => lib.calls().server.accept({ signal }),
          perform: () => lib.perform(lib.never, { signal }),
        };
        for (const [name, wait] of Object.entries(waits)) {
          s.go(async () => {
            try {
              await wait();
            } catch (error) {
              log([name, error, error === signal.reason, await wait().catch((again: unknown) => again === error)]);
              throw error;
            }
          });
        }
        s.go(async () => { await lib.sleep(10, { signal }); failure(); });
      }),
    "its own cancel, with a value and without": async (lib, log) => {
      log(await lib.scope(async (s) => {
        s.go(() => lib.chan().receive({ signal: s.signal }));
        await lib.sleep(5, { signal: s.signal });
        s.cancel("enough");
        return "value";
      }));
      return lib.scope(async (s) => {
        s.cancel("enough");
        await lib.sleep(5, { signal: s.signal });
      });
    },
    "a timeout, of each kind of body": async (lib, log) => {
      for (const body of [
        (s: node.Scope) => lib.chan().receive({ signal: s.signal }),
        async (s: node.Scope) => { await lib.sleep(1000, s); },
        function* () { try { yield* lib.never; } finally { log("finally"); } },
      ]) log(await lib.timeout(10, body as () => Promise<unknown>).catch((error: unknown) => error));
      return lib.timeout(10, (s) => lib.sleep(5, s).then(() => "value"));
    },
    "nested scopes with deadlines": (lib, log) =>
      lib.scope(
        async (outer) => {
          log(await lib.scope((s) => lib.sleep(1000, s), { timeout: 5, signal: outer.signal }).catch((error: unknown) => error));
          log(await lib.scope((s) => lib.sleep(1000, s), { timeout: 500, signal: outer.signal }).catch((error: unknown) => error));
          await lib.checkpoint(outer);
        },
        { timeout: 20 },
      ),
    "generator tasks, which need no signal": (lib, log) =>
      lib.scope(function* (s) {
        const ch = lib.chan<number>();
        s.go(function* () { try { yield* ch.receiving(); yield* ch.receiving(); } finally { log("child ended"); } });
        yield* ch.sending(1);
        yield* lib.sleeping(5);
        s.go(failure);
        try { yield* lib.never; } finally { log("body ended"); }
      }),
    "gather and race of generator bodies": async (lib, log) => {
      const after = (ms: number, name: string, end: () => unknown = () => name) => function* (): Generator<unknown, unknown> {
        try { yield* lib.sleeping(ms); return end(); } finally { log(`${name} at ${String(Date.now())}`); }
      };
      log(await lib.gather([after(3, "a"), after(1, "b")]));
      log(await lib.gather([after(30, "c"), after(1, "d", failure)]).catch((error: unknown) => error));
      log(await lib.gather({ e: after(1, "e", failure), f: after(2, "f") }, { returnErrors: true }));
      log(await lib.race([after(30, "g"), after(1, "h")]));
      log(await lib.race([after(1, "i", failure), after(2, "j"), after(9, "k")], { until: "success" }));
      return lib.race([after(5, "l", failure), after(7, "m")]);
    },
    "a gather and a race that are given the scope's signal": (lib, log) =>
      lib.scope(async (s) => {
        const waits = function* (): Generator<unknown, void> { try { yield* lib.never; } finally { log("ended"); } };
        const gathered = lib.gather([waits, waits], { signal: s.signal }).catch((error: unknown) => error);
        const raced = lib.race([waits, waits], s).catch((error: unknown) => error);
        await lib.sleep(5, s);
        s.cancel("enough");
        log([await gathered, await raced].map((error) => error === s.signal.reason));
      }),
    "supervise, onError, suppressed errors, defer and use": async (lib, log) => {
      log(await lib.scope((s) => { s.go(failure); return "value"; }, { onError: "supervise" }));
      log(await lib.scope((s) => { s.go(failure); return "value"; }, { onError: (error) => { log(error); } }));
      return lib.scope((s) => {
        s.defer(() => { log("first deferred"); });
        s.use({ [Symbol.dispose]: () => { log("disposed"); } });
        s.defer(async () => { await lib.sleep(1); failure(); });
        s.go(async () => { try { await lib.sleep(1000, s); } finally { failure(); } });
        s.go(failure);
      });
    },
    "a shield": (lib, log) =>
      lib.scope(async (s) => {
        s.go(async () => {
          try {
            await lib.sleep(1000, s);
          } finally {
            await lib.shield(() => lib.sleep(10));
            log(`cleaned up at ${String(Date.now())}`);
          }
        });
        await lib.sleep(5, s);
        s.cancel();
        return "value";
      }),
    "cancels of a child, before its start and after": (lib, log) =>
      lib.scope(async (s) => {
        const never = s.go(() => { log("never"); });
        never.cancel("before");
        const child = s.go(function* () { try { yield* lib.never; } finally { log("unwound"); } });
        await lib.sleep(1, s);
        child.cancel("during");
        log([await never.result(), await child.result()].map((result) => [result.status, result.status === "rejected" && words(lib, result.reason)]));
        return [never.state, child.state, s.cancelled];
      }),
    "an API that takes a signal": (lib, log) =>
      lib.scope(async (s) => {
        s.go(() => new Promise((_resolve, reject) => {
          s.signal.addEventListener("abort", () => { log("aborted"); reject(s.signal.reason as Error); });
        }));
        s.go(() => lib.perform(lib.attempting((signal) => new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => { log("attempt aborted"); reject(signal.reason as Error); });
        })), s));
        await lib.sleep(1, s);
        s.cancel();
        return "value";
      }),
    "an open scope": async (lib, log) => {
      const open = lib.openScope();
      open.go(() => lib.sleep(5, open).then(() => { log("slept"); }));
      await open.join();
      const left = lib.openScope();
      left.go(async () => { try { await lib.sleep(1000, left); } finally { log("cancelled"); } });
      await lib.sleep(1);
      await left[Symbol.asyncDispose]();
    },
  };

  for (const [name, program] of Object.entries(programs)) {
    it(`S-66: ${name}: the same results as with them`, async () => {
      const logOf = async (lib: Library): Promise<unknown[]> => {
        const { now } = Date;
        const start = now();
        Date.now = () => clock.now - start;
        const lines: unknown[] = [];
        const wordsOf = (what: unknown): unknown => (Array.isArray(what) ? what.map(wordsOf) : words(lib, what));
        const outcome = program(lib, (line) => { lines.push(wordsOf(line)); }).then(
          (value) => lines.push(["fulfilled", value]),
          (error: unknown) => lines.push(["rejected", words(lib, error)]),
        );
        await clock.tickAsync(2000);
        expect(await isPending(outcome), JSON.stringify(lines)).to.equal(false);
        expect(clock.countTimers()).to.equal(0);
        Date.now = now;
        return lines;
      };
      const [without, within] = [await logOf(browser), await logOf(node)];
      expect(without.length).to.be.greaterThan(1);
      expect(without).to.deep.equal(within);
    });
  }
});
