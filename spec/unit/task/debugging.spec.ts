/** What debug mode reports: places in the program, the scope that does not end, the deadlock of a program that never calls `run`. */
import { expect } from "chai";
import { program } from "../../support/program.ts";

const hanging = `import { chan, go } from "rendezvous";
const letters = chan({ name: "letters" });
const numbers = chan({ name: "numbers" });
go(async function reader() {
  await letters.receive();
});
go(function* writer() {
  yield* numbers.sending(1);
});
`;

describe("debugging", () => {
  const reports = /fatal: all tasks are asleep - deadlock \(2 tasks\)/;

  it("S-71 (a) a program that never calls run, and hangs, reports, by an environment variable, each task, its operation and its place, and exits with 13", () => {
    const { code, errors } = program(hanging, { RENDEZVOUS_DEBUG: "1" });
    expect(errors).to.match(reports);
    expect(errors).to.match(/task \d+ "reader" blocked in receive on channel "letters"\n +at reader \(.*program\.mjs:5:17\)\n +started at .*program\.mjs:4:1/);
    expect(errors).to.match(/task \d+ "writer" blocked in send on channel "numbers"\n +at writer \(.*program\.mjs:8:\d+\)\n +started at .*program\.mjs:7:1/);
    expect(code).to.equal(13);
  });

  it("names the program's places, and none of the library, with source maps too, as tsx has them", () => {
    const { errors } = program(hanging, { RENDEZVOUS_DEBUG: "1" }, ["--enable-source-maps"]);
    expect(errors).to.match(/"reader" blocked in receive on channel "letters"\n +at reader \(.*program\.mjs:5:17\)\n +started at .*program\.mjs:4:1/);
  });

  it("S-71 (b) the same by an import", () => {
    const { code, errors } = program(`import "rendezvous/debug";\n${hanging}`);
    expect(errors).to.match(reports);
    expect(errors).to.match(/program\.mjs:6:17/);
    expect(code).to.equal(13);
  });

  it("without it such a program ends in silence, as Node has it", () => {
    expect(program(hanging)).to.deep.equal({ code: 0, output: "", errors: "" });
  });

  it("an exit code that is set already stays", () => {
    expect(program(`${hanging}process.exitCode = 7;`, { RENDEZVOUS_DEBUG: "1" }).code).to.equal(7);
  });

  it("S-75 the stack of a child's error names the place where the child was started", () => {
    const { output } = program(
      `import { scope } from "rendezvous";
      await scope((s) => {
        s.go(async function failing() { throw new Error("no luck"); });
      }).catch((error) => console.log(error.stack));`,
      { RENDEZVOUS_DEBUG: "1" },
    );
    // 47: the place of `new`; 51: that of `Error`, which JavaScriptCore gives.
    expect(output).to.match(/^Error: no luck\n +at failing \(.*program\.mjs:3:(?:47|51)\)\n[^]*in task "failing" started at .*program\.mjs:3:11/);
  });

  it("a cancelled scope that waits for a foreign promise is reported once, by name, when its time is up", () => {
    const { errors, output } = program(
      `import sinon from "sinon";
      const clock = sinon.useFakeTimers();
      await import("rendezvous/debug");
      const { checkpoint, scope } = await import("rendezvous");
      let give;
      const foreign = new Promise((resolve) => { give = resolve; });
      const ended = scope(async (s) => {
        s.go(async function stubborn() { await foreign; });
        await checkpoint();
        s.cancel();
      }, { name: "crawler" }).then(() => console.log("ended"), () => console.log("cancelled"));
      await clock.tickAsync(4999);
      console.error("not yet");
      await clock.tickAsync(60_000);
      give();
      await ended;`,
    );
    expect(errors).to.match(/^not yet\nscope "crawler" was cancelled 5000 ms ago and has not ended\./);
    expect(errors.match(/crawler/g)).to.have.length(2);
    expect(errors).to.match(/task \d+ "stubborn" still waits in something foreign/);
    expect(output).to.equal("ended\n");
  });
});
