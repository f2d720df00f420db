/** Open tickers, listeners and connections: each one left open is reported, and a ticker for which no task waits does not keep the process alive. */
import { expect } from "chai";
import sinon from "sinon";
import { allOpen } from "../../../src/support/resources.ts";
import { select, scope, sleeping, ticker } from "../../../src/node.ts";
import { dial, listen, type Connection } from "../../../src/net/index.ts";
import { expectNoLeaks, leakHooks, LeakError, memoryNet } from "../../../src/testing/index.ts";
import { program } from "../../support/program.ts";
import { rejectionOf } from "../../support/settle.ts";

const ending: Record<string, string> = {
  "read once in a scope": "await scope(async () => { await ticker(5).receive(); });",
  "read once by a generator": "await scope(function* () { yield* ticker(5).receiving(); });",
  "left by a loop": "for await (const tick of ticker(5)) if (tick >= 3) break;",
  "never read": "ticker(5);",
  "the case of a select that has lost": "await select({ tick: ticker(1e9).receiving(), late: sleeping(5) });",
  "the wait of a task that was cancelled": "await timeout(5, () => ticker(1e9).next()).catch(() => {});",
  "a wait that was aborted":
    "const giving = new AbortController(); const tick = ticker(1e9).receive({ signal: giving.signal }); giving.abort(); await tick.catch(() => {});",
  "one of two waits": "const clock = ticker(20); await race([() => clock.receive(), () => clock.receive()]);",
};

