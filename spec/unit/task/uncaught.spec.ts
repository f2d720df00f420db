/** Uncaught errors, in debug mode: their stacks name the program's lines, not the library's alone. */
import { expect } from "chai";
import { program } from "../../support/program.ts";

const debug = { RENDEZVOUS_DEBUG: "1" };
const head = 'import { chan, choose, go, perform, run, scope, select, sleep, timeout } from "rendezvous";\nconst ch = chan({ name: "jobs" });\n';

/** What a program with an uncaught error says, which begins at its third line. */
function uncaught(text: string): string {
  const { code, errors } = program(head + text, debug);
  expect(code).to.equal(1);
  return errors;
}

describe("uncaught errors in debug mode", () => {
  const limits: Record<string, string> = {
    "timeout at the top level": "await timeout(5, () => ch.receive());",
    "timeout in a function": "async function main() { await timeout(5, () => ch.receive()); }\nawait main();",
    "timeout with a generator body": "await timeout(5, function* () { yield* ch.receiving(); });",
    "timeout in a task": "go(async () => { await timeout(5, () => ch.receive()); });",
    "the limit of a scope": "await scope(() => ch.receive(), { timeout: 5 });",
    "the limit of a scope, moved": "await scope((s) => { s.limit(5); return ch.receive(); });",
    "timeout in run": "await run(() => timeout(5, () => ch.receive()));",
  };
  for (const [what, text] of Object.entries(limits)) {
    it(`Messages: an uncaught TimeoutError names where it was called: ${what}`, () => {
      expect(uncaught(text)).to.match(/TimeoutError: (timeout|scope) [^]*\n +(timeout|scope) ".*" began at .*program\.mjs:3:\d+/);
    });
  }

  const closed: Record<string, string> = {
    "a receive at the top level": "setTimeout(() => { ch.close(); }, 1);\nawait ch.receive();",
    "a send at the top level": "setTimeout(() => { ch.cancel(); }, 1);\nawait ch.send(1);",
    "a receive in a function": "setTimeout(() => { ch.close(); }, 1);\nasync function main() { await ch.receive(); }\nawait main();",
    "a select": "setTimeout(() => { ch.close(); }, 1);\nawait select({ job: ch.receiving(), late: perform && ch.receiving() });",
    "a mapped choice": "setTimeout(() => { ch.close(); }, 1);\nawait perform(choose(ch.receiving().map((x) => x)));",
    "a generator task": "setTimeout(() => { ch.close(); }, 1);\ngo(function* reader() { yield* ch.receiving(); });",
    "a generator task, mapped": "setTimeout(() => { ch.close(); }, 1);\ngo(function* reader() { yield* ch.receiving().map((x) => x); });",
    "a task": "setTimeout(() => { ch.close(); }, 1);\ngo(async function reader() { await ch.receive(); });",
    "a child": "setTimeout(() => { ch.close(); }, 1);\nawait scope((s) => { s.go(async function reader() { await ch.receive(); }); });",
  };
  for (const [what, text] of Object.entries(closed)) {
    it(`Messages: an uncaught ClosedError names where the wait was: ${what}`, () => {
      expect(uncaught(text)).to.match(/ClosedError: (receive|send) on (closed|cancelled) channel "jobs"[^]*\n +waited at .*program\.mjs:4:\d+/);
    });
  }

  it("an error gets one place, however many waits it ends; errors of other code are left as they are", () => {
    const { errors, output } = program(`${head}const limited = go(() => timeout(5, () => ch.receive()));
      const all = await Promise.allSettled([limited.join(), limited.join(), limited.result()]);
      console.log(all[0].reason.stack.match(/ (waited|began) at/g).length);
      const error = new Error("mine");
      const stack = error.stack;
      setTimeout(() => { ch.close(error); }, 1);
      await ch.receive().catch((same) => console.log(same === error, error.stack === stack));`, debug);
    expect({ errors, output }).to.deep.equal({ errors: "", output: "1\ntrue true\n" });
  });
});
