/** Programs that `run` their main function, in processes of their own. */
import { expect } from "chai";
import { RunningProgram, type Ended } from "../../support/programs.ts";

describe("run", function () {
  // Only against a program that hangs.
  this.timeout(60_000);

  const programs: RunningProgram[] = [];
  afterEach(() => { for (const program of programs.splice(0)) program.kill(); });

  const start = (text: string): RunningProgram => {
    const program = new RunningProgram(text);
    programs.push(program);
    return program;
  };
  const end = (text: string): Promise<Ended> => start(text).ended;

  it("S-71, GO-02 (a): when all tasks wait for ever there is a report of tasks, operations and channels, and the exit code is not 0", async () => {
    const { code, signal, output, errors } = await end(`
      import { chan, go, run, select } from "rendezvous";
      const letters = chan({ name: "letters" });
      const numbers = chan({ name: "numbers" });
      process.on("exit", () => console.log("exit"));
      await run(async function main(s) {
        s.go(async function reader() { await letters.receive(); });
        s.go(function* writer() { yield* numbers.sending(1); });
        s.go(async function chooser() { await select({ l: letters.nexting(), n: numbers.sending(2) }); });
        go(async function free() { await letters.receive(); });
      });
      console.log("never");`);
    expect(errors).to.match(/^fatal: all tasks are asleep - deadlock \(\d tasks\)$/m);
    expect(errors).to.match(/task \d+ "reader" blocked in receive on channel "letters"/);
    expect(errors).to.match(/task \d+ "writer" blocked in send on channel "numbers"/);
    expect(errors).to.match(/task \d+ "chooser" blocked in select.*(letters|numbers)/);
    expect(errors).to.match(/task \d+ "free" blocked in receive on channel "letters"/);
    expect(errors.match(/deadlock/g)).to.have.length(1);
    expect(output).to.equal("exit\n");
    expect({ code, signal }).to.deep.equal({ code: 13, signal: null });
  });

  it("GO-02 (b): the report says whether a task waits for the next value, for one task or for several", async () => {
    const { code, errors } = await end(`
      import { chan, gather, go, run } from "rendezvous";
      const letters = chan({ name: "letters" });
      await run(async function main(s) {
        const iterating = s.go(async function iterating() { for await (const letter of letters) void letter; });
        s.go(async function joining() { await iterating.join(); });
        s.go(async function gathering() { await gather([iterating, go(function* () { yield* letters.receiving(); })]); });
      });`);
    expect(errors).to.match(/task \d+ "iterating" blocked in receive on channel "letters"/);
    expect(errors).to.match(/task \d+ "joining" blocked in join of task "iterating"/);
    expect(errors).to.match(/task \d+ "gathering" blocked in gather of 2 jobs/);
    expect(code).to.equal(13);
  });

  it("S-71: main itself is reported when it waits for ever; an exit code that is set already stays", async () => {
    const { code, errors } = await end(`
      import { chan, run } from "rendezvous";
      process.exitCode = 7;
      await run(async function main() { await chan({ name: "quiet" }).receive(); });`);
    expect(errors).to.match(/"main" blocked in receive on channel "quiet"/);
    expect(code).to.equal(7);
  });

  it("S-71: a program whose main ends by itself reports nothing, and its value or error is run's", async () => {
    expect(await end(`
      import { run } from "rendezvous";
      console.log(await run(() => 1), await run(function* () { return 2; }), await run(async () => 3));
      const error = new Error("thrown");
      console.log(await run(() => { throw error; }).catch((reason) => reason === error));`,
    )).to.deep.equal({ code: 0, signal: null, output: "1 2 3\ntrue\n", errors: "" });
  });

  const wakers = {
    "a timer": `setTimeout(wake, 20);`,
    "a socket": `
      const server = net.createServer((socket) => { socket.end("x"); server.close(); });
      server.listen(0, "127.0.0.1", () => { net.connect(server.address().port, "127.0.0.1").on("data", wake); });`,
    "a promise of a file": `void readFile(process.execPath).then(wake);`,
  };
  for (const [waker, begin] of Object.entries(wakers)) {
    it(`S-71, GO-03: no false alarm while ${waker} can still wake a task`, async () => {
      expect(await end(`
        import { readFile } from "node:fs/promises";
        import net from "node:net";
        import { chan, run } from "rendezvous";
        const ch = chan();
        const wake = () => { ch.trySend("woken"); };
        ${begin}
        console.log(await run(() => ch.receive()));`,
      )).to.deep.equal({ code: 0, signal: null, output: "woken\n", errors: "" });
    });
  }

  // A platform that names nothing of what keeps it alive, and at whose end 'beforeExit' does not come while the top level waits.
  const silent = `
    process.getActiveResourcesInfo = () => [];
    const alive = setInterval(() => {}, 1e9);`;
  const neverSleeps = `process.resourceUsage = () => ({ voluntaryContextSwitches: 1 });`;

  it("RT-03 (a): the report comes even where the event loop spins instead of ending", async () => {
    const { code, errors, output } = await end(`
      import { chan, run } from "rendezvous";
      ${silent}
      ${neverSleeps}
      process.on("exit", () => console.log("exit"));
      await run(async function main() { await chan({ name: "quiet" }).receive(); });`);
    expect(errors).to.match(/all tasks are asleep - deadlock.*\n.*"main" blocked in receive on channel "quiet"/);
    expect({ code, output }).to.deep.equal({ code: 13, output: "exit\n" });
  });

  const othersAtWork = {
    "the process sleeps": "setTimeout(wake, 3000);",
    "others compute, and let the event loop turn meanwhile": `${neverSleeps}
      const began = performance.now();
      (function compute() {
        for (const from = performance.now(); performance.now() - from < 0.5;);
        if (performance.now() - began < 3000) setImmediate(compute);
        else wake();
      })();`,
  };
  for (const [how, waker] of Object.entries(othersAtWork)) {
    it(`RT-03 (b): there is no false alarm while ${how}`, async () => {
      expect(await end(`
        import { chan, run } from "rendezvous";
        const ch = chan();
        const wake = () => { ch.trySend("woken"); clearInterval(alive); };
        ${silent}
        ${waker}
        console.log(await run(() => ch.receive()));`,
      )).to.deep.equal({ code: 0, signal: null, output: "woken\n", errors: "" });
    });
  }

  it("RT-03 (c): where a listener for a signal keeps the process alive, it is removed for a moment, and then added again", async () => {
    const program = start(`
      import { never, perform, run } from "rendezvous";
      let asked = 0;
      process.getActiveResourcesInfo = () => (asked++ === 0 ? ["Timeout"] : []); // it would name a timer
      const alive = setInterval(() => {
        if (!process.off.count || process.listenerCount("SIGINT") === 0) return;
        clearInterval(alive);
        console.log("ready");
      }, 1);
      const { off } = process;
      process.off = function (...args) { process.off.count = 1; return off.apply(this, args); };
      setTimeout(() => {}, 1e9);
      await run(async (s) => {
        s.defer(() => { console.log("deferred"); });
        await perform(never);
      });`);
    await program.printed("ready");
    program.send("SIGINT");
    expect(await program.ended).to.deep.equal({ code: 130, signal: null, output: "ready\ndeferred\n", errors: "" });
  });

  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it(`S-72: ${signal} cancels the main scope, clean-up runs, and the process ends with ${String(code)}`, async () => {
      const program = start(`
        import { chan, never, run, shield, sleep } from "rendezvous";
        await run(async (s) => {
          s.defer(() => { console.log("deferred"); });
          s.go(async () => {
            try {
              await chan().receive();
            } catch (error) {
              console.log(error.name, error.cause);
              throw error;
            } finally {
              await shield(() => sleep(10));
              console.log("cleaned up");
            }
          });
          s.go(function* () { try { yield* never; } finally { console.log("generator ended"); } });
          setTimeout(() => console.log("ready"), 0);
          await sleep(1e9);
        }).finally(() => { console.log("over"); });
        console.log("never");`);
      await program.printed("ready");
      program.send(signal);
      const ended = await program.ended;
      const lines = ended.output.trimEnd().split("\n");
      expect(lines).to.include.members(["ready", `CancelledError ${signal}`, "generator ended", "cleaned up", "deferred"]);
      expect(lines.indexOf("cleaned up")).to.be.lessThan(lines.indexOf("deferred"));
      expect(lines).to.not.include("never");
      expect(ended.errors).to.equal("");
      expect({ code: ended.code, signal: ended.signal }).to.deep.equal({ code, signal: null });
    });

    it(`S-72: a second ${signal} exits at once, with ${String(code)}, whatever still cleans up`, async () => {
      const program = start(`
        import { run, shield, sleep } from "rendezvous";
        await run(async () => {
          try {
            setTimeout(() => console.log("ready"), 0);
            await sleep(1e9);
          } finally {
            console.log("cleaning");
            await shield(() => sleep(1e9));
            console.log("never");
          }
        }, { grace: 1e9 });`);
      await program.printed("ready");
      program.send(signal);
      await program.printed("cleaning");
      program.send(signal);
      expect(await program.ended).to.deep.equal({ code, signal: null, output: "ready\ncleaning\n", errors: "" });
    });
  }

  it("S-72: after the grace time the process exits though something still cleans up", async () => {
    const program = start(`
      import { run, shield, sleep } from "rendezvous";
      await run(async () => {
        try {
          setTimeout(() => console.log("ready"), 0);
          await sleep(1e9);
        } finally {
          await shield(() => sleep(20));
          console.log("within the grace time");
          await shield(() => sleep(1e9));
          console.log("never");
        }
      }, { grace: 200 });`);
    await program.printed("ready");
    program.send("SIGTERM");
    expect(await program.ended).to.deep.equal({ code: 143, signal: null, output: "ready\nwithin the grace time\n", errors: "" });
  });

  it("S-72: when main returns a value after the signal, the program goes on with it, and the code is set", async () => {
    const program = start(`
      import { run, sleep } from "rendezvous";
      const value = await run(async () => {
        setTimeout(() => console.log("ready"), 0);
        await sleep(1e9).catch(() => undefined);
        return "all the same";
      });
      console.log(value);`);
    await program.printed("ready");
    program.send("SIGINT");
    expect(await program.ended).to.deep.equal({ code: 130, signal: null, output: "ready\nall the same\n", errors: "" });
  });

  it("S-72: an error of the clean-up after a signal is an error", async () => {
    const program = start(`
      import { run, sleep } from "rendezvous";
      await run(async () => {
        try {
          setTimeout(() => console.log("ready"), 0);
          await sleep(1e9);
        } finally {
          throw new Error("clean-up failed");
        }
      });`);
    await program.printed("ready");
    program.send("SIGINT");
    const { code, errors } = await program.ended;
    expect(errors).to.match(/error: clean-up failed/i);
    expect(code).to.not.equal(0);
  });

  it("S-72: when run has ended, the platform handles signals again", async () => {
    const program = start(`
      import { run } from "rendezvous";
      await run(() => 1);
      console.log(process.listenerCount("SIGINT"), process.listenerCount("SIGTERM"), process.listenerCount("beforeExit"));
      setTimeout(() => undefined, 1e9);
      console.log("ready");`);
    await program.printed("ready");
    program.send("SIGINT");
    const { code, signal, output } = await program.ended;
    expect(output).to.equal("0 0 0\nready\n");
    expect({ code, signal }).to.deep.equal({ code: null, signal: "SIGINT" });
  });

  it("S-73: free tasks that live when main ends are left to end by themselves", async () => {
    expect(await end(`
      import { chan, go, run, sleep } from "rendezvous";
      const ch = chan();
      const value = await run((s) => {
        go(async function free() { await sleep(20); console.log("slept"); await ch.send("sent"); console.log("free task ended"); });
        go(function* () { console.log(yield* ch.receiving()); });
        return "main";
      });
      console.log(value);`,
    )).to.deep.equal({ code: 0, signal: null, output: "main\nslept\nsent\nfree task ended\n", errors: "" });
  });

  it("S-73: the children of main are awaited before run is over", async () => {
    expect(await end(`
      import { run, sleep } from "rendezvous";
      console.log(await run((s) => { s.go(async () => { await sleep(5); console.log("child"); }); return "main"; }));`,
    )).to.deep.equal({ code: 0, signal: null, output: "child\nmain\n", errors: "" });
  });

  it("S-41: no timer of a timeout that was won, lost or failed keeps the process", async () => {
    expect(await end(`
      import { chan, scope, sleep, timeout } from "rendezvous";
      const long = 1e9;
      await timeout(long, () => "won");
      await timeout(long, () => sleep(1));
      await timeout(1, () => sleep(long)).catch(() => console.log("lost"));
      await timeout(long, () => { throw new Error("thrown"); }).catch(() => console.log("failed"));
      await scope((s) => { s.go(() => timeout(long, () => sleep(long))); setTimeout(() => s.cancel(), 1); });
      await timeout(2 ** 40, () => "won");
      console.log("end");`,
    )).to.deep.equal({ code: 0, signal: null, output: "lost\nfailed\nend\n", errors: "" });
  });
});
