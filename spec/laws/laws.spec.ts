/** The laws of the library, by their numbers. What holds for every kind of operation is in operations.spec.ts. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import {
  aborting, always, attempting, chan, choose, ClosedError, gather, go, guard, operation, perform, scope, select, selecting, settling, sleep,
  sleeping, suppressedOf, ticker, trySelect, type Channel, type Operation,
} from "../../src/index.ts";
import { seed } from "../../src/testing/index.ts";
import { runProgram } from "../support/fresh.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../support/settle.ts";
import { unhandledDuring } from "../support/unhandled.ts";

const { setImmediate, setTimeout } = globalThis;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** The ways to wait for a receive, as they give the value. */
const receives: Record<string, <T>(ch: Channel<T>, signal?: AbortSignal) => Promise<T>> = {
  "receive": (ch, signal) => ch.receive({ signal }),
  "next": async (ch, signal) => {
    const result = await ch.next({ signal });
    if (result.done === true) throw new Error("the end");
    return result.value;
  },
  "perform": (ch, signal) => perform(ch.receiving(), { signal }),
  "select": async (ch, signal) => (await select({ it: ch.receiving(), quiet: chan<never>().receiving() }, { signal })).value,
  "choice": (ch, signal) => perform(choose(chan<never>().receiving(), ch.receiving()), { signal }),
  "yield*": (ch, signal) => yielding(ch.receiving(), signal),
};
/** The ways to wait for a send. */
const sends: Record<string, <T>(ch: Channel<T>, value: T, signal?: AbortSignal) => Promise<unknown>> = {
  "send": (ch, value, signal) => ch.send(value, { signal }),
  "perform": (ch, value, signal) => perform(ch.sending(value), { signal }),
  "select": (ch, value, signal) => select([chan<never>().receiving(), ch.sending(value)], { signal }),
  "choice": (ch, value, signal) => perform(choose<unknown>(ch.sending(value), chan<never>().receiving()), { signal }),
  "yield*": (ch, value, signal) => yielding(ch.sending(value), signal),
};

/** In a generator task a signal is one more case, and the first one if it has aborted already. */
function yielding<T>(described: Operation<T>, signal: AbortSignal | undefined): Promise<T> {
  return go(function* () {
    if (signal === undefined) return yield* described;
    return (yield* selecting([aborting(signal), described], { order: "listed" })).value;
  }).join();
}

describe("law 1, meet", () => {
  for (const [name, send] of Object.entries(sends)) {
    it(`law 1: an unbuffered send is pending until a receiver has taken its value (${name})`, async () => {
      const ch = chan<string>();
      const sent = send(ch, "a");
      expect(await isPending(sent)).to.equal(true);
      expect(ch.size).to.equal(0);
      expect(ch.tryReceive()).to.deep.equal({ done: false, value: "a" });
      expect(await isPending(sent)).to.equal(false);
    });
  }

  it("law 1: producer and consumer go in lockstep: the producer is never more than the one value ahead", async () => {
    const ch = chan<number>();
    let sent = 0;
    const producing = go(async () => {
      for (; sent < 50; sent++) await ch.send(sent);
    });
    for (let received = 0; received < 50; received++) {
      await settle();
      expect(sent).to.equal(received);
      expect(await ch.receive()).to.equal(received);
    }
    await producing;
  });
});

describe("law 2, exactly once", () => {
  it("law 2: fulfilled receives have received exactly the values of fulfilled sends, whichever operations gave up", async () => {
    seed(seedOfRun);
    const random = randomOf(seedOfRun);
    let refused = 0;
    for (const capacity of [0, 1, 3]) {
      const ch = chan<number>(capacity);
      const sent: number[] = [];
      const received: number[] = [];
      const aborts: AbortController[] = [];
      const signal = (): AbortSignal | undefined => {
        if (random(2) === 0) return undefined;
        const giving = new AbortController();
        aborts.push(giving);
        return giving.signal;
      };
      const pick = <T>(ways: Record<string, T>): T => Object.values(ways)[random(Object.keys(ways).length)] as T;
      for (let value = 0; value < 3000; value++) {
        switch (random(4)) {
          case 0: void pick(sends)(ch, value, signal()).then(() => sent.push(value), () => refused++); break;
          case 1: void pick(receives)(ch, signal()).then((got) => received.push(got), () => refused++); break;
          case 2: aborts.at(-1 - random(8))?.abort(); break; // one of the latest, who may still wait
          default: await Promise.resolve();
        }
      }
      for (const giving of aborts) giving.abort();
      await settle();
      ch.close();
      for await (const value of ch) received.push(value);
      await settle();
      const inOrder = (values: number[]): number[] => values.toSorted((one, other) => one - other);
      expect(sent.length, `seed ${String(seedOfRun)}`).to.be.greaterThan(100);
      expect(inOrder(received), `seed ${String(seedOfRun)}`).to.deep.equal(inOrder(sent));
    }
    expect(refused, `seed ${String(seedOfRun)}`).to.be.greaterThan(50);
  });

  it("law 2: a send that lost its select was not received, and a later receive waits", async () => {
    const ch = chan<string>();
    const other = chan<string>(1);
    const selected = select({ out: ch.sending("lost"), other: other.receiving() });
    await settle();
    other.trySend("won");
    expect((await selected).case).to.equal("other");
    expect(ch.tryReceive()).to.equal(undefined);
    expect(await isPending(ch.receive())).to.equal(true);
  });

  it("law 2: a send that met a cancel was not received, and is rejected", async () => {
    const ch = chan<string>();
    const error = rejectionOf(ch.send("refused"));
    ch.cancel("no more");
    expect(await error).to.be.instanceOf(ClosedError);
    expect(await ch.next()).to.deep.equal({ done: true, value: undefined });
  });
});

