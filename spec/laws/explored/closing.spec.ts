/** Law 9 in every order of small programs: close comes after everything accepted, cancel at once. */
import { chan, choose } from "../../../src/node.ts";
import { attempt, expectOutcomes, lanes, must, together, type Steps, type Verbs } from "../../support/exploring.ts";

for (const lane of lanes) {
  describe(`law 9, explored: the end is in order (${lane})`, () => {
    for (const capacity of [0, 1]) {
      it(`law 9: everything accepted or in line at a close arrives, in order, and then the end (capacity ${capacity})`, async () => {
        await expectOutcomes(({ outcome }) => {
          const ch = chan<string>(capacity);
          const begun: string[] = [];
          const got: string[] = [];
          const sender = (name: string, selected: boolean) => function* ({ send, perform }: Verbs): Steps {
            const open = !ch.closed;
            if (open) begun.push(name);
            const sending = selected ? perform(choose<unknown>(ch.sending(name), chan<never>().receiving())) : send(ch, name);
            const end = yield* attempt<unknown>(sending as Steps<unknown>, () => "sent");
            must(end === (open ? "sent" : "ClosedError"), `begun ${open ? "before" : "after"} the close: ${end}`);
          };
          together(lane, [sender("a", false), sender("b", true), function* () { ch.close(); }, function* ({ next }) {
            for (let one = yield* next(ch); one.done !== true; one = yield* next(ch)) got.push(one.value);
            must(ch.closed, "an end without a close");
          }], () => {
            must(got.join() === begun.join(), `begun before the close: ${begun.join()}; received: ${got.join()}`);
            outcome(got.join());
          });
        }, ["", "a", "a,b", "b", "b,a"]);
      });

      it(`law 9: after a cancel nothing arrives, senders in line are rejected, and buffered values are dropped (capacity ${capacity})`, async () => {
        await expectOutcomes(({ outcome }) => {
          const dropped: string[] = [];
          const ch = chan<string>({ capacity, onDrop: (value) => dropped.push(value) });
          const sent: string[] = [];
          const got: string[] = [];
          let cancelled = false;
          together(lane, [
            function* ({ send }) {
              for (const value of ["a", "b"]) if ((yield* attempt(send(ch, value), () => "sent")) === "sent") sent.push(value);
            },
            function* () {
              ch.cancel();
              cancelled = true;
              must(ch.size === 0 && ch.senders.empty && ch.receivers.empty, "a cancel that comes later");
            },
            function* ({ next }) {
              for (;;) {
                const late = cancelled;
                const one = yield* next(ch);
                must(!late || one.done === true, "received after the cancel");
                if (one.done === true) break;
                got.push(one.value);
              }
            },
          ], () => {
            must([...got, ...dropped].join() === sent.join(), `sent ${sent.join()}, received ${got.join()}, dropped ${dropped.join()}`);
            outcome(`${got.join()}/${dropped.join()}`);
          });
        }, capacity === 0 ? ["/", "a/", "a,b/"] : ["/", "/a", "a/", "a/b", "a,b/"]);
      });
    }

    it("law 9: a close with an error is the end of every receiver, after the values", async () => {
      const failure = new Error("given to close");
      failure.name = "the error";
      await expectOutcomes(({ outcome }) => {
        const ch = chan<number>(1);
        const ends: string[] = [];
        const receiver = (name: string) => function* ({ receive }: Verbs): Steps { ends.push(`${name}: ${yield* attempt(receive(ch), String)}`); };
        together(lane, [receiver("a"), receiver("b"), function* ({ send }) {
          yield* send(ch, 1);
          ch.close(failure);
        }], () => { outcome(ends.sort().join(", ")); });
      }, ["a: 1, b: the error", "a: the error, b: 1"]);
    });
  });
}
