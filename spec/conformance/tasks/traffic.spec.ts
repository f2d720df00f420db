/** Random traffic of tasks that are cancelled and run out of time: no value is lost, none comes twice, no task is left waiting. */
import { getEventListeners } from "node:events";
import { expect } from "chai";
import sinon from "sinon";
import { chan, checkpoint, scope, select, selecting, timeout, type Channel, type ChildTask, type Operation, type Scope } from "../../../src/node.ts";
import { failOnUnhandledRejections, seeded } from "../channels/support.ts";
import { waitersOn } from "./support.ts";

/** Sets of values that are noted once each. */
class Values {
  readonly #seen = new Set<number>();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  note(value: number): void {
    if (this.#seen.has(value)) throw new Error(`${String(value)} was ${this.#name} twice`);
    this.#seen.add(value);
  }

  get sorted(): number[] {
    return [...this.#seen].toSorted((one, other) => one - other);
  }
}

const operations = 100_000;

describe("random traffic in a scope", () => {
  afterEach(() => { sinon.restore(); });
  failOnUnhandledRejections();

  it(`S-29: ${String(operations)} random sends, receives, selects, cancels and timeouts: each value that was sent is received once`, async function () {
    this.timeout(60_000);
    await seeded(async (random) => {
      const clock = sinon.useFakeTimers();
      const channels = [0, 0, 0, 1, 3].map((capacity) => chan<number>(capacity));
      const [sent, received] = [new Values("sent"), new Values("received")];
      const counts: Record<string, number> = { done: 0, cancelled: 0, late: 0 };
      const ended: ChildTask<void>[] = [];
      let next = 0;
      const pick = (): Channel<number> => channels[random(channels.length)] as Channel<number>;

      /** An operation, and what its performer records when it has happened, in its own turn. */
      const one = (): { operation: Operation<unknown>; start: (s?: Scope) => Promise<unknown>; happened: (result: unknown) => void } => {
        const ch = pick();
        const value = next++;
        const signal = random(2) === 0;
        const options = (s?: Scope): { signal?: AbortSignal } => (signal && s !== undefined ? { signal: s.signal } : {});
        switch (random(5)) {
          case 0: case 1:
            return { operation: ch.sending(value), start: (s) => ch.send(value, options(s)), happened: () => { sent.note(value); } };
          case 2: case 3:
            return { operation: ch.receiving(), start: (s) => ch.receive(options(s)), happened: (result) => { received.note(result as number); } };
          default: {
            const cases = { s: ch.sending(value), r: pick().receiving(), n: pick().nexting() };
            return {
              operation: selecting(cases),
              start: (s) => select(cases, options(s)),
              happened: (result) => {
                const selected = result as { case: "s" } | { case: "r"; value: number } | { case: "n"; value: { value: number } };
                if (selected.case === "s") sent.note(value);
                else received.note(selected.case === "r" ? selected.value : selected.value.value);
              },
            };
          }
        }
      };

      const asynchronous = (count: number, s?: Scope) => async (): Promise<void> => {
        for (let n = 0; n < count; n++) {
          const { start, happened } = one();
          happened(await start(s));
        }
      };
      const generator = (count: number) => function* (): Generator<unknown, void> {
        for (let n = 0; n < count; n++) {
          const { operation, happened } = one();
          happened(yield* operation);
        }
      };
      const timed = (count: number) => async (): Promise<void> => {
        const body = random(2) === 0 ? asynchronous(count) : generator(count);
        await timeout(1 + random(20), body).then(undefined, (error: unknown) => {
          if ((error as Error).name !== "TimeoutError") throw error;
          counts["late"] = (counts["late"] ?? 0) + 1;
        });
      };

      let signal: AbortSignal | undefined;
      await scope(async (s) => {
        ({ signal } = s);
        const alive: ChildTask<void>[] = [];
        while (next < operations) {
          for (let n = 0; n < 20; n++) {
            const count = 1 + random(6);
            alive.push(s.go([asynchronous(count), asynchronous(count, s), generator(count), timed(count)][random(4)] as () => Promise<void>));
          }
          // A cancel in any microtask of the turn, right after a handover too.
          for (let jobs = random(6); jobs > 0; jobs--) await null;
          for (let n = 0; n < 4; n++) {
            const value = next++;
            if (random(3) === 0 && pick().trySend(value)) sent.note(value);
            const [whom] = alive.splice(random(alive.length), 1);
            if (whom === undefined) continue;
            whom.cancel();
            ended.push(whom);
          }
          clock.tick(random(3));
          if (random(4) === 0) await checkpoint();
          if (alive.length > 200) {
            for (const task of alive.splice(0, 100)) {
              task.cancel();
              ended.push(task);
            }
          }
        }
        s.cancel();
        ended.push(...alive);
      });
      for (const { state } of ended) counts[state] = (counts[state] ?? 0) + 1;

      for (const ch of channels) for (let result = ch.tryReceive(); result?.done === false; result = ch.tryReceive()) received.note(result.value);
      expect(received.sorted).to.deep.equal(sent.sorted);
      for (const ch of channels) if (ch.capacity === 0) expect(waitersOn(ch)).to.equal(0);
      expect(getEventListeners(signal as AbortSignal, "abort")).to.have.length(0);
      expect(clock.countTimers()).to.equal(0);
      // They do talk, and each way of ending is there.
      expect(sent.sorted.length).to.be.greaterThan(operations / 10);
      expect(Math.min(...Object.values(counts)), JSON.stringify(counts)).to.be.greaterThan(100);
    });
  });
});