describe("law 3, in line", () => {
  it("law 3: waiting receivers are served first come, first served, plain and selected alike", async () => {
    const ch = chan<number>();
    const order: string[] = [];
    const ways = [...Object.entries(receives), ...Object.entries(receives).reverse()];
    for (const [n, [name, receive]] of ways.entries()) {
      void receive(ch).then((value) => order.push(`${String(n)} ${name}: ${String(value)}`));
      await settle(); // a generator task begins in a later turn
    }
    for (const n of upTo(ways.length)) expect(ch.trySend(n)).to.equal(true);
    expect(ch.trySend(-1)).to.equal(false);
    await settle();
    // Each got the value that belongs to its place; a form with more wrapping resumes in later microtasks.
    expect(order.toSorted()).to.deep.equal(ways.map(([name], n) => `${String(n)} ${name}: ${String(n)}`).sort());
  });

  it("law 3: waiting senders are served first come, first served, plain and selected alike", async () => {
    const ch = chan<number>();
    const ways = [...Object.values(sends), ...Object.values(sends).reverse()];
    for (const [n, send] of ways.entries()) {
      void send(ch, n);
      await settle();
    }
    expect(upTo(ways.length).map(() => ch.tryReceive()?.value)).to.deep.equal(upTo(ways.length));
  });

  it("law 3: nobody barges in: room in a buffer goes to the sender that waits, before any later one (channel/channel.ts 1)", async () => {
    const ch = chan<string>(1);
    ch.trySend("first");
    void ch.send("second");
    expect(ch.tryReceive()?.value).to.equal("first");
    expect(ch.trySend("third")).to.equal(false);
    expect(ch.tryReceive()?.value).to.equal("second");
  });

  it("law 3: leaving the line does not change the order of the others", async () => {
    const ch = chan<number>();
    const giving = new AbortController();
    const received = upTo(6).map((n) => ch.receive({ signal: n % 2 === 0 ? giving.signal : undefined }).catch(() => "gone"));
    giving.abort();
    for (const n of [1, 3, 5]) ch.trySend(n);
    expect(await Promise.all(received)).to.deep.equal(["gone", 1, "gone", 3, "gone", 5]);
  });
});

describe("law 4, commit wins", () => {
  for (const [name, receive] of Object.entries(receives)) {
    it(`law 4: an abort after the handover changes nothing for the receiver (${name})`, async () => {
      const ch = chan<string>();
      const giving = new AbortController();
      const received = receive(ch, giving.signal);
      await settle();
      expect(ch.trySend("a")).to.equal(true);
      giving.abort();
      ch.close();
      ch.cancel();
      expect(await received).to.equal("a");
    });

    it(`law 4: an abort before the handover takes nothing (${name})`, async () => {
      const ch = chan<string>();
      const giving = new AbortController();
      const error = rejectionOf(receive(ch, giving.signal));
      await settle();
      giving.abort("gone");
      expect(ch.trySend("a")).to.equal(false);
      expect(await error).to.equal("gone");
    });

    it(`law 4: an abort takes precedence over a ready value, which stays there (${name})`, async () => {
      const ch = chan<string>(1);
      ch.trySend("a");
      expect(await rejectionOf(receive(ch, AbortSignal.abort("gone")))).to.equal("gone");
      expect(ch.size).to.equal(1);
    });
  }

  for (const [name, send] of Object.entries(sends)) {
    it(`law 4: an abort after the handover changes nothing for the sender (${name})`, async () => {
      const ch = chan<string>();
      const giving = new AbortController();
      const sent = send(ch, "a", giving.signal);
      await settle();
      expect(ch.tryReceive()?.value).to.equal("a");
      giving.abort();
      ch.cancel();
      await sent;
    });

    it(`law 4: an abort before the handover hands over nothing (${name})`, async () => {
      const ch = chan<string>();
      const giving = new AbortController();
      const error = rejectionOf(send(ch, "a", giving.signal));
      await settle();
      giving.abort("gone");
      expect(ch.tryReceive()).to.equal(undefined);
      expect(await error).to.equal("gone");
    });
  }

  it("law 4: an abort by the very guard of the operation is seen: an aborted operation does not wait", async () => {
    for (const start of [
      (described: Operation<unknown>, signal: AbortSignal) => perform(described, { signal }),
      (described: Operation<unknown>, signal: AbortSignal) => select({ described }, { signal }),
      (described: Operation<unknown>, signal: AbortSignal) => yielding(described, signal),
    ]) {
      const giving = new AbortController();
      const ch = chan<string>();
      const guarded = guard(() => {
        giving.abort("gone");
        return ch.receiving();
      });
      const waiting = start(guarded, giving.signal);
      expect(await isPending(waiting)).to.equal(false);
      expect(await rejectionOf(waiting)).to.equal("gone");
      expect(ch.trySend("a")).to.equal(false);
      expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    }
  });

  it("law 4: of a time limit and a handover in the same turn, the first one takes full effect", async () => {
    const clock = sinon.useFakeTimers();
    try {
      for (const handoverFirst of [true, false]) {
        const ch = chan<string>();
        const selected = select({ value: ch.receiving(), late: sleeping(10) });
        await settle();
        if (handoverFirst) expect(ch.trySend("a")).to.equal(true);
        clock.tick(10);
        if (!handoverFirst) expect(ch.trySend("a")).to.equal(false);
        expect((await selected).case).to.equal(handoverFirst ? "value" : "late");
      }
    } finally {
      sinon.restore();
    }
  });
});

