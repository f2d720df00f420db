/** Laws 1, 2 and 4 in every order of small programs: a handover happens between two, whole, or not at all. */
import { chan, selecting, sleeping, type Channel } from "../../../src/node.ts";
import { attempt, ended, expectOutcomes, lanes, must, together, type Steps, type Verbs } from "../../support/exploring.ts";

for (const lane of lanes) {
  describe(`law 1, explored: an unbuffered send fulfils only after a receiver has taken the value (${lane})`, () => {
    it("law 1: at no point have more sends fulfilled than receives begun", async () => {
      let [begun, sent] = [0, 0];
      await expectOutcomes(({ outcome }) => {
        [begun, sent] = [0, 0];
        let ahead = 0;
        const ch = chan<number>();
        const sender = function* ({ send }: Verbs): Steps {
          for (const value of [1, 2]) {
            yield* send(ch, value);
            sent++;
          }
        };
        const receiver = function* ({ receive }: Verbs): Steps {
          for (let n = 0; n < 2; n++) {
            begun++;
            yield* receive(ch);
            ahead = Math.max(ahead, sent - n);
          }
        };
        together(lane, [sender, receiver], () => { outcome(`the receiver has seen ${ahead} ahead`); });
      }, ["the receiver has seen 0 ahead", "the receiver has seen 1 ahead"], {
        invariant: () => must(sent <= begun, `${sent} sends have fulfilled, ${begun} receives have begun`),
      });
    });

    it("law 1: of two sends only the one whose value was taken fulfils, and only after the receive has begun", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<string>();
        const ends: string[] = [];
        let begun = false;
        const sender = (name: string) => function* ({ send }: Verbs): Steps {
          ends.push(yield* attempt(send(ch, name), () => {
            must(begun, `${name} is sent, and nobody has received`);
            return `${name} is sent`;
          }));
        };
        const receiver = function* ({ receive }: Verbs): Steps {
          begun = true;
          const got = yield* receive(ch);
          ch.cancel();
          ends.push(`${got} is received`);
        };
        together(lane, [sender("a"), sender("b"), receiver], () => { outcome(ends.sort().join()); });
      }, ["ClosedError,a is received,a is sent", "ClosedError,b is received,b is sent"]);
    });

    it("law 1: a receive that was withdrawn is no receiver", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>();
        const giveUp = new AbortController();
        const ends = { sent: "", got: "" };
        together(lane, [
          function* ({ send }) { ends.sent = yield* attempt(send(ch, 1), () => "sent"); },
          function* ({ receive }) {
            ends.got = yield* attempt(receive(ch, giveUp.signal), () => "received");
            ch.cancel();
          },
          function* () { giveUp.abort("aborted"); },
        ], () => { outcome(`${ends.sent}, ${ends.got}`); });
      }, ["sent, received", "ClosedError, aborted"]);
    });
  });

  describe(`law 2, explored: each fulfilled send is received exactly once, a rejected one never (${lane})`, () => {
    for (const capacity of [0, 1]) {
      it(`law 2: one value for two receivers goes to one of them (capacity ${capacity})`, async () => {
        await expectOutcomes(({ outcome }) => {
          const ch = chan<number>(capacity);
          const ends: string[] = [];
          const receiver = (name: string) => function* ({ receive }: Verbs): Steps {
            ends.push(`${name} ${yield* attempt(receive(ch), String)}`);
          };
          const sender = function* ({ send }: Verbs): Steps {
            yield* send(ch, 1);
            ch.close();
          };
          together(lane, [receiver("a"), receiver("b"), sender], () => { outcome(ends.sort().join()); });
        }, ["a 1,b ClosedError", "a ClosedError,b 1"]);
      });

      it(`law 2: the value of an aborted send is never received, every other value once (capacity ${capacity})`, async () => {
        await expectOutcomes(({ outcome }) => {
          const ch = chan<number>(capacity);
          const giveUp = new AbortController();
          const [sent, got]: number[][] = [[], []];
          together(lane, [
            function* ({ send }) {
              for (const value of [1, 2]) {
                try {
                  yield* send(ch, value, giveUp.signal);
                  sent?.push(value);
                } catch { /* aborted */ }
              }
              ch.close();
            },
            function* ({ next }) { for (let one = yield* next(ch); one.done !== true; one = yield* next(ch)) got?.push(one.value); },
            function* () { giveUp.abort(); },
          ], () => {
            must(String(sent) === String(got), `sent ${String(sent)}, received ${String(got)}`);
            outcome(`sent ${String(sent)}`);
          });
        }, ["sent ", "sent 1", "sent 1,2"]);
      });
    }

    it("law 2: a select with a send to each of two receivers sends to only one", async () => {
      await expectOutcomes(({ outcome }) => {
        const [left, right] = [chan<string>(), chan<string>()];
        const ends: string[] = [];
        const receiver = (ch: Channel<string>) => function* ({ receive }: Verbs): Steps {
          ends.push(yield* attempt(receive(ch), (value) => value));
        };
        together(lane, [receiver(left), receiver(right), function* ({ perform }) {
          const { case: to } = yield* perform(selecting({ left: left.sending("to the left"), right: right.sending("to the right") }));
          left.cancel();
          right.cancel();
          ends.push(to);
        }], () => { outcome(ends.sort().join()); });
      }, ["ClosedError,left,to the left", "ClosedError,right,to the right"]);
    });

    it("law 2: a send that met a cancel was not received", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>();
        const [sent, got]: number[][] = [[], []];
        together(lane, [
          function* ({ send }) { for (const value of [1, 2]) if ((yield* attempt(send(ch, value), () => "sent")) === "sent") sent?.push(value); },
          function* ({ next }) { for (let one = yield* next(ch); one.done !== true; one = yield* next(ch)) got?.push(one.value); },
          function* () { ch.cancel(); },
        ], () => {
          must(String(sent) === String(got), `sent ${String(sent)}, received ${String(got)}`);
          outcome(`sent ${String(sent)}`);
        });
      }, ["sent ", "sent 1", "sent 1,2"]);
    });

    it("law 2: a receive that was aborted took nothing", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>(1);
        const giveUp = new AbortController();
        let got = "";
        together(lane, [
          function* ({ send }) { yield* send(ch, 1); },
          function* ({ receive }) { got = yield* attempt(receive(ch, giveUp.signal), String); },
          function* () { giveUp.abort("aborted"); },
        ], () => { outcome(`${got}, left: ${String(ch.tryReceive()?.value)}`); });
      }, ["1, left: undefined", "aborted, left: 1"]);
    });
  });

  describe(`law 4, explored: an event that ends a wait takes full effect before the handover or none at all (${lane})`, () => {
    const endings: Record<string, { ends: string; end: (ch: Channel<number>, sender: AbortController, receiver: AbortController) => void }> = {
      "an abort of the sender": { ends: "sender", end: (_, sender) => { sender.abort("gone"); } },
      "an abort of the receiver": { ends: "receiver", end: (_, __, receiver) => { receiver.abort("gone"); } },
      "a cancel": { ends: "sender and receiver", end: (ch) => { ch.cancel(); } },
      "a close": { ends: "sender", end: (ch) => { ch.close(); } },
    };
    for (const [name, { ends, end }] of Object.entries(endings)) {
      it(`law 4: ${name} leaves both sides with the value handed over, or neither, and an operation that begins after it gets nothing`, async () => {
        await expectOutcomes(({ outcome }) => {
          const ch = chan<number>();
          const [sender, receiver] = [new AbortController(), new AbortController()];
          const came = { sent: "", got: "" };
          let over = false;
          together(lane, [
            function* ({ send }) {
              const late = over && ends.includes("sender");
              came.sent = yield* attempt(send(ch, 1, sender.signal), () => "sent");
              must(!late || came.sent !== "sent", `sent after ${name}`);
              ch.close();
            },
            function* ({ receive }) {
              const late = over && ends.includes("receiver");
              came.got = yield* attempt(receive(ch, receiver.signal), () => "got");
              must(!late || came.got !== "got", `received after ${name}`);
              ch.cancel();
            },
            function* () {
              end(ch, sender, receiver);
              over = true;
            },
          ], () => {
            must((came.sent === "sent") === (came.got === "got"), `${came.sent}, but ${came.got}`);
            outcome(came.sent === "sent" ? "handed over" : "nothing");
          });
        }, ["handed over", "nothing"]);
      });
    }

    it("law 4: a time limit leaves both sides with the value handed over, or neither", async () => {
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>();
        const ends = { sent: "", got: "" };
        return ended(together(lane, [
          function* ({ send }) { ends.sent = yield* attempt(send(ch, 1), () => "sent"); },
          function* ({ perform }) {
            ends.got = (yield* perform(selecting({ got: ch.receiving(), late: sleeping(1) }))).case;
            ch.cancel();
          },
        ], () => { outcome(`${ends.sent}, ${ends.got}`); }));
      }, ["sent, got", "ClosedError, late"], { timers: "race" });
    });
  });
}
