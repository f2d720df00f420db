/**
 * The examples: each prints what its last comment says, ends by itself, and leaves no timer.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { promised, runExample } from "./program.ts";

/** Examples that talk to others have specs of their own. */
const withSockets = ["04-wget.ts"];

describe("examples", () => {
  const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
  const names = readdirSync(folder).filter((name) => !withSockets.includes(name));

  for (const name of names) {
    it(`${name} prints what its last comment says, and leaves no timer`, async () => {
      const { lines, timersLeft } = await runExample(name);
      expect(lines).to.deep.equal(promised(name));
      expect(timersLeft).to.equal(0);
    });
  }

  it("01 producer and consumer print five numbers, each produced, consumed and answered in this order", async () => {
    const { lines, took } = await runExample("01-producer-consumer.ts");
    expect(lines).to.deep.equal(
      [1, 2, 3, 4, 5].flatMap((n) => [
        `[Producer]Producing ${n}...`,
        `[Consumer]Consuming ${n}...`,
        "[PRODUCER]Consumer return: 200 OK",
      ]),
    );
    expect(took).to.equal(0);
  });

  it("02 hello world sleeps for one second between its two lines", async () => {
    const { lines, took } = await runExample("02-hello-sleep.ts");
    expect(lines).to.deep.equal(["Hello world!", "Hello again!"]);
    expect(took).to.equal(1000);
  });

  it("03 gathers two greeters who sleep at the same time: one second, not two", async () => {
    const { lines, took } = await runExample("03-gather.ts");
    expect(lines).to.deep.equal([
      "Hello Bob! (thread 0)",
      "Hello Ash! (thread 0)",
      "Hello Bob again! (thread 0)",
      "Hello Ash again! (thread 0)",
      "[ 'Bob', 'Ash' ]",
    ]);
    expect(took).to.equal(1000);
  });

  it("PG-01 10 a coroutine as consumer prints the same fifteen lines", async () => {
    const { lines, took } = await runExample("10-coroutine.ts");
    expect(lines).to.deep.equal(
      [1, 2, 3, 4, 5].flatMap((n) => [
        `[PRODUCER] Producing ${n}...`,
        `[CONSUMER] Consuming ${n}...`,
        "[PRODUCER] Consumer return: 200 OK",
      ]),
    );
    expect(took).to.equal(0);
  });
});