describe("law 5, no trace", () => {
  it("law 5: a select over a thousand channels leaves all of them as they were", async () => {
    const channels = upTo(1000).map(() => chan<number>());
    const before = upTo(10).map((n) => channels[n]?.receive()); // others, who stay in line
    const selected = select(channels.map((ch) => ch.receiving()));
    await settle();
    channels[500]?.trySend(7);
    expect(await selected).to.deep.equal({ case: 500, value: 7 });
    const taken = channels.map((ch, n) => (ch.trySend(n) ? n : -1)).filter((n) => n >= 0);
    expect(taken).to.deep.equal(upTo(10));
    expect(await Promise.all(before)).to.deep.equal(upTo(10));
  });

  it("law 5: a value whose send was withdrawn is not referred to any more", async () => {
    const ch = chan<object>();
    const giving = new AbortController();
    const references = await (async () => {
      const values = upTo(3).map((n) => ({ n }));
      const made = values.map((value) => new WeakRef(value));
      const sent = values.map((value, n) => select({ out: ch.sending(value) }, n === 1 ? {} : { signal: giving.signal }).catch(() => undefined));
      giving.abort();
      await Promise.all([sent[0], sent[2]]);
      return made;
    })();
    await settle();
    globalThis.gc?.();
    expect(references.map((reference) => reference.deref() === undefined)).to.deep.equal([true, false, true]);
  });

  it("law 5: a signal that outlives ten thousand waits has no listener and at most one in between (core/aborting.ts 1)", async () => {
    const giving = new AbortController();
    const ch = chan<number>();
    const others = upTo(100).map(() => ch.receive({ signal: giving.signal }));
    expect(getEventListeners(giving.signal, "abort")).to.have.length(1);
    for (const n of upTo(100)) await ch.send(n, { signal: giving.signal });
    await Promise.all(others);
    for (let n = 0; n < 10_000; n++) {
      const received = ch.receive({ signal: giving.signal });
      ch.trySend(n);
      await received;
    }
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
  });

  it("law 5: a lost wait for a promise is released, and the promise gathers no reactions (promise.ts 1)", async () => {
    let reactions = 0;
    const promise = new Promise<never>(() => undefined);
    const counted: PromiseLike<never> = {
      then(onValue, onError) {
        reactions++;
        return promise.then(onValue, onError);
      },
    };
    const ch = chan<number>(1);
    for (const n of upTo(1000)) {
      const selected = select({ value: ch.receiving(), never: settling(counted) });
      ch.trySend(n);
      await selected;
    }
    expect(reactions).to.equal(1);
  });
});

