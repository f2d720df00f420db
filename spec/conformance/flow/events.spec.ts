/** What pushes, as flows and as operations: targets, emitters, observables, callbacks. */
import { EventEmitter, getEventListeners } from "node:events";
import { expect } from "chai";
import { from, Observable, Subject } from "rxjs";
import { chan, ClosedError, go, OverflowError, perform, scope, select, sleeping } from "../../../src/node.ts";
import { events, flow, hear, hearing, type Flow } from "../../../src/flow/index.ts";
import { expectNoLeaks } from "../../../src/testing/index.ts";
import { settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";
import { errorOf, settledAs, upTo } from "./support.ts";

const theEnd = { done: true, value: undefined };
const listeners = (em: EventEmitter): number => em.eventNames().reduce((sum, name) => sum + em.listenerCount(name), 0);

/** All values up to the end or the error. */
async function drained(values: Flow<unknown>): Promise<{ values: unknown[]; error?: unknown }> {
  const got: unknown[] = [];
  try {
    for await (const value of values) got.push(value);
    return { values: got };
  } catch (error) {
    return { values: got, error };
  }
}

describe("flows of events", () => {
  it("FL-122 five events of one turn, received later: all five, in order", async () => {
    const em = new EventEmitter();
    const numbers = events<number>(em, "n");
    for (const n of upTo(5)) em.emit("n", n);
    await settle();
    expect(await numbers.take(5).toArray()).to.deep.equal(upTo(5));
  });

  it("FL-122 of two events of one turn a second hear does not get the second", async () => {
    const em = new EventEmitter();
    const first = hear<number>(em, "n");
    em.emit("n", 1);
    em.emit("n", 2);
    expect(await first).to.equal(1);
    const second = hear<number>(em, "n");
    expect(await settledAs(second)).to.equal("pending");
    em.emit("n", 3);
    expect(await second).to.equal(3);
  });

  it("FL-123 it listens from the call on, before anybody receives (events.ts 1)", async () => {
    const target = new EventTarget();
    const messages = events(target, "message");
    expect(getEventListeners(target, "message")).to.have.length(1);
    const sent = new Event("message");
    target.dispatchEvent(sent);
    expect(await messages.receive()).to.equal(sent);
    expect(messages.tryReceive()).to.equal(undefined);
    messages.cancel();
  });

  it("FL-124 beyond the capacity the flow ends, after what was kept, with an OverflowError; the listener is gone at once (events.ts 1, events.ts 2)", async () => {
    const em = new EventEmitter();
    const numbers = events<number>(em, "n", { capacity: 3, name: "numbers" });
    const counts = upTo(5).map((n) => { em.emit("n", n); return listeners(em); });
    expect(counts).to.deep.equal([2, 2, 2, 0, 0]);
    const { values, error } = await drained(numbers);
    expect(values).to.deep.equal([0, 1, 2]);
    expect(error).to.be.instanceOf(OverflowError).with.property("code", "RENDEZVOUS_OVERFLOW");
    expect((error as Error).message).to.match(/"numbers".*3.*capacity or overflow/);
    expect(await errorOf(numbers.receive())).to.equal(error);
  });

  it("FL-124 drop-oldest keeps the last ones, drop-newest the first; each dropped one goes to onDrop", async () => {
    for (const [overflow, kept, dropped] of [["drop-oldest", [2, 3, 4], [0, 1]], ["drop-newest", [0, 1, 2], [3, 4]]] as const) {
      const em = new EventEmitter();
      const lost: number[] = [];
      const numbers = events<number>(em, "n", { capacity: 3, overflow, until: "end", onDrop: (n) => lost.push(n) });
      for (const n of upTo(5)) em.emit("n", n);
      em.emit("end");
      expect(await numbers.toArray(), overflow).to.deep.equal(kept);
      expect(lost, overflow).to.deep.equal(dropped);
    }
  });

  it("FL-124 without a capacity 1,024 are kept", async () => {
    const em = new EventEmitter();
    const numbers = events<number>(em, "n");
    for (const n of upTo(1_024)) em.emit("n", n);
    expect(listeners(em)).to.equal(2);
    em.emit("n", 1_024);
    const { values, error } = await drained(numbers);
    expect(values).to.deep.equal(upTo(1_024));
    expect(error).to.be.instanceOf(OverflowError);
  });

  it("FL-124 with no capacity a waiting receiver gets the value; drop-oldest drops the new one when nobody waits", async () => {
    const em = new EventEmitter();
    const lost: unknown[] = [];
    const numbers = events<number>(em, "n", { capacity: 0, overflow: "drop-oldest", onDrop: (n) => lost.push(n) });
    em.emit("n", 1);
    const next = numbers.receive();
    em.emit("n", 2);
    expect(await next).to.equal(2);
    expect(lost).to.deep.equal([1]);
    numbers.cancel();
  });

  it("FL-124 what is kept goes to onDrop when the flow is cancelled, also what a view has in hand", async () => {
    const em = new EventEmitter();
    const lost: unknown[] = [];
    const numbers = events<number>(em, "n", { onDrop: (n) => lost.push(n) });
    const twice = numbers.flatMap((n) => [n, -n]);
    for (const n of [1, 2, 3]) em.emit("n", n);
    expect(await twice.receive()).to.equal(1);
    numbers.cancel();
    expect(lost).to.include.members([2, 3]);
  });

  const ends: Record<string, (em: EventEmitter, numbers: Flow<number>) => unknown> = {
    "cancel": (_em, numbers) => numbers.cancel(),
    "a break": async (em, numbers) => { em.emit("n", 1); for await (const _ of numbers) break; },
    "an end": (em) => em.emit("end"),
    "an end with a receiver that waits": async (em, numbers) => { const next = numbers.next(); em.emit("end"); await next; },
    "a failure": (em) => em.emit("error", new Error("failed")),
    "an overflow": (em) => { em.emit("n", 1); em.emit("n", 2); em.emit("n", 3); },
    "a throwing value": (em) => em.emit("n", -1),
    "take": async (em, numbers) => { em.emit("n", 1); await numbers.take(1).toArray(); },
  };
  for (const [name, end] of Object.entries(ends)) {
    it(`FL-125 after ${name} no listener is left`, async () => {
      await expectNoLeaks(async () => {
        const em = new EventEmitter();
        const value = (n: number): number => { if (n < 0) throw new Error("negative"); return n; };
        const numbers = events<number>(em, "n", { capacity: 2, until: "end", value });
        expect(listeners(em)).to.equal(3);
        await end(em, numbers);
        expect(listeners(em)).to.equal(0);
        expect(em.eventNames()).to.deep.equal([]);
      });
    });
  }

  it("FL-125 of a target and its until neither", () => {
    const target = new EventTarget();
    const messages = events(target, "message", { until: "close" });
    messages.cancel();
    expect([...getEventListeners(target, "message"), ...getEventListeners(target, "close")]).to.deep.equal([]);
  });

  it("FL-126 an emitter's error comes after the events before it, the very object", async () => {
    const em = new EventEmitter();
    const failure = new Error("failed");
    const numbers = events<number>(em, "n");
    em.emit("n", 1);
    em.emit("error", failure);
    expect(await drained(numbers)).to.deep.equal({ values: [1], error: failure });
    expect(await errorOf(numbers.receive())).to.equal(failure);
  });

  it("FL-126 an error without a reason is an error all the same", async () => {
    const em = new EventEmitter();
    const numbers = events<number>(em, "n");
    em.emit("error");
    expect((await drained(numbers)).error).to.be.instanceOf(Error);
  });

  it("FL-126 an EventTarget's error is an event like any other, and so is an emitter's that was asked for", async () => {
    const target = new EventTarget();
    const messages = events(target, "message", { until: "close" });
    target.dispatchEvent(new Event("error"));
    target.dispatchEvent(new Event("message"));
    target.dispatchEvent(new Event("close"));
    expect(await messages.toArray()).to.have.length(1);

    const em = new EventEmitter();
    const errors = events(em, "error");
    em.emit("error", 1);
    em.emit("error", 2);
    expect(await errors.take(2).toArray()).to.deep.equal([1, 2]);
    expect(listeners(em)).to.equal(0);
  });

  it("FL-127 until ends it after what came before: an event, an operation", async () => {
    const em = new EventEmitter();
    const done = chan<number>();
    const byEvent = events<number>(em, "n", { until: "close" });
    const byOperation = events<number>(em, "n", { until: done.receiving() });
    em.emit("n", 1);
    em.emit("close");
    em.emit("n", 2);
    expect(done.trySend(0)).to.equal(true);
    await settle();
    em.emit("n", 3);
    expect(await byEvent.toArray()).to.deep.equal([1]);
    expect(await byOperation.toArray()).to.deep.equal([1, 2]);
    expect(listeners(em)).to.equal(0);
  });

  it("FL-127 until ends a flow with a receiver that waits", async () => {
    const em = new EventEmitter();
    const done = chan<number>();
    const next = [events(em, "n", { until: "close" }).next(), events(em, "n", { until: done.nexting() }).next()];
    em.emit("close");
    done.close();
    expect(await Promise.all(next)).to.deep.equal([theEnd, theEnd]);
    expect(listeners(em)).to.equal(0);
  });

  it("FL-127 until an operation: performed once, outside of every scope; its failure is the flow's; withdrawn with the flow", async () => {
    const em = new EventEmitter();
    const done = chan<number>();
    let numbers!: Flow<number>;
    await scope(() => { numbers = events<number>(em, "n", { until: done.receiving() }); });
    expect(String(done)).to.match(/1 receiver waits/);
    em.emit("n", 1);
    expect(await numbers.receive()).to.equal(1);
    const failure = new Error("failed");
    done.close(failure);
    expect(await errorOf(numbers.receive())).to.equal(failure);

    const never = chan<number>();
    events(em, "n", { until: never.receiving() }).cancel();
    expect(String(never)).to.not.match(/waits/);
  });

  it("FL-128 value makes the value of all arguments; without it, it is the first", async () => {
    const em = new EventEmitter();
    const exits = events<string>(em, "exit", { value: (code: number, signal: string) => `${String(code)} ${signal}` });
    const codes = events(em, "exit");
    em.emit("exit", 1, "SIGINT");
    expect(await exits.receive()).to.equal("1 SIGINT");
    expect(await codes.receive()).to.equal(1);
    exits.cancel();
    codes.cancel();
  });

  it("FL-128 a value that throws ends the flow with its error, and not the emitter's emit (events.ts 3)", async () => {
    const em = new EventEmitter();
    const failure = new Error("no value");
    const values = events<number>(em, "n", { value: (n: number) => { if (n > 1) throw failure; return n; } });
    em.emit("n", 1);
    em.emit("n", 2);
    expect(await drained(values)).to.deep.equal({ values: [1], error: failure });
  });

  it("FL-132 nothing of ours returns a promise to the emitter", () => {
    const em = new EventEmitter({ captureRejections: true });
    const returned: unknown[] = [];
    const on = em.on.bind(em);
    const noting = (listener: (...args: unknown[]) => unknown) => (...args: unknown[]): void => { returned.push(listener(...args)); };
    em.on = ((name: string, listener: () => unknown) => on(name, noting(listener))) as typeof em.on;
    events(em, "n", { until: "end", value: () => Promise.resolve(1) });
    void hear(em, "n");
    em.emit("n", 1);
    em.emit("end");
    expect(returned).to.deep.equal([undefined, undefined, undefined]);
  });

  it("values pass unchanged: undefined, null, NaN, errors, functions, promises", async () => {
    const em = new EventEmitter();
    const odd = [undefined, null, Number.NaN, new Error("a value"), () => 1, Promise.resolve(1)];
    const values = events(em, "v");
    for (const value of odd) em.emit("v", value);
    for (const value of odd) expect(await values.next()).to.deep.equal({ done: false, value });
    values.cancel();
  });

  it("bad input is refused at the call, with the cure", () => {
    const em = new EventEmitter();
    const wrong: [() => unknown, ErrorConstructor | TypeErrorConstructor, RegExp][] = [
      [() => events(em as never), TypeError, /name the event/],
      [() => events(5 as never), TypeError, /what pushes/],
      [() => events(chan() as never), TypeError, /flow\(x\)/],
      [() => events(5 as never, "x"), TypeError, /events\(emitter, "data"\)/],
      [() => events(new EventTarget(), Symbol("x") as never), TypeError, /strings/],
      [() => events(em, "n", { capacity: -1 }), RangeError, /capacity/],
      [() => events(em, "n", { capacity: 1.5 }), RangeError, /capacity/],
      [() => events(em, "n", { overflow: "wait" as never }), TypeError, /cannot wait/],
      [() => events(em, "n", { value: 5 as never }), TypeError, /value/],
      [() => events(em, "n", { value: async () => Promise.resolve(1) as never }), TypeError, /value/],
      [() => events(em, "n", { onDrop: 5 as never }), TypeError, /onDrop/],
      [() => events(em, "n", { name: 5 as never }), TypeError, /name/],
      [() => events(em, "n", { until: 5 as never }), TypeError, /until/],
      [() => events(() => undefined, { until: "close" }), TypeError, /operation/],
      [() => events(em, "n", { limit: 5 } as never), TypeError, /limit/],
      [() => hearing(5 as never, "x"), TypeError, /hearing\(button, "click"\)/],
      [() => hearing(em, 5 as never), TypeError, /name of an event/],
      [() => hearing(new EventTarget(), Symbol("x")), TypeError, /name of an event/],
    ];
    for (const [call, kind, cure] of wrong) expect(call, String(cure)).to.throw(kind, cure);
    expect(listeners(em)).to.equal(0);
  });

  it("prints its name and how it stands, and the leak check names a flow that was left", async () => {
    const em = new EventEmitter();
    let numbers!: Flow<unknown>;
    const leak: unknown = await expectNoLeaks(() => { numbers = events(em, "numbers"); }).catch((error: unknown) => error);
    expect((leak as Error).message).to.match(/events of "numbers"/);
    expect(String(numbers)).to.equal('Flow "numbers"');
    numbers.cancel();
    expect(String(numbers)).to.equal('Flow "numbers" (cancelled)');
  });
});

describe("hear", () => {
  it("FL-129 twenty that wait have one listener for each name, and get the same event; none is left (hearing.ts 1)", async () => {
    const em = new EventEmitter();
    const warnings: unknown[] = [];
    const warned = (warning: unknown): void => { warnings.push(warning); };
    process.on("warning", warned);
    const heard = upTo(20).map(() => hear<number>(em, "n"));
    const giving = new AbortController();
    const withdrawn = hear(em, "n", { signal: giving.signal });
    expect([em.listenerCount("n"), em.listenerCount("error")]).to.deep.equal([1, 1]);
    giving.abort("gone");
    expect(await errorOf(withdrawn)).to.equal("gone");
    em.emit("n", 7);
    expect(await Promise.all(heard)).to.deep.equal(upTo(20).map(() => 7));
    expect(listeners(em)).to.equal(0);
    const names = upTo(20).map((n) => hear(em, `event ${String(n)}`));
    expect(em.listenerCount("error")).to.equal(1);
    for (const n of upTo(20)) em.emit(`event ${String(n)}`, n);
    expect(await Promise.all(names)).to.deep.equal(upTo(20));
    await settle();
    process.off("warning", warned);
    expect(warnings).to.deep.equal([]);
    expect(listeners(em)).to.equal(0);
  });

  it("FL-129 the last one withdrawn takes the listener along; a losing case of a select does", async () => {
    const em = new EventEmitter();
    const target = new EventTarget();
    const first = await select({ n: hearing(em, "n"), message: hearing(target, "message"), late: sleeping(1) });
    expect(first.case).to.equal("late");
    expect(listeners(em)).to.equal(0);
    expect(getEventListeners(target, "message")).to.have.length(0);
  });

  it("FL-129 an emitter's error fails those who wait for other events, and is the value of those who wait for it (hearing.ts 2)", async () => {
    const em = new EventEmitter();
    const failure = new Error("failed");
    const waiting = [hear(em, "a"), hear(em, "b")];
    const error = hear(em, "error");
    em.emit("error", failure);
    expect(await Promise.all(waiting.map(errorOf))).to.deep.equal([failure, failure]);
    expect(await error).to.equal(failure);
    expect(listeners(em)).to.equal(0);
  });

  it("in both lanes, with a signal, and by yield* of a generator task", async () => {
    const target = new EventTarget();
    const task = go(function* () { return (yield* hearing(target, "message")).type; });
    await settle();
    target.dispatchEvent(new Event("message"));
    expect(await task).to.equal("message");
    expect(await errorOf(hear(target, "message", { signal: AbortSignal.abort("gone") }))).to.equal("gone");
    expect(getEventListeners(target, "message")).to.have.length(0);
  });

  it("an emitter that emits while it is being listened to", async () => {
    const em = new EventEmitter();
    em.on("newListener", (name) => { if (name === "error") em.emit("n", 5); });
    expect(await hear(em, "n")).to.equal(5);
    expect(em.eventNames()).to.deep.equal(["newListener"]);
  });

  it("an emitter that takes no listener fails the wait", async () => {
    const failure = new Error("deaf");
    const deaf = { on() { throw failure; }, off() { /* nothing */ } };
    expect(await errorOf(hear(deaf, "n"))).to.equal(failure);
    expect(await errorOf(events(deaf, "n").receive())).to.equal(failure);
    expect(await errorOf(hear(5 as never, "n"))).to.be.instanceOf(TypeError);
  });

  it("is named by reports", () => {
    expect(String(hearing(new EventTarget(), "message"))).to.equal('for event "message"');
  });
});

describe("flows of observables and callbacks", () => {
  it("FL-130 an RxJS Subject: its values, its completion; cancel unsubscribes", async () => {
    const subject = new Subject<number>();
    const numbers = events<number>(subject);
    for (const n of upTo(3)) subject.next(n);
    subject.complete();
    expect(await numbers.toArray()).to.deep.equal([0, 1, 2]);

    const other = new Subject<number>();
    const left = events<number>(other);
    expect(other.observed).to.equal(true);
    left.cancel();
    expect(other.observed).to.equal(false);
  });

  it("FL-130 its error comes after its values, the very object", async () => {
    const subject = new Subject<number>();
    const failure = new Error("failed");
    const numbers = events<number>(subject);
    subject.next(1);
    subject.error(failure);
    expect(await drained(numbers)).to.deep.equal({ values: [1], error: failure });
  });

  it("FL-130 one of the web's kind is left by its signal", async () => {
    let observer!: { next(value: number): unknown; complete(): unknown };
    let given!: AbortSignal;
    const observable = {
      subscribe(to: object, options?: object): void {
        observer = to as typeof observer;
        given = (options as { signal: AbortSignal }).signal;
      },
    };
    const numbers = events<number>(observable);
    expect(observer.next(1)).to.equal(undefined);
    expect(await numbers.receive()).to.equal(1);
    numbers.cancel();
    expect(given.aborted).to.equal(true);
    observer.next(2);
    expect(await numbers.next()).to.deep.equal(theEnd);
  });

  it("FL-130 a synchronous one of 2,000 values overflows, and is unsubscribed from", async () => {
    let ended = false;
    let given = 0;
    const many = new Observable<number>((observer) => {
      for (; given < 2_000 && !observer.closed; given++) observer.next(given);
      return () => { ended = true; };
    });
    const { values, error } = await drained(events<number>(many));
    expect(values).to.deep.equal(upTo(1_024));
    expect(error).to.be.instanceOf(OverflowError);
    expect(ended).to.equal(true);
  });

  it("FL-130 one that throws at its subscription fails the flow", async () => {
    const failure = new Error("failed");
    expect(await errorOf(events({ subscribe() { throw failure; } }).receive())).to.equal(failure);
  });

  it("RxJS' from takes a flow, and leaving it early cancels the flow", async () => {
    const ch = chan<number>(4);
    for (const n of upTo(4)) ch.trySend(n);
    const got: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const subscription = from(flow(ch)).subscribe({
        next(n) {
          got.push(n);
          if (n === 3) ch.close();
        },
        error: reject,
        complete: resolve,
      });
      subscription.add(() => undefined);
    });
    expect(got).to.deep.equal(upTo(4));
  });

  it("FL-131 callbacks: give is false after the end, stop runs once", async () => {
    let stopped = 0;
    let give!: (value: number) => boolean;
    let end!: (error?: unknown) => void;
    const numbers = events<number>((giving, ending) => {
      give = giving;
      end = ending;
      return () => { stopped++; };
    });
    expect([give(1), give(2)]).to.deep.equal([true, true]);
    end();
    end(new Error("late"));
    expect([give(3), stopped]).to.deep.equal([false, 1]);
    numbers.cancel();
    expect(stopped).to.equal(1);

    const more = events<number>((giving) => { give = giving; return () => { stopped++; }; }, { capacity: 1 });
    expect([give(1), give(2), give(3), stopped]).to.deep.equal([true, false, false, 2]);
    expect((await drained(more)).values).to.deep.equal([1]);
  });

  it("FL-131 it may give and end before it returns; an end with an error is the flow's", async () => {
    let stopped = 0;
    const failure = new Error("failed");
    const numbers = events<number>((give, end) => {
      give(1);
      end(failure);
      return () => { stopped++; };
    });
    expect(stopped).to.equal(1);
    expect(await drained(numbers)).to.deep.equal({ values: [1], error: failure });
  });

  it("FL-131 listen throws: the flow fails with it, after what it gave", async () => {
    const failure = new Error("failed");
    const numbers = events<number>((give) => { give(1); throw failure; });
    expect(await drained(numbers)).to.deep.equal({ values: [1], error: failure });
  });

  it("FL-131 a stop that throws: after a break the loop throws it, after an end it is an unhandled rejection", async () => {
    const failure = new Error("cannot stop");
    let give!: (value: number) => boolean;
    let end!: () => void;
    const make = (): Flow<number> => events<number>((giving, ending) => {
      give = giving;
      end = ending;
      return () => { throw failure; };
    });
    const loop = async (): Promise<void> => { for await (const _ of make()) break; };
    const left = loop();
    give(1);
    expect(await errorOf(left)).to.equal(failure);
    expect(await unhandledDuring(async () => {
      const numbers = make();
      end();
      expect(await numbers.next()).to.deep.equal(theEnd);
    })).to.deep.equal([failure]);
  });

  it("a flow of events that is over rejects receives with a ClosedError", async () => {
    const numbers = events(new EventEmitter(), "n");
    numbers.cancel("seen enough");
    expect(await errorOf(perform(numbers.receiving()))).to.be.instanceOf(ClosedError).with.property("cause", "seen enough");
  });
});
