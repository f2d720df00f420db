/** Coroutines: a generator as one side of a conversation. Conformance list, CC-10, for generators and async generators alike. */
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import { ClosedError, coroutine, type Coroutine } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

type Body<Out, Ret, In> = () => Generator<Out, Ret, In>;
type Lane = <Out, Ret, In>(body: Body<Out, Ret, In>) => Coroutine<In, Out, Ret>;

/** The same body as a generator, and as an async generator that takes its time before and after each of its yields. */
const lanes: Record<string, Lane> = {
  "generator": (body) => coroutine(body),
  "async generator": <Out, Ret, In>(body: Body<Out, Ret, In>) => coroutine(async function* (): AsyncGenerator<Out, Ret, In> {
    const inner = body();
    let how: "next" | "throw" | "return" = "next";
    let sent: unknown = undefined;
    let left = true;
    for (;;) {
      await null;
      const step: IteratorResult<Out, Ret> = how === "next" ? inner.next(sent as In) : inner[how](sent as Ret);
      if (step.done === true) return step.value;
      await null;
      left = true;
      try {
        sent = yield step.value;
        how = "next";
        left = false;
      } catch (error) {
        sent = error;
        how = "throw";
        left = false;
      } finally {
        // Reached by `return()`: the body inside is ended, too.
        if (left) inner.return(undefined as Ret);
      }
    }
  }),
};

/** Adds up the values it receives, and logs what happens to it. */
function* adding(log: string[]): Generator<number, string, number> {
  let sum = 0;
  log.push("started");
  try {
    for (;;) {
      try {
        const n = yield sum;
        log.push(`got ${n}`);
        if (n < 0) return `total ${sum}`;
        sum += n;
      } catch (error) {
        log.push(`caught ${(error as Error).message}`);
        sum = 0;
      }
    }
  } finally {
    log.push("finally");
  }
}

