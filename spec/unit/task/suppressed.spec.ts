/** What is kept with an error, and for how long. */
import { expect } from "chai";
import {
  calls, chan, checkpoint, gather, go, race, scope, sleep, suppressedOf, timeout,
} from "../../../src/node.ts";
import { traceTasks } from "../../../src/task/report/debugging.ts";
import { bubble } from "../../../src/testing/index.ts";
import { rejectionOf } from "../../support/settle.ts";

/** A scope that fails with an error, and then with later ones. */
function failing(error: unknown, ...later: unknown[]): Promise<unknown> {
  return rejectionOf(scope((s) => {
    for (const other of later) s.defer(() => { throw other; });
    s.go(() => { throw error; });
  }));
}

describe("the errors kept with an error", () => {
  const sentinel = new Error("sentinel");
  const later = new Error("later");

  it("FA-09 one sentinel that fails a thousand scopes keeps only the errors of the last of them", async () => {
    for (let n = 0; n < 1000; n++) await failing(sentinel, new Error(`later ${String(n)}`));
    expect(suppressedOf(sentinel).map(String)).to.deep.equal(["Error: later 999"]);
    await failing(sentinel);
    expect(suppressedOf(sentinel)).to.deep.equal([]);
  });

  it("FA-09 also when they run side by side, and inside of one scope that goes on", async () => {
    await scope(async (s) => {
      for (let n = 0; n < 100; n++) s.go(() => failing(sentinel, new Error(`later ${String(n)}`)));
      for (let n = 0; n < 100; n++) await failing(sentinel, new Error(`later ${String(n)}`));
    });
    expect(suppressedOf(sentinel)).to.have.length(1);
  });

  it("nothing is kept with what is no object: the scope fails with it as it is", async () => {
    for (const primitive of ["text", 5, null, Symbol("s")]) {
      expect(await failing(primitive, later)).to.equal(primitive);
      expect(suppressedOf(primitive)).to.deep.equal([]);
    }
  });

  it("FA-09 a list that was read before does not change", async () => {
    await failing(sentinel, later);
    const before = suppressedOf(sentinel);
    await failing(sentinel);
    expect(before).to.deep.equal([later]);
  });

  it("FA-09 scopes that it passes through on its way out add to it: as a body, a child, a job, a runner", async () => {
    const [first, second, third, fourth, fifth] = ["first", "second", "third", "fourth", "fifth"].map((name) => new Error(name));
    const inner = (): Promise<unknown> => scope((s) => {
      s.defer(() => { throw first as Error; });
      s.go(async () => { await Promise.resolve(); throw sentinel; });
    });
    const error = await rejectionOf(scope((outermost) => {
      outermost.defer(() => { throw fifth as Error; });
      outermost.go(() => race([() => gather([() => timeout(1000, (t) => {
        t.defer(() => { throw fourth as Error; });
        return scope((outer) => {
          outer.defer(() => { throw third as Error; });
          outer.go(() => scope((middle) => {
            middle.defer(() => { throw second as Error; });
            return inner();
          }));
        });
      })])]));
    }));
    expect(error).to.equal(sentinel);
    expect(suppressedOf(sentinel)).to.deep.equal([first, second, third, fourth, fifth]);
  });

  it("FA-09 thrown anew in a scope around the one in which it was caught, it keeps nothing of that", async () => {
    await rejectionOf(scope(async (s) => {
      await failing(sentinel, later);
      s.go(() => { throw sentinel; });
      await checkpoint();
    }));
    expect(suppressedOf(sentinel)).to.deep.equal([]);
  });

  it("FA-09 the same of an error that is given to close again and again", async () => {
    for (let n = 0; n < 100; n++) {
      await rejectionOf(scope((s) => {
        const ch = chan();
        s.defer(() => { throw new Error("later"); });
        s.go(() => ch.receive());
        s.go(() => { ch.close(sentinel); });
      }));
    }
    expect(suppressedOf(sentinel)).to.have.length(1);
  });

  it("FA-09 the same of an error that calls fail with, at the caller and at the server", async () => {
    const asking = calls<number, number>();
    const serving = go(() => asking.server.serve(() => scope((s) => {
      s.defer(() => { throw new Error("of the server"); });
      s.go(() => { throw sentinel; });
      return 1;
    })));
    for (let n = 0; n < 100; n++) {
      await rejectionOf(scope((s) => {
        s.defer(() => { throw new Error("of the caller"); });
        return asking.client.call(n);
      }));
    }
    asking.close();
    await serving;
    expect(suppressedOf(sentinel).map(String)).to.deep.equal(["Error: of the caller"]);
  });

  it("FA-09 the same of a sentinel that fails bubbles", async () => {
    for (let n = 0; n < 10; n++) {
      await rejectionOf(bubble(async () => {
        go(() => { throw new Error("of a free task"); });
        await sleep(1);
        throw sentinel;
      }));
    }
    expect(suppressedOf(sentinel)).to.have.length.below(2);
  });

  it("FA-09 in debug mode its stack does not grow either", async () => {
    const untrace = traceTasks();
    try {
      const thrown = new Error("thrown often");
      for (let n = 0; n < 200; n++) await failing(thrown);
      expect((thrown.stack ?? "").split("\n")).to.have.length.below(40);
    } finally {
      untrace();
    }
  });

  it("many later errors are kept, each once, in order of time", async () => {
    const many = Array.from({ length: 2000 }, (_, n) => new Error(String(n)));
    await failing(sentinel, ...many, ...many);
    expect(suppressedOf(sentinel)).to.deep.equal([...many].reverse());
  });
});
