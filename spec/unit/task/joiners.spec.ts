/** Who joins a task: mostly one, who waits in the task itself; a second one makes a queue. */
import { expect } from "chai";
import { chan, go, type Task } from "../../../src/node.ts";
import { settle } from "../../support/settle.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

describe("the joiners of a task", () => {
  /** Join it under a name, until the result is called. */
  function joining(task: Task<unknown>, log: string[], name: string): () => void {
    const leaving = new AbortController();
    task.join({ signal: leaving.signal }).then(() => log.push(name), (error: unknown) => log.push(`${name}: ${(error as Error).message}`));
    return () => { leaving.abort(new Error("left")); };
  }

  for (const leaver of ["first", "second", "third", "nobody"]) {
    it(`task.ts 3: go on in the order in which they came; ${leaver} has left`, async () => {
      const gate = chan();
      const log: string[] = [];
      const task = go(() => gate.receive());
      for (const name of ["first", "second", "third"]) {
        const leave = joining(task, log, name);
        if (name === leaver) leave();
      }
      joining(task, log, "last");
      await settle();
      const left = leaver === "nobody" ? [] : [`${leaver}: left`];
      expect(log).to.deep.equal(left);
      await gate.send(1);
      await settle();
      expect(log).to.deep.equal([...left, ...["first", "second", "third", "last"].filter((name) => name !== leaver)]);
    });
  }

  for (const names of [["the only one"], ["one", "another"]]) {
    it(`task.ts 3: a failure is unhandled when all have left, ${String(names.length)} of them`, async () => {
      const error = new Error("of the task");
      expect(await unhandledDuring(async () => {
        const gate = chan();
        const log: string[] = [];
        const task = go(() => gate.receive());
        for (const leave of names.map((name) => joining(task, log, name))) leave();
        gate.close(error);
        await settle();
        expect(log).to.deep.equal(names.map((name) => `${name}: left`));
      })).to.deep.equal([error]);
    });
  }
});
