/** How tasks start: in call order, and in the async context of their `go`, whether or not there is one. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import { go } from "../../../src/node.ts";
import { settle } from "../../support/settle.ts";

const bodies: Record<string, (run: () => void) => unknown> = {
  "async functions": (run) => async () => { run(); },
  "generators": (run) => function* () { run(); },
  "plain functions": (run) => run,
};

describe("the start of tasks", () => {
  for (const [kind, make] of Object.entries(bodies)) {
    const start = (run: () => void): void => { go(make(run) as () => unknown); };

    it(`is in call order, and each in its own context, from anywhere: ${kind}`, async () => {
      const storage = new AsyncLocalStorage<string>();
      const log: string[] = [];
      const note = (name: string) => (): void => { log.push(`${name} in ${String(storage.getStore())}`); };
      const startThree = (prefix: string): void => {
        start(note(`${prefix}1`));
        storage.run("x", () => { start(note(`${prefix}2`)); });
        start(note(`${prefix}3`));
      };
      startThree("a");
      go(() => { startThree("b"); });
      go(function* () { startThree("c"); });
      storage.run("y", () => { go(() => { startThree("d"); }); });
      expect(log).to.deep.equal([]);
      await settle();
      expect(log).to.deep.equal([
        "a1 in undefined", "a2 in x", "a3 in undefined",
        "b1 in undefined", "b2 in x", "b3 in undefined",
        "c1 in undefined", "c2 in x", "c3 in undefined",
        "d1 in y", "d2 in x", "d3 in y",
      ]);
    });

    it(`is in call order where the event loop has to turn in between: ${kind}`, async () => {
      const storage = new AsyncLocalStorage<string>();
      const started: number[] = [];
      const order = Array.from({ length: 40_000 }, (_, number) => number);
      for (const number of order) {
        const startOne = (): void => { start(() => { started.push(number); }); };
        if (number % 3 === 0) storage.run("x", startOne);
        else startOne();
      }
      while (started.length < order.length) await settle();
      expect(started.findIndex((number, index) => number !== index)).to.equal(-1);
    });

    it(`sees a store that is put, for good, into a context that had none: ${kind}`, async () => {
      const storage = new AsyncLocalStorage<string>();
      const log: (string | undefined)[] = [];
      const note = (): void => { log.push(storage.getStore()); };
      await Promise.resolve().then(() => {
        start(note);
        storage.enterWith("entered");
        start(note);
      });
      await settle();
      expect(log).to.deep.equal([undefined, "entered"]);
    });
  }
});