describe("law 6, fair", () => {
  for (const count of [2, 3, 5]) {
    it(`law 6: each of ${String(count)} ready cases is taken equally often, wherever it is listed (choice.ts 1)`, async () => {
      seed(seedOfRun);
      const draws = 6000;
      const taken = new Array<number>(count).fill(0);
      for (let n = 0; n < draws; n++) {
        const selected = trySelect(upTo(count).map((value) => always(value)));
        if (selected !== undefined) taken[selected.value] = (taken[selected.value] ?? 0) + 1;
      }
      // Six standard deviations of a binomial distribution: with the fixed seed it is exact, with another one all but certain.
      const deviation = Math.sqrt(draws * (1 / count) * (1 - 1 / count));
      for (const times of taken) expect(Math.abs(times - draws / count), `seed ${String(seedOfRun)}`).to.be.lessThan(6 * deviation);
    });
  }

  it("law 6: ready among waiting: readiness counts, not the place in the list", async () => {
    seed(seedOfRun);
    const taken = { first: 0, last: 0 };
    for (let n = 0; n < 4000; n++) {
      const { case: key } = await select({ first: always(1), quiet: chan().receiving(), silent: chan().receiving(), last: always(2) });
      taken[key as "first" | "last"]++;
    }
    expect(Math.abs(taken.first - taken.last), `seed ${String(seedOfRun)}`).to.be.lessThan(6 * Math.sqrt(4000));
  });

  it("law 6: the same seed gives the same choices, another seed others", async () => {
    const choices = (): number[] => upTo(100).map(() => trySelect(upTo(10).map((n) => always(n)))?.value ?? -1);
    seed(seedOfRun);
    const first = choices();
    seed(seedOfRun);
    expect(choices()).to.deep.equal(first);
    seed(seedOfRun + 1);
    expect(choices()).to.not.deep.equal(first);
  });

  it("law 6: a listed select is strict priority, and draws nothing", async () => {
    seed(seedOfRun);
    const plain = upTo(5).map(() => trySelect([always(0), always(1), always(2)])?.value);
    seed(seedOfRun);
    const mixed = upTo(5).map(() => {
      expect(trySelect([chan<number>().receiving(), always(1), always(2)], { order: "listed" })).to.deep.equal({ case: 1, value: 1 });
      return trySelect([always(0), always(1), always(2)])?.value;
    });
    expect(mixed).to.deep.equal(plain);
  });
});