describe("FA-18 open resources", () => {
  for (const [name, text] of Object.entries(ending)) {
    it(`FA-18 a ticker for which no task waits any more does not keep the process alive: ${name}`, () => {
      const { code, output, errors } = program(`import { race, scope, select, sleeping, ticker, timeout } from "rendezvous";
        ${text}
        console.log("over");`);
      expect([code, output, errors]).to.deep.equal([0, "over\n", ""]);
    });
  }

  it("FA-18 while anything waits for a ticker, it keeps the process alive", () => {
    const { code, output } = program(`import { go, select, never, ticker } from "rendezvous";
      const clock = ticker(10);
      setTimeout(() => {
        clock.next().then(() => {
          go(function* () {
            yield* clock.receiving();
            select({ tick: clock.nexting(), never }).then(() => { console.log("ticks"); });
          });
        });
      }, 25);`);
    expect([code, output]).to.deep.equal([0, "ticks\n"]);
  });

  it("FA-18 a fake clock counts a ticker's one timer, waited for or not, and stopped there is none", async () => {
    const clock = sinon.useFakeTimers();
    try {
      const ticks = ticker(10);
      expect(clock.countTimers()).to.equal(1);
      const first = ticks.receive();
      await clock.tickAsync(10);
      expect(await first).to.equal(1);
      await clock.tickAsync(25);
      expect(ticks.tryReceive()).to.deep.equal({ done: false, value: 3 });
      const late = select({ tick: ticks.receiving(), late: sleeping(1) });
      await clock.tickAsync(1);
      expect((await late).case).to.equal("late");
      expect(clock.countTimers()).to.equal(1);
      ticks.stop();
      expect(clock.countTimers()).to.equal(0);
    } finally {
      clock.restore();
    }
  });

  const opening: Record<string, () => Promise<void> | void> = {
    "ticker of 1000 ms": () => { ticker(1000); },
    "listener on 127.0.0.1:7": async () => { await memoryNet().listen("127.0.0.1:7"); },
  };
  for (const [name, open] of Object.entries(opening)) {
    it(`FA-18 expectNoLeaks names each open resource, and where it was opened: ${name}`, async () => {
      const error = await rejectionOf(expectNoLeaks(open));
      expect(error).to.be.instanceOf(LeakError);
      expect((error as Error).message).to.match(new RegExp(`^1 left behind: .*stop or shut down what is open.*\\n  ${name} is open\\n +opened at .*open\\.spec\\.ts:\\d+:\\d+\\)?$`));
      expect(allOpen().size).to.equal(0);
    });
  }

  for (const [over, net] of Object.entries({ memory: () => memoryNet(), TCP: () => ({ dial, listen }) })) {
    it(`FA-18 expectNoLeaks names connections that are left open, at either end, and where they were opened, over ${over}`, async () => {
      const left: Connection[] = [];
      const error = await rejectionOf(expectNoLeaks(async () => {
        const { dial, listen } = net();
        await using listener = await listen({ host: "127.0.0.1", port: 0 });
        const { host = "", port = 0 } = listener.address;
        const accepted = (async function accepts() { left.push(await listener.receive()); })();
        left.push(await dial({ host, port }));
        await accepted;
      }));
      for (const connection of left) connection.destroy();
      expect((error as Error).message).to.match(/^2 left behind/);
      expect((error as Error).message).to.not.include("listener");
      const places = (error as Error).message.match(/^ {2}connection to \S+ is open\n +opened at .*open\.spec\.ts:\d+:\d+\)?$/gm) ?? [];
      expect(places).to.have.length(2);
      expect(places.filter((place) => place.includes("accepts"))).to.have.length(1);
    });

    it(`FA-18 an accepted connection is reported with the place that asked for it, even if nobody awaits, over ${over}`, async () => {
      const left: Connection[] = [];
      const keep = (connection: Connection): number => left.push(connection);
      const error = await rejectionOf(expectNoLeaks(async () => {
        const { dial, listen } = net();
        await using listener = await listen({ host: "127.0.0.1", port: 0 });
        const { host = "", port = 0 } = listener.address;
        const asked = [
          (function receives() { return listener.receive().then(keep); })(),
          (function nexts() { return listener.next().then(({ value }) => value && keep(value)); })(),
          (function iterates() { return listener[Symbol.asyncIterator]().next().then(({ value }) => value && keep(value)); })(),
          (function selects() { return select({ client: listener.receiving() }).then(({ value }) => keep(value)); })(),
        ];
        while (left.length < 2 * asked.length) left.push(await dial({ host, port }));
        await Promise.all(asked);
      }));
      for (const connection of left) connection.destroy();
      const places = [...(error as Error).message.matchAll(/^ {2}connection to \S+ is open\n +opened at (\w+) \(.*open\.spec\.ts:\d+:\d+\)$/gm)];
      expect(places.map(([, name]) => name).sort()).to.deep.equal(["iterates", "nexts", "receives", "selects"]);
    });

    it(`FA-18 a resource that is ended in time is no leak, over ${over}`, async () => {
      await expectNoLeaks(() => scope(async (s) => {
        const { dial, listen } = net();
        // The two ends are shut down one after the other, and the first does not wait for the second.
        const listener = s.use(await listen({ host: "127.0.0.1", port: 0, linger: 0 }));
        const { host = "", port = 0 } = listener.address;
        const peer = s.go(() => listener.receive());
        s.use(await dial({ host, port }));
        s.use(await peer);
        const clock = s.use(ticker(1));
        await clock.receive();
        expect(allOpen().size).to.equal(4);
      }));
      expect(allOpen().size).to.equal(0);
    });
  }

  it("FA-18 leakHooks fail the test that has left something open, and ignore what was open before", async () => {
    const test: { fn?: (() => unknown) | undefined } = { fn: () => { ticker(1e6); } };
    leakHooks().beforeEach.call({ currentTest: test });
    expect(await rejectionOf(Promise.resolve(test.fn?.()))).to.be.instanceOf(LeakError);
    await expectNoLeaks(async () => {
      using clock = ticker(1e6);
      await expectNoLeaks(() => { /* the ticker is older */ });
      clock.stop();
    });
  });

  it("FA-18 nothing is recorded until it is needed", () => {
    const clock = ticker(1e6);
    expect(allOpen().size).to.equal(0);
    clock.stop();
  });

  it("FA-18 in debug mode dumpTasks and the deadlock report list open resources, and where they were opened", () => {
    const { code, errors, output } = program(
      `import { chan, dumpTasks, go, ticker } from "rendezvous";
      import { listen } from "rendezvous/net";
      const listener = await listen("127.0.0.1:0");
      console.log(dumpTasks());
      await listener.shutdown();
      console.log(dumpTasks() === "");
      ticker(1000);
      go(async function reader() { await chan({ name: "letters" }).receive(); });`,
      { RENDEZVOUS_DEBUG: "1" },
    );
    expect(output).to.match(/^listener on 127\.0\.0\.1:\d+ is open\n +opened at .*program\.mjs:3:30\ntrue\n$/);
    expect(errors).to.match(/blocked in receive on channel "letters"[^]*\n {2}ticker of 1000 ms is open\n +opened at .*program\.mjs:7:7\n$/);
    expect(code).to.equal(13);
  });

  it("FA-18 in debug mode a program that has ended, but whose process has not, reports open resources", () => {
    const { errors, output } = program(
      `import sinon from "sinon";
      const clock = sinon.useFakeTimers({ toNotFake: ["nextTick", "queueMicrotask"] });
      await import("rendezvous/debug");
      const { run } = await import("rendezvous");
      const { listen } = await import("rendezvous/net");
      let listener;
      await run(async function first() {});
      await run(async function server() { listener = await listen("127.0.0.1:0"); });
      await clock.tickAsync(4999);
      console.log("not yet");
      await clock.tickAsync(60_000);
      await listener.shutdown();
      await run(async function tidy() {});
      await clock.tickAsync(60_000);`,
    );
    expect(output).to.equal("not yet\n");
    expect(errors).to.match(/^run "server" ended 5000 ms ago, and the process has not\. .*\n {2}listener on 127\.0\.0\.1:\d+ is open\n +opened at .*server.*program\.mjs:8:\d+/);
    expect(errors.match(/^run/gm)).to.have.length(1);
  });
});
