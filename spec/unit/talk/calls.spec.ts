/** Calls: two-way handover. Conformance list, section K, and the corners of giving up, passing on and closing. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import { expectTypeOf } from "expect-type";
import {
  calls, chan, ClosedError, gather, go, perform, poll, select, selecting, settling, trySelect,
  type Call, type CallChannel, type Operation,
} from "../../../src/index.ts";
import { isPending, rejectionOf, seedOfRun, settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

/** The same client in both lanes: asks once, and gives the answer. */
const askers: Record<string, <Req, Res>(channel: CallChannel<Req, Res>, value: Req) => Promise<Res>> = {
  "an async client": (channel, value) => channel.client.call(value),
  "an async client that describes its call": async (channel, value) => {
    const asked = await select({ call: channel.client.calling(value) });
    return asked.value;
  },
  "a generator client": (channel, value) => go(function* () {
    return yield* settling(yield* channel.client.calling(value));
  }).join(),
};

/** The same server in both lanes: accepts once, and does something with the call. */
const servers: Record<string, <Req, Res, T>(channel: CallChannel<Req, Res>, work: (call: Call<Req, Res>) => T) => Promise<T>> = {
  "an async server": async (channel, work) => work(await channel.server.accept()),
  "an async server that selects": async (channel, work) => {
    const accepted = await select({ never: chan<number>().receiving(), call: channel.server.accepting() });
    if (accepted.case !== "call") throw new Error("the quiet case");
    return work(accepted.value);
  },
  "a generator server": (channel, work) => go(function* () {
    return work(yield* channel.server.accepting());
  }).join(),
};

