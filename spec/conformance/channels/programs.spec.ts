/**
 * Channels, section G: whole programs, and chains of wake-ups.
 */
import { expect } from "chai";
import { chan, gather, go, perform, select, selecting, type Channel, type Receiver, type Task } from "../../../src/index.ts";
import { settle } from "../../support/settle.ts";
import { failOnUnhandledRejections, runProgram } from "./support.ts";

/** One link of a chain: receives from its right neighbour and sends one more to its left one. */
const links: Record<string, (left: Channel<number>, right: Channel<number>) => Task<void>> = {
  "async tasks": (left, right) => go(async () => { await left.send(1 + (await right.receive())); }),
  "async tasks that select": (left, right) => go(async () => {
    const { value } = await select({ r: right.receiving(), also: right.receiving() });
    await select([left.sending(value + 1)]);
  }),
  "generator tasks": (left, right) => go(function* () { yield* left.sending(1 + (yield* right.receiving())); }),
  "generator tasks that select": (left, right) => go(function* () {
    const { value } = yield* selecting({ r: right.receiving(), also: right.receiving() });
    yield* selecting([left.sending(value + 1)]);
  }),
};

describe("programs", () => {
  failOnUnhandledRejections();

  for (const lane of ["async", "generator"] as const) {
    it(`PR-01 a chain of filters gives the 25 primes below 100: ${lane}`, async () => {
      const from2 = chan<number>();
      const main = lane === "async"
        ? go(async () => { for (let n = 2; ; n++) await from2.send(n); })
        : go(function* () { for (let n = 2; ; n++) yield* from2.sending(n); });
      const filter = (input: Receiver<number>, prime: number): Channel<number> => {
        const output = chan<number>();
        if (lane === "async") {
          go(async () => { for await (const n of input) if (n % prime !== 0) await output.send(n); });
        } else {
          go(function* () {
            for (;;) {
              const n = yield* input.receiving();
              if (n % prime !== 0) yield* output.sending(n);
            }
          });
        }
        return output;
      };
      const primes: number[] = [];
      let input: Channel<number> = from2;
      for (let count = 0; count < 25; count++) {
        const prime = await input.receive();
        primes.push(prime);
        input = filter(input, prime);
      }
      expect(primes).to.deep.equal(
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97],
      );
      expect(main.state).to.equal("running");
    });
  }

  it("PR-01 (b) the unfinished filters do not hang the process", async function () {
    this.timeout(60_000);
    expect(await runProgram("sieve.ts")).to.deep.equal({ code: 0, output: "2 3 5 7 11 13 17 19 23 29\n", errors: "" });
  });

  for (const count of [10_000, 100_000]) {
    for (const [lane, link] of Object.entries(links)) {
      it(`PR-04 a daisy chain of ${String(count)} tasks finishes on the default stack: ${lane}`, async function () {
        this.timeout(60_000);
        const leftmost = chan<number>();
        const tasks: Task<void>[] = [];
        let left = leftmost;
        for (let n = 0; n < count; n++) {
          const right = chan<number>();
          tasks.push(link(left, right));
          left = right;
        }
        await settle();
        void left.send(0);
        expect(await leftmost.receive()).to.equal(count);
        for (const task of tasks) await task;
      });
    }
  }
});

/** What each of those in line does when it is woken: it wakes the next. */
const wakings: Record<string, (count: number) => Promise<number>> = {
  "receivers that wake the next receiver by trySend": async (count) => {
    const channels = Array.from({ length: count + 1 }, () => chan<number>());
    channels.slice(0, -1).forEach((channel, index) => {
      void channel.receive().then((value) => channels[index + 1]?.trySend(value + 1));
    });
    const last = (channels[count] as Channel<number>).receive();
    channels[0]?.trySend(0);
    return last;
  },
  "receivers that wake the next receiver by trySend, as generators": async (count) => {
    const channels = Array.from({ length: count + 1 }, () => chan<number>());
    channels.slice(0, -1).forEach((channel, index) => go(function* () {
      const value = yield* channel.receiving();
      channels[index + 1]?.trySend(value + 1);
    }));
    const last = (channels[count] as Channel<number>).receive();
    await settle();
    channels[0]?.trySend(0);
    return last;
  },
  "map functions that wake the next": async (count) => {
    const channels = Array.from({ length: count + 1 }, () => chan<number>());
    channels.slice(0, -1).forEach((channel, index) => {
      void perform(channel.receiving().map((value) => channels[index + 1]?.trySend(value + 1)));
    });
    const last = (channels[count] as Channel<number>).receive();
    channels[0]?.trySend(0);
    return last;
  },
  "ends of channels that close the next": async (count) => {
    const channels = Array.from({ length: count }, () => chan<number>());
    let ended = 0;
    const all = channels.map((channel, index) => channel.next().then(() => {
      ended++;
      channels[index + 1]?.close();
    }));
    channels[0]?.close();
    await Promise.all(all);
    return ended;
  },
  "refused senders that cancel the next channel": async (count) => {
    const channels = Array.from({ length: count }, () => chan<number>());
    let refused = 0;
    const all = channels.map((channel, index) => channel.send(0).catch(() => {
      refused++;
      channels[index + 1]?.cancel();
    }));
    channels[0]?.cancel();
    await Promise.all(all);
    return refused;
  },
  "tasks that join the one before": async (count) => {
    let task: Task<number> = go(() => 0);
    for (let n = 0; n < count; n++) {
      const before = task;
      task = go(function* () { return 1 + (yield* before.joining()); });
    }
    return task.join();
  },
};

describe("chains of wake-ups", () => {
  failOnUnhandledRejections();

  for (const [how, chain] of Object.entries(wakings)) {
    it(`RG-01 a chain of 100,000 wake-ups runs on the default stack: ${how}`, async function () {
      this.timeout(60_000);
      expect(await chain(100_000)).to.equal(100_000);
    });
  }

  it("RG-01 (b) a hundred thousand waiting on one channel are woken by one close and by one cancel", async function () {
    this.timeout(60_000);
    const channel = chan<number>();
    const received = Array.from({ length: 100_000 }, () => channel.next());
    channel.close();
    expect((await Promise.all(received)).every(({ done }) => done === true)).to.equal(true);
    const refusing = chan<number>();
    const sent = Array.from({ length: 100_000 }, () => refusing.send(1).catch(() => "refused"));
    refusing.cancel();
    expect((await Promise.all(sent)).every((result) => result === "refused")).to.equal(true);
  });

  it("RG-13 a hundred thousand tasks are gathered, and 8 times as many cost in the order of 8 times as much", async function () {
    this.timeout(60_000);
    const results = await gather(Array.from({ length: 100_000 }, (_, index) => async () => Promise.resolve(index)));
    expect(results.length).to.equal(100_000);
    expect(results.every((value, index) => value === index)).to.equal(true);
    const { code, output, errors } = await runProgram("gather-cost.ts");
    expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
    expect(Number(output)).to.be.above(0);
    // 8 times as many: linear is 8 times the work, quadratic 64 times.
    expect(Number(output)).to.be.below(32);
  });
});