describe("law 7, never inside you", () => {
  it("law 7: trySend, tryReceive, send, close, cancel and abort run no code of the other party before they return (channel/channel.ts 5)", async () => {
    const log: string[] = [];
    const note = (what: string) => (): void => { log.push(what); };
    const receivers = Object.keys(receives).length;
    const senders = Object.keys(sends).length;
    interface Act {
      wait: (ch: Channel<string>, signal: AbortSignal) => Promise<unknown>[];
      act: (ch: Channel<string>, giving: AbortController) => unknown;
    }
    const acts: Record<string, Act> = {
      trySend: { wait: (ch) => Object.values(receives).map((receive) => receive(ch)), act: (ch) => upTo(receivers).map(() => ch.trySend("a")) },
      send: { wait: (ch) => Object.values(receives).map((receive) => receive(ch)), act: (ch) => upTo(receivers).map(() => void ch.send("a")) },
      tryReceive: { wait: (ch) => Object.values(sends).map((send) => send(ch, "a")), act: (ch) => upTo(senders).map(() => ch.tryReceive()) },
      receive: { wait: (ch) => Object.values(sends).map((send) => send(ch, "a")), act: (ch) => upTo(senders).map(() => void ch.receive()) },
      close: { wait: (ch) => Object.values(receives).map((receive) => receive(ch)), act: (ch) => ch.close() },
      cancel: { wait: (ch) => Object.values(sends).map((send) => send(ch, "a")), act: (ch) => ch.cancel() },
      abort: { wait: (ch, signal) => Object.values(receives).map((receive) => receive(ch, signal)), act: (_ch, giving) => { giving.abort(); } },
      trySelect: { wait: (ch) => [ch.receive()], act: (ch) => trySelect({ out: ch.sending("a") }) },
      "a mapped receive": { wait: (ch) => [perform(ch.receiving().map(note("map")))], act: (ch) => ch.trySend("a") },
      "a mapped failure": { wait: (ch) => [perform(ch.receiving().map(note("map"), note("map of an error")))], act: (ch) => ch.close() },
    };
    for (const [name, { wait, act }] of Object.entries(acts)) {
      const ch = chan<string>();
      const giving = new AbortController();
      const waiting = wait(ch, giving.signal);
      for (const promise of waiting) promise.then(note(name), note(name));
      await settle();
      expect(log, name).to.deep.equal([]);
      act(ch, giving);
      expect(log, name).to.deep.equal([]);
      await settle();
      expect(log.filter((what) => what === name), name).to.have.length(waiting.length);
      log.length = 0;
    }
  });

  it("law 7: a generator task that is resumed goes on after the step that resumed it has returned", async () => {
    const acts: Record<string, [waits: (ch: Channel<string>) => Operation<unknown>, act: (ch: Channel<string>) => unknown]> = {
      trySend: [(ch) => ch.receiving(), (ch) => ch.trySend("a")],
      send: [(ch) => ch.nexting(), (ch) => ch.send("a")],
      tryReceive: [(ch) => ch.sending("a"), (ch) => ch.tryReceive()],
      receive: [(ch) => selecting([ch.sending("a")]), (ch) => ch.receive()],
      close: [(ch) => ch.nexting(), (ch) => ch.close()],
      cancel: [(ch) => ch.sending("a").map(() => undefined, () => undefined), (ch) => ch.cancel()],
    };
    for (const [name, [waits, act]] of Object.entries(acts)) {
      const ch = chan<string>();
      let wentOn = false;
      const task = go(function* () {
        yield* waits(ch);
        wentOn = true;
      });
      await settle();
      act(ch);
      expect(wentOn, name).to.equal(false);
      await task;
      expect(wentOn, name).to.equal(true);
    }
  });

  it("law 7: the abort handlers of an attempt run after the step that made it lose (attempting.ts 1)", async () => {
    const log: string[] = [];
    const ch = chan<string>();
    const attempt = attempting((signal) => new Promise<never>(() => {
      signal.addEventListener("abort", () => log.push("aborted"));
    }));
    const selected = select({ attempt, value: ch.receiving() }).then(() => log.push("selected"));
    await settle();
    ch.trySend("a");
    log.push("sent");
    await selected;
    expect(log).to.deep.equal(["sent", "aborted", "selected"]);
  });

  it("law 7: wake-ups keep the order of what caused them, across channels and kinds", async () => {
    const log: number[] = [];
    const channels = upTo(50).map(() => chan<number>());
    channels.forEach((ch, n) => {
      const waiting = n % 3 === 2 ? ch.send(0) : n % 3 === 1 ? ch.next() : ch.receive();
      void waiting.then(() => log.push(n));
    });
    const order = upTo(50).map((n) => (n * 37) % 50);
    for (const n of order) {
      if (n % 3 === 2) channels[n]?.tryReceive();
      else channels[n]?.trySend(0);
    }
    await settle();
    expect(log).to.deep.equal(order);
  });

  it("law 7: the sender goes on before the receiver it woke, and both before what they cause", async () => {
    const log: string[] = [];
    const ch = chan<number>();
    const receiving = (async () => {
      log.push(`received ${String(await ch.receive())}`);
      log.push(`received ${String(await ch.receive())}`);
    })();
    await settle();
    const sending = (async () => {
      const sent = ch.send(1);
      log.push("handed over");
      await sent;
      log.push("sent");
      await ch.send(2);
    })();
    await Promise.all([receiving, sending]);
    expect(log.slice(0, 3).sort()).to.deep.equal(["handed over", "received 1", "sent"]);
    expect(log[0]).to.equal("handed over");
    expect(log[3]).to.equal("received 2");
  });

  it("law 7: a chain of 100,000 tasks, each of which sends to the next, does not overflow", async function () {
    this.timeout(20_000);
    let channel = chan<number>();
    const head = channel;
    for (let n = 0; n < 100_000; n++) {
      const from = channel;
      const to = chan<number>();
      void from.receive().then((value) => to.send(value + 1));
      channel = to;
    }
    expect(head.trySend(0)).to.equal(true);
    expect(await channel.receive()).to.equal(100_000);
  });

  it("law 7: 100,000 handovers between two tasks do not overflow, and stay in order", async function () {
    this.timeout(20_000);
    const ch = chan<number>();
    const sending = go(async () => {
      for (let n = 0; n < 100_000; n++) await ch.send(n);
      ch.close();
    });
    let expected = 0;
    for await (const value of ch) if (value === expected) expected++;
    expect(expected).to.equal(100_000);
    await sending;
  });

  it("law 7: 100,000 generator tasks, each of which sends to the next, do not overflow", async function () {
    this.timeout(20_000);
    let channel = chan<number>();
    const head = channel;
    for (let n = 0; n < 100_000; n++) {
      const from = channel;
      const to = chan<number>();
      go(function* () { yield* to.sending((yield* from.receiving()) + 1); });
      channel = to;
    }
    await settle();
    await head.send(0);
    expect(await channel.receive()).to.equal(100_000);
  });

  it("law 7: 100,000 handovers between generator tasks, and ready operations, do not overflow", async function () {
    this.timeout(20_000);
    const ch = chan<number>();
    const sending = go(function* () {
      for (let n = 0; n < 100_000; n++) yield* ch.sending(n);
      ch.close();
    });
    const expected = await go(function* () {
      for (let n = 0; ; n++) {
        const result = yield* ch.nexting();
        if (result.done === true) return n;
        if (result.value !== n) return -1;
        yield* always(n);
      }
    });
    expect(expected).to.equal(100_000);
    await sending;
  });

  it("law 7: 100,000 waiters are closed, cancelled or aborted in one step", async function () {
    this.timeout(20_000);
    const many = 100_000;
    const ended = { closed: 0, cancelled: 0, aborted: 0 };
    const closing = chan<number>();
    const cancelling = chan<number>();
    const quiet = chan<number>();
    const giving = new AbortController();
    const all: Promise<unknown>[] = [];
    for (let n = 0; n < many; n++) {
      all.push(closing.next().then(() => ended.closed++));
      all.push(cancelling.send(n).catch(() => ended.cancelled++));
      all.push(quiet.receive({ signal: giving.signal }).catch(() => ended.aborted++));
    }
    closing.close();
    cancelling.cancel();
    giving.abort();
    await Promise.all(all);
    expect(ended).to.deep.equal({ closed: many, cancelled: many, aborted: many });
  });

  it("law 7: a choice nested 1,000 deep is performed and withdrawn", async () => {
    const ch = chan<string>();
    let nested = ch.receiving();
    for (let depth = 0; depth < 1000; depth++) nested = choose(nested, chan<string>().receiving());
    const giving = new AbortController();
    const aborted = rejectionOf(perform(nested, { signal: giving.signal }));
    giving.abort("gone");
    expect(await aborted).to.equal("gone");
    const received = perform(nested);
    expect(ch.trySend("a")).to.equal(true);
    expect(await received).to.equal("a");
  });
});