for (const [lane, talkWith] of Object.entries(lanes)) {
  describe(`coroutine of a ${lane}`, () => {
    it("CC-10 (a), coroutine.ts 1: it is primed by itself, in a later microtask; `first` is the first yielded value, whenever it is read", async () => {
      const log: string[] = [];
      const sum = talkWith(() => adding(log));
      expect(log).to.deep.equal([]);
      await settle();
      expect(log).to.deep.equal(["started"]);
      expect(await sum.first).to.equal(0);
      expect(await sum.call(5)).to.equal(5);
      expect(await sum.first).to.equal(0);
      expect(sum.first).to.equal(sum.first);
      sum.close();
    });

    it("CC-10 (b), coroutine.ts 2: call gives the next yielded value, and calls made at once are served in order", async () => {
      const log: string[] = [];
      const sum = talkWith(() => adding(log));
      expect(await Promise.all([1, 2, 3, 4].map((n) => sum.call(n)))).to.deep.equal([1, 3, 6, 10]);
      expect(await sum.call(5)).to.equal(15);
      expect(log).to.deep.equal(["started", "got 1", "got 2", "got 3", "got 4", "got 5"]);
      sum.close();
    });

    it("CC-10 (c) throw raises at the yield; caught there, it is answered by the next value", async () => {
      const log: string[] = [];
      const sum = talkWith(() => adding(log));
      const answers = [sum.call(3), sum.throw(new Error("again")), sum.call(4)];
      expect(await Promise.all(answers)).to.deep.equal([3, 0, 4]);
      expect(log).to.deep.equal(["started", "got 3", "caught again", "got 4"]);
      sum.close();
    });

    it("CC-10 (d) close serves the calls before it, then runs finally, and done fulfils; later calls get a ClosedError", async () => {
      const log: string[] = [];
      const sum = talkWith(() => adding(log));
      const before = [sum.call(1), sum.call(2)];
      sum.close();
      sum.close();
      const after = rejectionOf(sum.call(3));
      expect(await Promise.all(before)).to.deep.equal([1, 3]);
      expect(await sum.done).to.equal(undefined);
      expect(log).to.deep.equal(["started", "got 1", "got 2", "finally"]);
      const error = await after;
      expect(error).to.be.instanceOf(ClosedError);
      expect((error as ClosedError).cause).to.equal(undefined);
      expect(await rejectionOf(sum.throw(new Error("late")))).to.be.instanceOf(ClosedError);
      sum.close();
      expect(log).to.have.length(4);
    });

    it("CC-10 (e), coroutine.ts 3: a body that returns ends the conversation: done gives its value, the call that ended it a ClosedError", async () => {
      const log: string[] = [];
      const sum = talkWith(() => adding(log));
      await sum.call(7);
      expect(await isPending(sum.done)).to.equal(true);
      const ending = rejectionOf(sum.call(-1));
      const later = rejectionOf(sum.call(1));
      expect(await ending).to.be.instanceOf(ClosedError);
      expect(await later).to.be.instanceOf(ClosedError);
      expect(await sum.done).to.equal("total 7");
      expect(await rejectionOf(sum.call(1))).to.be.instanceOf(ClosedError);
      sum.close();
      expect(await sum.done).to.equal("total 7");
      expect(log.at(-1)).to.equal("finally");
    });

    it("CC-10 (f) a body that throws: its caller gets that very error, later ones a ClosedError with it as cause, done rejects", async () => {
      const boom = new Error("boom");
      const failing = talkWith<number, void, number>(function* () {
        yield 1;
        throw boom;
      });
      const reasons = await unhandledDuring(async () => {
        const ending = rejectionOf(failing.call(1));
        const later = rejectionOf(failing.call(2));
        expect(await ending).to.equal(boom);
        for (const error of [await later, await rejectionOf(failing.call(3)), await rejectionOf(failing.throw("late"))]) {
          expect(error).to.be.instanceOf(ClosedError);
          expect((error as ClosedError).cause).to.equal(boom);
        }
        failing.close();
      });
      expect(reasons).to.deep.equal([]);
      expect(await rejectionOf(failing.done)).to.equal(boom);
    });

    it("CC-10 (g) an error raised by throw that the body lets pass comes back to its caller, the very object", async () => {
      const raised = new Error("raised");
      const log: string[] = [];
      const talk = talkWith<number, void, number>(function* () {
        try {
          for (;;) yield 1;
        } finally {
          log.push("finally");
        }
      });
      expect(await rejectionOf(talk.throw(raised))).to.equal(raised);
      expect(await rejectionOf(talk.done)).to.equal(raised);
      expect(log).to.deep.equal(["finally"]);
    });

    it("CC-10 (h) a failure is reported once: by the call that nobody awaits, by the priming, or by closing; then done is silent", async () => {
      const boom = new Error("boom");
      const inCall = talkWith<number, void, number>(function* () {
        yield 1;
        throw boom;
      });
      expect(await unhandledDuring(() => { void inCall.call(1); })).to.deep.equal([boom]);

      const priming = (): Coroutine<number, number, number> => talkWith<number, number, number>(function* () {
        if (boom.message !== "") throw boom;
        return yield 1;
      });
      expect(await unhandledDuring(() => { priming(); })).to.deep.equal([boom]);
      expect(await unhandledDuring(() => { void priming().first; })).to.deep.equal([boom]);
      expect(await unhandledDuring(async () => { await rejectionOf(priming().first); })).to.deep.equal([]);
      expect(await unhandledDuring(async () => { await rejectionOf(priming().done); })).to.deep.equal([]);
      expect(await unhandledDuring(async () => {
        const error = await rejectionOf(priming().call(1));
        expect(error).to.be.instanceOf(ClosedError);
        expect((error as ClosedError).cause).to.equal(boom);
      })).to.deep.equal([]);

      const closing = (): Coroutine<number, number, void> => talkWith<number, void, number>(function* () {
        try {
          yield 1;
        } finally {
          throw boom;
        }
      });
      expect(await unhandledDuring(() => { closing().close(); })).to.deep.equal([boom]);
      expect(await unhandledDuring(async () => {
        const talk = closing();
        talk.close();
        expect(await rejectionOf(talk.done)).to.equal(boom);
      })).to.deep.equal([]);
    });

    it("CC-10 (i) a call that nobody awaits, made after the end, is also reported", async () => {
      const sum = talkWith(() => adding([]));
      sum.close();
      const reasons = await unhandledDuring(() => { void sum.call(1); });
      expect(reasons).to.have.length(1);
      expect(reasons[0]).to.be.instanceOf(ClosedError);
      expect(await unhandledDuring(async () => { await rejectionOf(sum.call(1)); })).to.deep.equal([]);
    });

    it("CC-10 (j) a body that ends before its first yield: done has its value, first and every call a ClosedError", async () => {
      const empty = talkWith<number, string, number>(function* () {
        return "at once";
      });
      expect(await empty.done).to.equal("at once");
      expect(await rejectionOf(empty.first)).to.be.instanceOf(ClosedError);
      expect(await rejectionOf(empty.call(1))).to.be.instanceOf(ClosedError);
      const unasked = await unhandledDuring(() => {
        talkWith<number, string, number>(function* () {
          return "at once";
        });
      });
      expect(unasked).to.deep.equal([]);
    });

    it("CC-10 (k) closed before it has begun, the body starts, and is ended at its first yield", async () => {
      const log: string[] = [];
      const sum = talkWith(() => adding(log));
      sum.close();
      expect(await sum.done).to.equal(undefined);
      expect(log).to.deep.equal(["started", "finally"]);
      expect(await sum.first).to.equal(0);
    });

    it("CC-10 (l) using closes it at the end of the block", async () => {
      const log: string[] = [];
      let done: Promise<unknown>;
      {
        using sum = talkWith(() => adding(log));
        expect(await sum.call(2)).to.equal(2);
        ({ done } = sum);
      }
      expect(await done).to.equal(undefined);
      expect(log.at(-1)).to.equal("finally");
    });

    it("CC-10 (m) every value is a value, in both directions: undefined, null, NaN, an error", async () => {
      const echo = talkWith<unknown, void, unknown>(function* () {
        let answer: unknown;
        for (;;) answer = yield answer;
      });
      for (const value of [undefined, null, Number.NaN, new Error("a value")]) expect(await echo.call(value)).to.deep.equal(value);
      echo.close();
    });

    it("CC-10 (n) 10,000 calls made at once are answered in order, and do not overflow", async function () {
      this.timeout(20_000);
      const sum = talkWith(() => adding([]));
      const answers = await Promise.all(Array.from({ length: 10_000 }, () => sum.call(1)));
      expect(answers).to.deep.equal(Array.from({ length: 10_000 }, (_, index) => index + 1));
      sum.close();
    });
  });
}

