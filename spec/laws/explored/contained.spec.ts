/** Law 13 in every order of a small program: a cancelled task's wait rejects, and its shielded clean-up runs to its end. */
import { chan, scope, shield, sleep } from "../../../src/node.ts";
import { attempt, bodyIn, expectOutcomes, lanes, must, type Verbs, type Steps } from "../../support/exploring.ts";

for (const lane of lanes) {
  describe(`law 13, explored: a cancelled scope ends once everything in it has ended (${lane})`, () => {
    it("law 13: each wait in it rejects with the cancel, and the scope ends only after its tasks' clean-up", async () => {
      await expectOutcomes(async ({ outcome }) => {
        const [ch, next] = [chan<number>(1), chan<number>(1)];
        next.trySend(1);
        let [got, later, cleanUp] = ["", "", "none"];
        function* works({ receive, settled }: Verbs): Steps {
          cleanUp = "due"; // cancelled before its start it never runs
          try {
            got = yield* attempt(receive(ch), () => "a value");
            later = yield* attempt(receive(next), () => "another");
          } finally {
            yield* settled(shield(() => sleep(1)));
            cleanUp = "done";
          }
        }
        await scope((s) => {
          s.go(bodyIn(lane, works));
          s.go(() => { ch.trySend(1); });
          s.go(() => { s.cancel(); });
        }).catch(() => undefined);
        must(cleanUp !== "due", "the scope has ended before the clean-up has");
        must(got !== "CancelledError" || later === "CancelledError", `${got}, and then ${later}`);
        outcome(`${got}, ${later}`);
      }, ["CancelledError, CancelledError", "a value, CancelledError", "a value, another", ", "]);
    });
  });
}