/** Whether a waiter is left in one of the lines of the channel: it would meet a probe at once. */
function expectNobodyLeft(channel: CallChannel<unknown, unknown>): void {
  expect(poll(channel.server.accepting() as Operation<unknown>)).to.equal(undefined);
  expect(poll(channel.client.calling("probe"))).to.equal(undefined);
}

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("calls", () => {
  for (const [server, serve] of Object.entries(servers)) {
    for (const [client, ask] of Object.entries(askers)) {
      it(`CC-01 (a), calls.ts 1: a call is pending until accepted and until answered; the caller gets the answer (${client}, ${server})`, async () => {
        const channel = calls<number, string>();
        const answer = ask(channel, 7);
        expect(await isPending(answer)).to.equal(true);
        const call = await serve(channel, (accepted) => accepted);
        expect(call.value).to.equal(7);
        expect(await isPending(answer)).to.equal(true);
        expect(call.reply("seven")).to.equal(true);
        expect(await answer).to.equal("seven");
        expectNobodyLeft(channel);
      });

      it(`CC-01 (b) a server that came first is met in the same way (${client}, ${server})`, async () => {
        const channel = calls<number, string>();
        const served = serve(channel, (call) => call.reply(`${call.value}!`));
        expect(await isPending(served)).to.equal(true);
        expect(await ask(channel, 7)).to.equal("7!");
        expect(await served).to.equal(true);
        expectNobodyLeft(channel);
      });

      it(`CC-02 a failed call rejects its caller with that very error, whatever it is (${client}, ${server})`, async () => {
        for (const error of [new Error("no"), undefined, "text"]) {
          const channel = calls<number, string>();
          const served = serve(channel, (call) => call.fail(error));
          expect(await rejectionOf(ask(channel, 1))).to.equal(error);
          expect(await served).to.equal(true);
        }
      });

      it(`CC-05, calls.ts 1: a call that is dropped without an answer rejects its caller with a ClosedError (${client}, ${server})`, async () => {
        const channel = calls<number, string>("lookups");
        const served = serve(channel, (call) => {
          using _ = call;
          return call;
        });
        const error = await rejectionOf(ask(channel, 1));
        expect(error).to.be.instanceOf(ClosedError);
        expect((error as ClosedError).code).to.equal("RENDEZVOUS_CLOSED");
        expect((error as ClosedError).message).to.include('call on "lookups" was dropped without an answer');
        const call = await served;
        expect([call.reply("late"), call.fail("late")]).to.deep.equal([false, false]);
      });
    }
  }

  it("CC-01 (c) a second answer is false, and the first one stands", async () => {
    const channel = calls<number, string>();
    const answer = channel.client.call(1);
    const call = await channel.server.accept();
    expect([call.reply("first"), call.reply("second"), call.fail(new Error("third"))]).to.deep.equal([true, false, false]);
    call[Symbol.dispose]();
    expect(await answer).to.equal("first");

    const failing = channel.client.call(2);
    const other = await channel.server.accept();
    expect([other.fail("first"), other.fail("second"), other.reply("third")]).to.deep.equal([true, false, false]);
    other[Symbol.dispose]();
    expect(await rejectionOf(failing)).to.equal("first");
  });

  it("CC-01 (d) undefined, null, NaN and an error are questions and answers as any", async () => {
    const channel = calls<unknown, unknown>();
    for (const value of [undefined, null, Number.NaN, new Error("a value")]) {
      const answer = channel.client.call(value);
      const call = await channel.server.accept();
      expect(call.value).to.be.deep.equal(value);
      expect(call.reply(value)).to.equal(true);
      expect(await answer).to.deep.equal(value);
    }
  });

  it("CC-03 (a), calls.ts 2: a call aborted before it was accepted is not seen by the server, and leaves the line at once", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const reason = new Error("enough");
    const given = channel.client.call(1, { signal: giving.signal });
    const kept = channel.client.call(2);
    giving.abort(reason);
    const first = poll(channel.server.accepting())?.value;
    expect(first?.value).to.equal(2);
    first?.reply("two");
    expect(await rejectionOf(given)).to.equal(reason);
    expect(await kept).to.equal("two");
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
    expectNobodyLeft(channel);
  });

  it("CC-03 (b) an already aborted signal takes precedence over a waiting server", async () => {
    const channel = calls<number, string>();
    const accepting = channel.server.accept();
    expect(await rejectionOf(channel.client.call(1, { signal: AbortSignal.abort("before") }))).to.equal("before");
    expect(await isPending(accepting)).to.equal(true);
    void channel.client.call(2);
    expect((await accepting).value).to.equal(2);
  });

  it("CC-04 (a), calls.ts 2: the caller gives up after acceptance: call.signal aborts, and a late answer is false and changes nothing", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const given = channel.client.call(1, { signal: giving.signal });
    const call = await channel.server.accept();
    const aborted = new Promise((resolve) => { call.signal.addEventListener("abort", resolve); });
    expect(call.signal.aborted).to.equal(false);
    giving.abort("enough");
    expect(call.reply("late")).to.equal(false);
    expect(call.fail(new Error("late"))).to.equal(false);
    call[Symbol.dispose]();
    expect(await rejectionOf(given)).to.equal("enough");
    await aborted;
    expect(call.signal.aborted).to.equal(true);
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
  });

  it("CC-04 (b) call.signal, asked for only after the caller has given up, is aborted already", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const given = rejectionOf(channel.client.call(1, { signal: giving.signal }));
    const call = await channel.server.accept();
    giving.abort("enough");
    expect(call.signal.aborted).to.equal(true);
    expect(call.signal).to.equal(call.signal);
    await given;
  });

  it("CC-04 (c) listeners of call.signal run in a turn of their own, not in the stack of the abort", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const log: string[] = [];
    const given = channel.client.call(1, { signal: giving.signal }).catch(() => undefined);
    const call = await channel.server.accept();
    call.signal.addEventListener("abort", () => log.push("listener"));
    giving.abort();
    log.push("abort has returned");
    await settle();
    expect(log).to.deep.equal(["abort has returned", "listener"]);
    await given;
  });

  it("CC-04 (d) an answered call's signal stays as it is, also when the caller's own signal aborts later", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const answer = channel.client.call(1, { signal: giving.signal });
    const call = await channel.server.accept();
    const { signal } = call;
    call.reply("one");
    giving.abort();
    await settle();
    expect(signal.aborted).to.equal(false);
    expect(await answer).to.equal("one");
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
  });

  it("CC-04 (e) in the very turn of the reply the first of the two counts: reply is true exactly when the caller gets it", async () => {
    for (const replyFirst of [true, false]) {
      const channel = calls<number, string>();
      const giving = new AbortController();
      const answer = channel.client.call(1, { signal: giving.signal }).catch((reason: unknown) => reason);
      const call = await channel.server.accept();
      const { signal } = call;
      let replied = false;
      if (replyFirst) {
        replied = call.reply("answer");
        giving.abort("given up");
      } else {
        giving.abort("given up");
        replied = call.reply("answer");
      }
      expect(replied).to.equal(replyFirst);
      expect(await answer).to.equal(replyFirst ? "answer" : "given up");
      await settle();
      expect(signal.aborted).to.equal(!replyFirst);
    }
  });

  it("CC-04 (f) the server has seen a caller that was accepted in this very turn and gave up in it", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const accepted = channel.server.accept();
    const answer = channel.client.call(1, { signal: giving.signal }).catch((reason: unknown) => reason);
    giving.abort("given up");
    const call = await accepted;
    expect(call.value).to.equal(1);
    expect(call.signal.aborted).to.equal(true);
    expect(call.reply("late")).to.equal(false);
    expect(await answer).to.equal("given up");
  });

  it("CC-06 (a) calling in a select commits at accept, and gives a promise of the answer", async () => {
    const channel = calls<number, string>();
    const quiet = chan<number>();
    const selected = select({ asked: channel.client.calling(3), quiet: quiet.receiving() });
    expect(await isPending(selected)).to.equal(true);
    const call = await channel.server.accept();
    const result = await selected;
    if (result.case !== "asked") throw new Error("the quiet case");
    expect(quiet.trySend(1)).to.equal(false);
    expectTypeOf(result.value).toEqualTypeOf<Promise<string>>();
    expect(result.value).to.be.instanceOf(Promise);
    expect(await isPending(result.value)).to.equal(true);
    expect(call.reply("three")).to.equal(true);
    expect(await result.value).to.equal("three");
  });

  it("CC-06 (b) losing a select, calling leaves nothing: no server ever sees it", async () => {
    const channel = calls<number, string>();
    const other = chan<string>();
    const selected = select({ asked: channel.client.calling(3), other: other.receiving() });
    other.trySend("first");
    expect((await selected).case).to.equal("other");
    expectNobodyLeft(channel);
    const yielded = go(function* () {
      return yield* selecting({ asked: channel.client.calling(3), other: other.receiving() });
    });
    await settle();
    other.trySend("second");
    expect((await yielded).case).to.equal("other");
    expectNobodyLeft(channel);
  });

  it("CC-06 (c) an answer that comes before the caller has looked is kept for it, a failure too", async () => {
    const channel = calls<number, string>();
    for (const fails of [false, true]) {
      const selected = select({ asked: channel.client.calling(3) });
      const call = poll(channel.server.accepting())?.value;
      expect(fails ? call?.fail("no") : call?.reply("yes")).to.equal(true);
      const { value } = await selected;
      expect(await (fails ? rejectionOf(value) : value)).to.equal(fails ? "no" : "yes");
    }
  });

  it("CC-06 (d) one described call, performed twice, is two calls", async () => {
    const channel = calls<string, number>();
    const asking = channel.client.calling("again");
    const answers = [perform(asking), perform(asking)];
    expect(poll(channel.server.accepting())?.value.reply(1)).to.equal(true);
    expect(poll(channel.server.accepting())?.value.reply(2)).to.equal(true);
    expect(await Promise.all(answers)).to.deep.equal([1, 2]);
  });

  it("CC-06 (e) trySelect and poll call only a waiting server", async () => {
    const channel = calls<number, string>();
    expect(trySelect({ asked: channel.client.calling(1) })).to.equal(undefined);
    expect(poll(channel.client.calling(1))).to.equal(undefined);
    const accepted = channel.server.accept();
    const asked = trySelect({ asked: channel.client.calling(2) });
    (await accepted).reply("two");
    expect(await asked?.value).to.equal("two");
  });

  it("CC-07 (a) serve answers one call after the other, and in between none is accepted", async () => {
    const channel = calls<number, number>();
    const log: string[] = [];
    const gate = chan<void>();
    const serving = channel.server.serve(async (n) => {
      log.push(`begin ${n}`);
      await gate.receive();
      log.push(`end ${n}`);
      return n * n;
    });
    const answers = [1, 2, 3].map((n) => channel.client.call(n));
    await settle();
    expect(log).to.deep.equal(["begin 1"]);
    for (let n = 1; n <= 3; n++) await gate.send();
    expect(await Promise.all(answers)).to.deep.equal([1, 4, 9]);
    expect(log).to.deep.equal(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
    expect(await isPending(serving)).to.equal(true);
    expect(channel.close()).to.equal(true);
    expect(await serving).to.equal(undefined);
  });

  it("CC-07 (b) an error of the handler, thrown or rejected, goes to that caller, and serving goes on", async () => {
    const channel = calls<string, string>();
    const thrown = new Error("thrown");
    const rejected = new Error("rejected");
    const serving = channel.server.serve((what) => {
      if (what === "throw") throw thrown;
      return what === "reject" ? Promise.reject(rejected) : what;
    });
    expect(await rejectionOf(channel.client.call("throw"))).to.equal(thrown);
    expect(await rejectionOf(channel.client.call("reject"))).to.equal(rejected);
    expect(await channel.client.call("echo")).to.equal("echo");
    channel.close();
    await serving;
  });

  it("CC-07 (c) the handler sees the call, and may answer it itself, before it is done", async () => {
    const channel = calls<number, string>();
    const log: unknown[] = [];
    const serving = channel.server.serve(async (value, call) => {
      log.push(value === call.value, call.reply("at once"));
      await null;
      return "too late";
    });
    expect(await channel.client.call(1)).to.equal("at once");
    expect(log).to.deep.equal([true, true]);
    channel.close();
    await serving;
  });

  it("CC-07 (d) when a caller gives up during the handler, call.signal aborts; serving goes on", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const serving = channel.server.serve(async (n, { signal }) => {
      if (n === 1) await new Promise((resolve) => { signal.addEventListener("abort", resolve); });
      return "served";
    });
    const given = channel.client.call(1, { signal: giving.signal });
    await settle();
    giving.abort("enough");
    expect(await rejectionOf(given)).to.equal("enough");
    expect(await channel.client.call(2)).to.equal("served");
    channel.close();
    await serving;
  });

  it("CC-07 (e) for await accepts calls up to the end; break leaves the channel open", async () => {
    const channel = calls<number, number>();
    const answers = [1, 2, 3, 4].map((n) => channel.client.call(n));
    for await (const call of channel.server) {
      call.reply(call.value + 10);
      if (call.value === 2) break;
    }
    expect(channel.closed).to.equal(false);
    channel.close();
    for await (const call of channel.server) call.reply(call.value + 20);
    expect(await Promise.all(answers)).to.deep.equal([11, 12, 23, 24]);
  });

  it("CC-08 (a) calls are accepted in the order in which they were made, by servers in the order in which they came", async () => {
    const channel = calls<number, string>();
    const answers = [channel.client.call(1), perform(channel.client.calling(2)), channel.client.call(3)];
    const accepted = [1, 2, 3].map(() => poll(channel.server.accepting())?.value);
    expect(accepted.map((call) => call?.value)).to.deep.equal([1, 2, 3]);
    for (const call of accepted) call?.reply(`answer ${call.value}`);
    expect(await Promise.all(answers)).to.deep.equal(["answer 1", "answer 2", "answer 3"]);

    const log: string[] = [];
    for (const name of ["first", "second", "third"]) {
      go(async () => {
        const call = await channel.server.accept();
        log.push(`${name} ${call.value}`);
        call.reply(name);
      });
    }
    await settle();
    expect(await Promise.all([4, 5, 6].map((n) => channel.client.call(n)))).to.deep.equal(["first", "second", "third"]);
    expect(log).to.deep.equal(["first 4", "second 5", "third 6"]);
  });

  it("CC-08 (b), calls.ts 3: a call is sent on through a channel and answered by another task", async () => {
    const channel = calls<number, string>();
    const desk = chan<Call<number, string>>();
    go(async () => {
      for await (const call of channel.server) await desk.send(call);
      desk.close();
    });
    go(function* () {
      for (;;) {
        const next = yield* desk.nexting();
        if (next.done === true) return;
        next.value.reply(`answered elsewhere: ${next.value.value}`);
      }
    });
    expect(await channel.client.call(1)).to.equal("answered elsewhere: 1");
    expect(await channel.client.call(2)).to.equal("answered elsewhere: 2");
    channel.close();
    await settle();
    expect(desk.closed).to.equal(true);
  });

  it("CC-08 (c) a call that was passed on still shows its new owner that the caller has given up", async () => {
    const channel = calls<number, string>();
    const desk = chan<Call<number, string>>(1);
    const giving = new AbortController();
    const given = rejectionOf(channel.client.call(1, { signal: giving.signal }));
    await desk.send(await channel.server.accept());
    giving.abort("enough");
    const call = await desk.receive();
    expect([call.signal.aborted, call.reply("late")]).to.deep.equal([true, false]);
    expect(await given).to.equal("enough");
  });

  it("CC-08 (d) 1,000 clients and 10 servers in both lanes: every call is accepted once and gets its own answer", async function () {
    this.timeout(20_000);
    const next = random(seedOfRun);
    const channel = calls<number, string>();
    const acceptedBy = new Map<number, number[]>();
    const jitter = async (): Promise<void> => {
      for (let jobs = Math.floor(next() * 8); jobs > 0; jobs--) await null;
    };
    const note = (server: number, call: Call<number, string>): void => {
      acceptedBy.set(call.value, [...(acceptedBy.get(call.value) ?? []), server]);
    };
    const serving = Array.from({ length: 10 }, (_, server) => server % 2 === 0
      ? go(async () => {
          for await (const call of channel.server) {
            note(server, call);
            await jitter();
            call.reply(`answer ${call.value}`);
          }
        })
      : go(function* () {
          for (;;) {
            const result = yield* channel.server.accepting().map((call) => call, () => undefined);
            if (result === undefined) return;
            note(server, result);
            yield* settling(jitter());
            result.reply(`answer ${result.value}`);
          }
        }));
    const clients = Array.from({ length: 1000 }, (_, client) => {
      const ask = Object.values(askers)[client % 3];
      return async (): Promise<string | undefined> => {
        await jitter();
        return ask?.(channel, client);
      };
    });
    const answers = await gather(clients);
    expect(answers, `seed ${seedOfRun}`).to.deep.equal(Array.from({ length: 1000 }, (_, client) => `answer ${client}`));
    expect(acceptedBy.size, `seed ${seedOfRun}`).to.equal(1000);
    expect([...acceptedBy.values()].every((servers) => servers.length === 1), `seed ${seedOfRun}`).to.equal(true);
    channel.close();
    await gather(serving);
  });

  it("CC-08 (e) 1,000 callers, some of which give up at a random point: reply is true exactly for those that got it", async function () {
    this.timeout(20_000);
    const next = random(seedOfRun + 1);
    const channel = calls<number, number>();
    const pause = async (): Promise<void> => {
      for (let jobs = Math.floor(next() * 40); jobs > 0; jobs--) await null;
    };
    const replied = new Map<number, boolean>();
    const serving = Array.from({ length: 100 }, () => go(async () => {
      for await (const call of channel.server) {
        await pause();
        expect(replied.has(call.value)).to.equal(false);
        replied.set(call.value, call.reply(call.value));
      }
    }));
    const signals: AbortSignal[] = [];
    const got = await gather(Array.from({ length: 1000 }, (_, client) => async () => {
      const giving = new AbortController();
      signals.push(giving.signal);
      await pause();
      const answer = channel.client.call(client, { signal: giving.signal }).then(() => true, () => false);
      if (next() < 0.7) {
        for (let rounds = Math.floor(next() * 8); rounds > 0; rounds--) await pause();
        giving.abort();
      }
      return answer;
    }));
    channel.close();
    await gather(serving);
    const counts = { answered: 0, late: 0, unseen: 0 };
    for (const [client, answered] of got.entries()) {
      expect(replied.get(client) ?? false, `seed ${seedOfRun}, client ${client}`).to.equal(answered);
      counts[answered ? "answered" : replied.has(client) ? "late" : "unseen"]++;
    }
    for (const count of Object.values(counts)) expect(count, `seed ${seedOfRun}: ${JSON.stringify(counts)}`).to.be.above(10);
    for (const signal of signals) expect(getEventListeners(signal, "abort")).to.have.length(0);
  });

  it("CC-05 (b) a dropped call that nobody awaits is one unhandled rejection; an awaited one is none", async () => {
    const channel = calls<number, string>();
    const reasons = await unhandledDuring(async () => {
      void channel.client.call(1);
      (await channel.server.accept())[Symbol.dispose]();
      channel.client.call(2).catch(() => undefined);
      (await channel.server.accept())[Symbol.dispose]();
    });
    expect(reasons).to.have.length(1);
    expect(reasons[0]).to.be.instanceOf(ClosedError);
  });
});