describe("law 8, any value", () => {
  const error = new Error("a value");
  const values: Record<string, unknown> = {
    undefined, null: null, NaN: Number.NaN, zero: 0, "an empty text": "", false: false, "an error": error, "a function": () => error, "a symbol": Symbol("a"),
    "an iterator's end": { done: true, value: undefined }, "an array": [],
  };
  for (const [name, value] of Object.entries(values)) {
    it(`law 8: ${name} is handed over like any other value, whichever side waits first`, async () => {
      for (const capacity of [0, 1]) {
        for (const receive of Object.values(receives)) {
          for (const send of Object.values(sends)) {
            const ch = chan<unknown>(capacity);
            const early = receive(ch);
            await send(ch, value);
            expect(Object.is(await early, value)).to.equal(true);
            const sent = send(ch, value);
            expect(Object.is(await receive(ch), value)).to.equal(true);
            await sent;
          }
        }
        const ch = chan<unknown>(capacity);
        void ch.send(value);
        const result = ch.tryReceive();
        expect(result?.done).to.equal(false);
        expect(Object.is(result?.value, value)).to.equal(true);
      }
    });
  }

  it("law 8: a promise sent as a value is given unchanged by next(), and resolved by receive(), as await does", async () => {
    const ch = chan<Promise<number>>(2);
    const promise = Promise.resolve(1);
    ch.trySend(promise);
    ch.trySend(promise);
    expect((await ch.next()).value).to.equal(promise);
    expect(await ch.receive()).to.equal(1);
  });

  it("law 8: undefined from a case is a value of the select, not nothing", async () => {
    expect(trySelect({ it: always(undefined) })).to.deep.equal({ case: "it", value: undefined });
    expect(await select({ it: always(undefined) })).to.deep.equal({ case: "it", value: undefined });
  });
});

describe("law 9, the end is in order", () => {
  for (const capacity of [0, 1, 3]) {
    it(`law 9: close comes after everything accepted before it, buffered or waiting (capacity ${String(capacity)}) (channel/channel.ts 4)`, async () => {
      const ch = chan<number>(capacity);
      const sent = upTo(6).map((n) => ch.send(n));
      ch.close();
      expect(await rejectionOf(ch.send(6))).to.be.instanceOf(ClosedError);
      const received: number[] = [];
      for await (const value of ch) received.push(value);
      expect(received).to.deep.equal(upTo(6));
      await Promise.all(sent);
      expect(await rejectionOf(ch.receive())).to.be.instanceOf(ClosedError);
    });

    it(`law 9: cancel takes effect at once, before buffered and waiting values (capacity ${String(capacity)}) (channel/channel.ts 4)`, async () => {
      const dropped: number[] = [];
      const ch = chan<number>({ capacity, onDrop: (value) => dropped.push(value) });
      const outcomes = upTo(6).map((n) => ch.send(n).then(() => "accepted", () => "refused"));
      ch.cancel();
      expect(ch.tryReceive()).to.deep.equal({ done: true, value: undefined });
      expect(await Promise.all(outcomes)).to.deep.equal(upTo(6).map((n) => (n < capacity ? "accepted" : "refused")));
      expect(dropped).to.deep.equal(upTo(capacity));
    });
  }

  it("law 9: the error given to close comes after the values, to every receiver", async () => {
    const error = new Error("broken");
    const ch = chan<number>(2);
    ch.trySend(1);
    ch.close(error);
    expect(await ch.receive()).to.equal(1);
    expect(await rejectionOf(ch.receive())).to.equal(error);
    expect(await rejectionOf(ch.next())).to.equal(error);
    expect(() => ch.tryReceive()).to.throw(error);
  });
});