describe("coroutine", () => {
  it("CC-10 (o) an async generator may wait between a request and its answer; its calls stay in order", async () => {
    const log: string[] = [];
    const talk = coroutine(async function* (): AsyncGenerator<string, void, number> {
      let answer = "ready";
      for (;;) {
        const n = yield answer;
        log.push(`begin ${n}`);
        for (let jobs = 5 - n; jobs > 0; jobs--) await null;
        log.push(`end ${n}`);
        answer = `answer ${n}`;
      }
    });
    expect(await Promise.all([1, 2, 3].map((n) => talk.call(n)))).to.deep.equal(["answer 1", "answer 2", "answer 3"]);
    expect(log).to.deep.equal([1, 2, 3].flatMap((n) => [`begin ${n}`, `end ${n}`]));
    talk.close();
  });

  it("CC-10 (p) an async generator's finally may wait, and done waits for it", async () => {
    const log: string[] = [];
    const talk = coroutine(async function* (): AsyncGenerator<number, void, number> {
      try {
        yield 1;
      } finally {
        await settle();
        log.push("cleaned up");
      }
    });
    talk.close();
    await talk.done;
    expect(log).to.deep.equal(["cleaned up"]);
  });

  it("CC-10 (q), Messages: coroutine(async () => 1), a body that is no generator: first and done reject with a TypeError that has the cure", async () => {
    for (const body of [() => 1, () => undefined, async () => 1, () => [1]]) {
      const talk = coroutine(body as unknown as () => Generator<number, void, number>);
      const error = await rejectionOf(talk.first);
      expect(error).to.be.instanceOf(TypeError);
      expect((error as TypeError).message).to.include("write function* or async function*");
      expect(await rejectionOf(talk.done)).to.equal(error);
      expect(await rejectionOf(talk.call(1)), "told as it is, at every call").to.equal(error);
      expect(await rejectionOf(talk.throw(new Error("no")))).to.equal(error);
    }
    for (const none of [undefined, 7, (function* () { yield 1; })()]) {
      expect(() => coroutine(none as unknown as () => Generator<number, void, number>)).to.throw(TypeError, "coroutine takes a function, as coroutine(function* () { ... })");
    }
  });

  it("CC-10 (r) a body that yields while it is closed has ignored that: done rejects with a TypeError that names it", async () => {
    const talk = coroutine(function* stubborn(): Generator<number, void, number> {
      try {
        yield 1;
      } finally {
        yield 2;
      }
    });
    talk.close();
    const error = await rejectionOf(talk.done);
    expect(error).to.be.instanceOf(TypeError);
    expect((error as TypeError).message).to.include('"stubborn"');
    expect(await rejectionOf(talk.call(1))).to.be.instanceOf(ClosedError);
  });

  it("CC-10 (s) its messages name the body", async () => {
    const talk = coroutine(function* counter(): Generator<number, void, number> { yield 1; });
    talk.close();
    expect((await rejectionOf(talk.call(1)) as Error).message).to.include('coroutine "counter"');
    const nameless = coroutine((() => function* (): Generator<number, void, number> { yield 1; })());
    nameless.close();
    expect((await rejectionOf(nameless.call(1)) as Error).message).to.include('coroutine "coroutine"');
  });

  it("CC-10 (t) never inside the caller: call, throw and close return before the body goes on", async () => {
    const log: string[] = [];
    const sum = coroutine(() => adding(log));
    await sum.first;
    log.length = 0;
    const answers = [sum.call(1), sum.throw(new Error("raised"))];
    sum.close();
    expect(log).to.deep.equal([]);
    await Promise.all(answers);
    await sum.done;
    expect(log).to.deep.equal(["got 1", "caught raised", "finally"]);
  });

  it("CC-10 (u) it is typed for the other side by its body", () => {
    const talk = coroutine(function* (): Generator<string, boolean, number> {
      const n = yield "first";
      expectTypeOf(n).toEqualTypeOf<number>();
      return n > 0;
    });
    expectTypeOf(talk).toEqualTypeOf<Coroutine<number, string, boolean>>();
    expectTypeOf(talk.first).toEqualTypeOf<Promise<string>>();
    expectTypeOf<typeof talk.call>().parameters.toEqualTypeOf<[number]>();
    expectTypeOf<typeof talk.call>().returns.toEqualTypeOf<Promise<string>>();
    expectTypeOf(talk.done).toEqualTypeOf<Promise<boolean | undefined>>();
    const later = coroutine(async function* (): AsyncGenerator<string, boolean, number> {
      return (yield "first") > 0;
    });
    expectTypeOf(later).toEqualTypeOf<Coroutine<number, string, boolean>>();
    talk.close();
    later.close();
  });
});