describe("closing calls", () => {
  it("CC-07 (f) waiting callers are answered; later ones, and servers at the end, get a ClosedError", async () => {
    const channel = calls<number, string>("desk");
    const waiting = channel.client.call(1);
    expect(channel.closed).to.equal(false);
    expect([channel.close(), channel.close()]).to.deep.equal([true, false]);
    expect(channel.closed).to.equal(true);
    const late = await rejectionOf(channel.client.call(2));
    expect(late).to.be.instanceOf(ClosedError);
    expect((late as ClosedError).message).to.include('"desk"');
    expect(await rejectionOf(select({ ask: channel.client.calling(3) }))).to.be.instanceOf(ClosedError).and.include({ case: "ask" });
    expect(() => poll(channel.client.calling(3))).to.throw(ClosedError);
    expect(await isPending(waiting)).to.equal(true);
    (await channel.server.accept()).reply("still answered");
    expect(await waiting).to.equal("still answered");
    expect(await rejectionOf(channel.server.accept())).to.be.instanceOf(ClosedError);
    expect(await rejectionOf(go(function* () { yield* channel.server.accepting(); }))).to.be.instanceOf(ClosedError);
  });

  it("CC-07 (g) an accepted call is not touched by closing", async () => {
    const channel = calls<number, string>();
    const waiting = channel.client.call(1);
    const call = await channel.server.accept();
    channel.close(new Error("no more"));
    expect(await isPending(waiting)).to.equal(true);
    expect(call.signal.aborted).to.equal(false);
    expect(call.reply("one")).to.equal(true);
    expect(await waiting).to.equal("one");
  });

  it("CC-07 (h) a waiting server sees the end: accept rejects, serve fulfils, for await ends", async () => {
    const channel = calls<number, string>();
    const accepting = rejectionOf(channel.server.accept());
    const serving = channel.server.serve(() => "served");
    const looping = (async () => { for await (const _ of channel.server); })();
    await settle();
    channel.close();
    expect(await accepting).to.be.instanceOf(ClosedError);
    expect(await serving).to.equal(undefined);
    expect(await looping).to.equal(undefined);
  });

  it("CC-07 (i) closed with an error, servers get that very error, and later callers a ClosedError with it as cause", async () => {
    const channel = calls<number, string>();
    const error = new Error("out of order");
    const waiting = channel.client.call(1);
    const serving = channel.server.serve((n) => `served ${n}`);
    await settle();
    channel.close(error);
    expect(await waiting).to.equal("served 1");
    expect(await rejectionOf(serving)).to.equal(error);
    expect(await rejectionOf(channel.server.accept())).to.equal(error);
    const late = await rejectionOf(channel.client.call(2));
    expect(late).to.be.instanceOf(ClosedError);
    expect((late as ClosedError).cause).to.equal(error);
  });

  it("CC-03 (c) an accept given up by its signal takes no call, and leaves no listener", async () => {
    const channel = calls<number, string>();
    const giving = new AbortController();
    const accepting = channel.server.accept({ signal: giving.signal });
    giving.abort("enough");
    const answer = channel.client.call(1);
    expect(await rejectionOf(accepting)).to.equal("enough");
    (await channel.server.accept()).reply("one");
    expect(await answer).to.equal("one");
    expect(getEventListeners(giving.signal, "abort")).to.have.length(0);
  });
});