describe("law 10, alive", () => {
  // The loops below would go on for ever in one turn if nothing held them: they are bounded by a count, not by time.
  const limit = 200_000;
  const loops: Record<string, (goesOn: () => boolean) => Promise<unknown>> = {
    "two tasks that hand over to each other": async (goesOn) => {
      const ch = chan<number>();
      const receiving = (async () => { for await (const _ of ch); })();
      while (goesOn()) await ch.send(1);
      ch.close();
      await receiving;
    },
    "sends that are ready": async (goesOn) => {
      const ch = chan<number>({ capacity: 1, overflow: "drop-oldest" });
      while (goesOn()) await ch.send(1);
    },
    "receives that are ready": async (goesOn) => {
      const ch = chan<number>(1);
      while (goesOn()) {
        ch.trySend(1);
        await ch.receive();
      }
    },
    "selects that are ready": async (goesOn) => {
      while (goesOn()) await select([always(1), always(2)]);
    },
    "failures that are ready": async (goesOn) => {
      const ch = chan<number>();
      ch.close();
      while (goesOn()) await ch.receive().catch(() => undefined);
    },
    "operations of one's own that are ready": async (goesOn) => {
      while (goesOn()) await perform(operation({ poll: () => () => 1, wait: () => () => undefined }).map((n) => n));
    },
    "generator tasks that hand over to each other": async (goesOn) => {
      const ch = chan<number>();
      const receiving = go(function* () { while ((yield* ch.nexting()).done !== true); });
      await go(function* () {
        while (goesOn()) yield* ch.sending(1);
        ch.close();
      });
      await receiving;
    },
    "generator tasks whose operations are ready": async (goesOn) => {
      await go(function* () {
        while (goesOn()) yield* always(1);
      });
    },
    "a generator task and an async one": async (goesOn) => {
      const ch = chan<number>();
      const receiving = go(function* () { while ((yield* ch.nexting()).done !== true); });
      while (goesOn()) await ch.send(1);
      ch.close();
      await receiving;
    },
    "tasks that start tasks": async (goesOn) => {
      while (goesOn()) await go(() => 1);
    },
    "tasks each of which starts the next": (goesOn) =>
      new Promise<void>((resolve) => {
        const next = (): void => {
          if (goesOn()) go(next);
          else resolve();
        };
        go(next);
      }),
    "gathers": async (goesOn) => {
      while (goesOn()) await gather([() => 1, () => 2]);
    },
  };
  for (const [name, loop] of Object.entries(loops)) {
    it(`law 10: ${name} let the event loop turn, timers and all`, async function () {
      this.timeout(20_000);
      let turned = 0;
      let count = 0;
      let timed = false;
      setImmediate(() => { turned = count; });
      setTimeout(() => { timed = true; }, 0);
      await loop(() => ++count < limit && !(turned > 0 && timed));
      expect(turned).to.be.greaterThan(0);
      expect(timed).to.equal(true);
      expect(count).to.be.lessThan(limit);
    });
  }
});

describe("law 11, borrowed time", () => {
  afterEach(() => { sinon.restore(); });

  it("law 11: a fake clock works whenever it is installed, and when all is done no timer is left", async () => {
    const clock = sinon.useFakeTimers();
    const ch = chan<number>();
    const ticks = ticker(7);
    const seen: number[] = [];
    const program = gather({
      ticking: async () => { for await (const tick of ticks) if (seen.push(tick) === 5) ticks.stop(); },
      sleeping: async () => { for (const n of upTo(5)) { await sleep(10); await ch.send(n); } ch.close(); },
      selecting: async () => {
        for (;;) {
          const selected = await select({ value: ch.nexting(), late: sleeping(15) });
          if (selected.case === "value" && selected.value.done === true) return;
        }
      },
      aborted: () => sleep(1000, { signal: AbortSignal.abort("never") }).catch(() => undefined),
    });
    await clock.tickAsync(100);
    await program;
    expect(seen).to.deep.equal([1, 2, 3, 4, 5]);
    expect(clock.countTimers()).to.equal(0);
  });

  it("law 11: a ready operation makes no timer at all", async () => {
    const clock = sinon.useFakeTimers();
    const made = sinon.spy(globalThis, "setTimeout");
    await select({ now: always(1), late: sleeping(10) });
    trySelect({ quiet: chan().receiving(), late: sleeping(10) });
    await perform(guard(() => choose<unknown>(sleeping(5), always(1))));
    expect(made.callCount).to.equal(0);
    expect(clock.countTimers()).to.equal(0);
  });

  it("law 11: a timer is cleared in the very step that made it lose", async () => {
    const clock = sinon.useFakeTimers();
    const ch = chan<number>();
    const giving = new AbortController();
    const waits = [
      select({ value: ch.receiving(), late: sleeping(10) }),
      perform(choose<unknown>(ch.receiving(), sleeping(10), sleeping(20))),
      sleep(10, { signal: giving.signal }).catch(() => undefined),
    ];
    expect(clock.countTimers()).to.equal(4);
    ch.trySend(1);
    expect(clock.countTimers()).to.equal(3);
    ch.trySend(2);
    expect(clock.countTimers()).to.equal(1);
    giving.abort();
    expect(clock.countTimers()).to.equal(0);
    await Promise.all(waits);
  });

  it("law 11: setTimeout and clearTimeout are looked up together, at the call", async () => {
    const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
    const clock = sinon.useFakeTimers();
    const giving = new AbortController();
    const slept = sleep(10, { signal: giving.signal }).catch(() => "aborted");
    const fake = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
    Object.assign(globalThis, real); // as if the clock had been restored in between
    giving.abort();
    expect(clock.countTimers()).to.equal(0);
    expect(await slept).to.equal("aborted");
    Object.assign(globalThis, fake);
  });
});

