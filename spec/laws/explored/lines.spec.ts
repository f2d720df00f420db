/** Laws 3 and 5 in every order of small programs: waiters are served in order, and a wait that has ended leaves no trace. */
import { getEventListeners } from "node:events";
import { chan, choose, selecting, sleeping, type Channel } from "../../../src/node.ts";
import { controller } from "../../../src/core/controller.ts";
import type { WaitQueue } from "../../../src/core/wait-queue.ts";
import type { ControlledScheduler } from "../../../src/testing/scheduler/controlled-scheduler.ts";
import { attempt, ended, expectOutcomes, lanes, must, together, type Steps, type Verbs } from "../../support/exploring.ts";

/** A case that never happens makes a plain wait a selected one. */
const never = (): Channel<never> => chan<never>();

function lengthOf(line: WaitQueue): number {
  let length = 0;
  for (let waiter = line.first; waiter; waiter = waiter.next) length++;
  return length;
}

for (const lane of lanes) {
  describe(`law 3, explored: first come, first served, plain and selected alike (${lane})`, () => {
    for (const capacity of [0, 1]) {
      it(`law 3: values arrive in the order in which their sends began (capacity ${capacity})`, async () => {
        await expectOutcomes(({ outcome }) => {
          const ch = chan<string>(capacity);
          const begun: string[] = [];
          const got: string[] = [];
          together(lane, [
            function* ({ send }) {
              for (const value of ["a", "b"]) {
                begun.push(value);
                yield* send(ch, value);
              }
            },
            function* ({ perform }) {
              begun.push("selected");
              yield* perform(choose<unknown>(never().receiving(), ch.sending("selected")));
            },
            function* ({ receive }) { for (let n = 0; n < 3; n++) got.push(yield* receive(ch)); },
          ], () => {
            must(got.join() === begun.join(), `begun in the order ${begun.join()}, received in the order ${got.join()}`);
            outcome(got.join());
          });
        }, ["a,b,selected", "a,selected,b", "selected,a,b"]);
      });
    }

    it("law 3: receivers are served in the order in which they began, whichever of them leaves the line", async () => {
      await expectOutcomes(({ outcome, choose: chosen }) => {
        const ch = chan<number>();
        const giveUp = new AbortController();
        const leavesBefore = chosen(1, 2);
        const begun: string[] = [];
        const got = new Map<string, string>();
        const receiver = (name: string, selected: boolean, signal?: AbortSignal) => function* ({ receive, perform }: Verbs): Steps {
          begun.push(name);
          const either = selected ? perform(selecting([ch.receiving(), never().receiving()]), signal) : receive(ch, signal);
          got.set(name, yield* attempt<unknown>(either as Steps<unknown>, (value) => String(selected ? (value as { value: number }).value : value)));
        };
        together(lane, [
          receiver("a", false),
          receiver("leaves", true, giveUp.signal),
          receiver("b", true),
          function* ({ send }) {
            for (const value of [1, 2]) {
              if (value === leavesBefore) giveUp.abort("left");
              yield* send(ch, value);
            }
            ch.close();
          },
        ], () => {
          const served = begun.filter((name) => got.get(name) !== "left").map((name) => got.get(name));
          must(/^1,2(,ClosedError)?$/.test(served.join()), `begun in the order ${begun.join()}, served ${served.join()}`);
          outcome(`a ${got.get("a")}, b ${got.get("b")}`);
        });
      }, ["a 1, b 2", "a 2, b 1", "a 2, b ClosedError", "a ClosedError, b 2"]);
    });
  });

  describe(`law 5, explored: an operation that lost or was withdrawn leaves nothing behind (${lane})`, () => {
    it("law 5: a select that has happened is in no line and has no timer and no listener on a signal, before any task goes on", async () => {
      let check = (): void => undefined;
      await expectOutcomes(({ outcome }) => {
        const [a, b] = [chan<number>(), chan<number>()];
        const { signal } = new AbortController();
        let handedOver = 0;
        const traces = (): number => lengthOf(a.receivers) + lengthOf(b.receivers) + getEventListeners(signal, "abort").length +
          ((controller as ControlledScheduler | undefined)?.agenda.timers.length ?? 0);
        check = (): void => {
          const left = traces();
          must(handedOver === 0 || left === 0, `${left} are left of a select that has happened`);
          must(left === 0 || left === 4, `a select that waits is in ${left} places of 4`);
        };
        const offer = (ch: Channel<number>) => function* (): Steps {
          if (ch.trySend(1)) handedOver++;
          check();
        };
        let selected = "";
        return ended(together(lane, [offer(a), offer(b), function* ({ perform }) {
          selected = (yield* perform(selecting({ a: a.receiving(), b: b.receiving(), late: sleeping(1) }), signal)).case;
        }], () => { outcome(`${selected}, ${handedOver} handed over`); }));
      }, ["a, 1 handed over", "b, 1 handed over", "late, 0 handed over"], { invariant: () => { check(); } });
    });

    it("law 5: an aborted or cancelled wait leaves the line from wherever it is, and no other waiter does", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>();
        const giveUp = new AbortController();
        const waiting = new Set<string>();
        const sender = (name: string, signal?: AbortSignal) => function* ({ send }: Verbs): Steps {
          waiting.add(name);
          yield* attempt(send(ch, 1, signal), () => "sent");
        };
        let seen = "";
        together(lane, [sender("a"), sender("leaves", giveUp.signal), sender("b"), function* () {
          giveUp.abort();
          waiting.delete("leaves");
          seen = [...waiting].sort().join();
          must(lengthOf(ch.senders) === waiting.size, `${lengthOf(ch.senders)} in line, where ${seen} wait`);
          ch.cancel();
          must(ch.senders.empty && getEventListeners(giveUp.signal, "abort").length === 0, "somebody is left");
        }], () => { outcome(`then there waited: ${seen}`); });
      }, ["then there waited: ", "then there waited: a", "then there waited: a,b", "then there waited: b"]);
    });

    it("law 5: the iterator of a loop that has ended is in no line, and the value it waited for goes to another receiver, or to none", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>();
        const loop = ch[Symbol.asyncIterator]();
        let [got, sent] = ["", false];
        together(lane, [
          function* ({ settled }) {
            const { done, value } = yield* settled(loop.next());
            got = done === true ? "the end" : String(value);
          },
          function* ({ settled }) {
            const ended = loop.return?.();
            must(ended !== undefined && ch.receivers.empty, "it is left in line");
            yield* settled(ended as Promise<unknown>);
          },
          function* () { sent = ch.trySend(1); },
        ], () => {
          must(sent === (got === "1"), `${sent ? "handed over" : "not handed over"}, and it got ${got}`);
          outcome(got);
        });
      }, ["1", "the end"]);
    });
  });
}
