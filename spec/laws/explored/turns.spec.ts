/**
 * Laws 7 and 10 in every order of small programs: no task runs inside of another's call, and no task keeps a turn for ever.
 *
 * Under exploration the explorer is the scheduler: its order of turns and its budget are not in question here, and have specs of their own.
 * The question is whether everything goes on in a turn that the scheduler gives, even if it was ready at once.
 */
import { chan, choose, selecting, sleep, type Channel } from "../../../src/node.ts";
import { shared } from "../../../src/testing/index.ts";
import { attempt, expectOutcomes, lanes, must, together, type Steps, type Verbs } from "../../support/exploring.ts";

for (const lane of lanes) {
  describe(`law 7, explored: completing an operation never runs the other party's code in your stack (${lane})`, () => {
    const calls: Record<string, (ch: Channel<number>, giveUp: AbortController) => void> = {
      "trySend": (ch) => { ch.trySend(1); },
      "tryReceive": (ch) => { ch.tryReceive(); },
      "send": (ch) => { ch.send(1).catch(() => undefined); },
      "receive": (ch) => { ch.receive().catch(() => undefined); },
      "close": (ch) => { ch.close(); },
      "cancel": (ch) => { ch.cancel(); },
      "an abort": (_, giveUp) => { giveUp.abort("aborted"); },
    };
    for (const [name, call] of Object.entries(calls)) {
      it(`law 7: ${name} returns before any task that it wakes goes on`, async () => {
        await expectOutcomes(({ outcome }) => {
          const ch = chan<number>();
          const giveUp = new AbortController();
          let inside = false;
          let woken = 0;
          const other = (steps: (verbs: Verbs) => Steps<unknown>) => function* (verbs: Verbs): Steps {
            yield* attempt(steps(verbs), () => "");
            must(!inside, `woken inside of ${name}`);
            woken++;
          };
          together(lane, [
            other(({ receive }) => receive(ch, giveUp.signal)),
            other(({ perform }) => perform(selecting([ch.receiving(), chan<never>().receiving()]), giveUp.signal)),
            function* () {
              inside = true;
              call(ch, giveUp);
              inside = false;
              ch.cancel();
            },
          ], () => { outcome(`${woken} were woken`); });
        }, ["2 were woken"]);
        await expectOutcomes(({ outcome }) => {
          const ch = chan<number>();
          const giveUp = new AbortController();
          let inside = false;
          let end = "";
          together(lane, [
            function* ({ perform }) {
              end = yield* attempt(perform(choose(ch.sending(7), chan<never>().receiving()), giveUp.signal), () => "sent");
              must(!inside, `woken inside of ${name}`);
            },
            function* () {
              inside = true;
              call(ch, giveUp);
              inside = false;
              ch.cancel();
            },
          ], () => { outcome(end); });
        }, { "tryReceive": ["sent", "ClosedError"], "receive": ["sent", "ClosedError"], "an abort": ["aborted"] }[name] ?? ["ClosedError"]);
      });
    }

    it("law 7: in a chain of handovers no stack is deeper than the one before", async () => {
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 50;
      await expectOutcomes(({ outcome }) => {
        const channels = Array.from({ length: 4 }, () => chan<number>());
        const depths = [new Set<number>(), new Set<number>()];
        const link = (at: number) => function* ({ receive, send }: Verbs): Steps {
          yield* receive(channels[at] as Channel<number>);
          depths[at % 2]?.add(new Error().stack?.split("\n").length ?? 0); // "mixed" lanes have depths of their own
          if (at < 2) yield* send(channels[at + 1] as Channel<number>, 1);
        };
        together(lane, [link(0), link(1), link(2), function* ({ send }) { yield* send(channels[0] as Channel<number>, 1); }], () => {
          for (const all of depths) must(all.size === 1, `stacks of ${[...all].join()}`);
          outcome("arrived");
        });
      }, ["arrived"]).finally(() => { Error.stackTraceLimit = stackTraceLimit; });
    });
  });

  describe(`law 10, explored: tasks that only talk to each other starve no other task (${lane})`, () => {
    const endless: Record<string, (verbs: Verbs, ch: Channel<number>) => Steps> = {
      *"receives that are ready"({ receive }, ch) {
        ch.trySend(1);
        yield* receive(ch);
      },
      *"sends that are ready"({ send }, ch) {
        yield* send(ch, 1);
        ch.tryReceive();
      },
      *"selects that are ready"({ perform }, ch) {
        ch.trySend(1);
        yield* perform(selecting({ it: ch.receiving(), quiet: chan<never>().receiving() }));
      },
      *"receives that fail"({ receive }) {
        const ended = chan<number>();
        ended.close();
        yield* attempt(receive(ended), () => "");
      },
    };
    for (const [name, ready] of Object.entries(endless)) {
      it(`law 10: between ${name} another task may always go on`, async () => {
        await expectOutcomes(({ outcome }) => {
          const said = shared({ stop: false });
          let turns = 0;
          together(lane, [
            function* (verbs) {
              const ch = chan<number>(1);
              while (!said.stop && turns < 3) {
                yield* ready(verbs, ch);
                turns++;
              }
            },
            function* () { said.stop = true; },
          ], () => { outcome(`stopped after ${turns}`); });
        }, [0, 1, 2, 3].map((turns) => `stopped after ${turns}`));
      });
    }

    it("law 10: a timer that is due may fire between any two handovers of other tasks", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>();
        const said = shared({ stop: false });
        let sent = 0;
        together(lane, [
          function* ({ send }) {
            while (!said.stop && sent < 2) {
              yield* send(ch, 1);
              sent++;
            }
            ch.close();
          },
          function* ({ next }) { while ((yield* next(ch)).done !== true) continue; },
        ], () => { outcome(`stopped after ${sent}`); });
        return sleep(1).then(() => { said.stop = true; });
      }, ["stopped after 0", "stopped after 1", "stopped after 2"], { timers: "race" });
    });
  });
}