describe("law 12, nothing silent", () => {
  it("law 12: a failure that nobody joins reaches the process, once and by identity", async () => {
    const error = new Error("unseen");
    expect(await unhandledDuring(() => { go(() => { throw error; }); })).to.deep.equal([error]);
  });

  it("law 12: a failure that is joined reaches every join, and nothing else", async () => {
    const error = new Error("seen");
    const unhandled = await unhandledDuring(async () => {
      const task = go(async () => { throw error; });
      const seen = [task.join(), perform(task.joining()), select({ task: task.joining() }), Promise.resolve(task)].map(rejectionOf);
      expect(await Promise.all(seen)).to.deep.equal([error, error, error, error]);
      expect(await rejectionOf(task.join())).to.equal(error);
    });
    expect(unhandled).to.deep.equal([]);
  });

  it("law 12: an error of user code that nothing waits for reaches the process", async () => {
    const dropping = new Error("thrown by onDrop");
    const leaving = new Error("thrown by withdraw");
    const unhandled = await unhandledDuring(async () => {
      const ch = chan<number>({ overflow: "drop-newest", onDrop: () => { throw dropping; } });
      await ch.send(1);
      const giving = new AbortController();
      const stubborn = operation<never>({ poll: () => undefined, wait: () => () => { throw leaving; } });
      const aborted = rejectionOf(perform(choose(stubborn, aborting(giving.signal))));
      giving.abort("gone");
      expect(await aborted).to.equal("gone");
    });
    expect(unhandled).to.deep.equal([dropping, leaving]);
  });

  it("law 12: of the failures in a scope the first is its outcome, the later ones are kept with it, and none is unhandled", async () => {
    const [first, second, third] = [new Error("first"), new Error("second"), new Error("third")];
    const unhandled = await unhandledDuring(async () => {
      const failed = await rejectionOf(scope((s) => {
        s.defer(() => { throw third; });
        s.go(function* () {
          try {
            yield* chan().receiving();
          } finally {
            throw second;
          }
        });
        s.go(() => { throw first; });
      }));
      expect(failed).to.equal(first);
      expect(suppressedOf(failed)).to.deep.equal([second, third]);
    });
    expect(unhandled).to.deep.equal([]);
  });

  it("law 12: a program in which everybody waits for ever says so, by name, and its code is 13", () => {
    const { code, errors } = runProgram(`
      import { chan, run } from "rendezvous";
      const letters = chan({ name: "letters" });
      await run(function* main(s) {
        s.go(function* reader() { yield* letters.receiving(); });
        yield* chan({ name: "answers" }).sending("an answer");
      });
    `);
    expect(errors).to.match(/^fatal: all tasks are asleep - deadlock \(2 tasks\)$/m);
    expect(errors).to.match(/^ +task \d+ "reader" blocked in receive on channel "letters"$/m);
    expect(errors).to.match(/"main" blocked in send on channel "answers"$/m);
    expect(code).to.equal(13);
  });

  it("law 12: a rejection that a lost select has looked at is not unhandled", async () => {
    const unhandled = await unhandledDuring(async () => {
      let reject!: (error: unknown) => void;
      const promise = new Promise<never>((_resolve, rejecting) => { reject = rejecting; });
      await perform(selecting({ promise: settling(promise), now: sleeping(0) }));
      reject(new Error("too late to matter"));
    });
    expect(unhandled).to.deep.equal([]);
  });
});

/** Whole numbers from 0 up to a count, by a seed; apart from the library's own choices. */
function randomOf(start: number): (count: number) => number {
  let state = start >>> 0;
  return (count) => {
    state = (state + 0x9e37_79b9) >>> 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a_2d97);
    return Math.floor((((bits ^ (bits >>> 15)) >>> 0) / 0x1_0000_0000) * count);
  };
}
