/**
 * The examples: each prints what its last comment says, ends by itself, and leaves no timer.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { exampleFile, promised, runExample } from "./program.ts";

/** Examples that talk to others, or end their process, have specs of their own. */
const ofTheirOwn = [
  "04-wget.ts", "14-graceful-shutdown.ts", "16-deadlock.ts", "20-chat-server.ts", "21-wget-https.ts", "22-redis.ts", "23-port-scanner.ts",
  "24-smtp-starttls.ts", "25-socks5-proxy.ts", "26-http.ts", "27-nats.ts", "28-mqtt.ts", "29-postgres.ts",
  "41-csv-from-a-process.ts", "45-connection-pool.ts", "50-thumbnails.ts", "52-calculator.ts", "53-ping-pong.ts", "57-graceful-worker.ts",
];

/** Examples that run in virtual time by themselves. */
const withOwnClock = ["30-bubble.ts", "31-explore.ts"];

describe("examples", () => {
  const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts") && !ofTheirOwn.includes(name));

  for (const name of names) {
    it(`${name} prints what its last comment says, and leaves no timer`, async () => {
      const { lines, timersLeft } = await runExample(name, withOwnClock.includes(name));
      expect(lines).to.deep.equal(promised(name));
      expect(timersLeft).to.equal(0);
    });
  }

  for (const name of names.filter((name) => !/"(rendezvous\/|node:)/.test(readFileSync(exampleFile(name), "utf8")))) {
    it(`FA-19 ${name} prints the same where there are no async contexts, as in browsers`, async () => {
      const { lines, timersLeft } = await runExample(name, false, "without async contexts");
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

  it("PG-27 12 crawls each page once, never more than three at a time, and ends by itself", async () => {
    const { lines, took } = await runExample("12-crawler.ts");
    const loaded = lines.flatMap((line) => /^(\/\S*) \((\d) at once\)$/.exec(line)?.slice(1, 3) ?? []);
    const pages = loaded.filter((_, index) => index % 2 === 0);
    const atOnce = loaded.filter((_, index) => index % 2 === 1).map(Number);
    expect(pages).to.have.members(["/", "/api", "/api/chan", "/api/go", "/blog", "/gone", "/guide", "/guide/errors", "/guide/start"]);
    expect(Math.max(...atOnce)).to.equal(3);
    expect(took).to.equal(400);
  });

  it("PG-25 13 asks three replicas of each kind: the first answers, the others see their signal aborted, and late answers are left out", async () => {
    const { lines, took } = await runExample("13-replicas.ts");
    expect(lines.filter((line) => line.startsWith("an answer"))).to.deep.equal(["an answer of web 2", "an answer of image 1"]);
    for (const replica of ["web 1", "web 3", "image 2", "image 3", "video 1", "video 2", "video 3"]) {
      expect(lines).to.include(`${replica} is aborted`);
    }
    expect(took).to.equal(80);
  });

  it("PG-07 15 five philosophers eat three times each, never more than two at once, with ordered forks and with a waiter", async () => {
    const { lines } = await runExample("15-dining-philosophers.ts");
    for (const way of ["inOrder", "withWaiter"]) {
      expect(lines).to.include(`${way}: Plato 3, Locke 3, Hume 3, Kant 3, Marx 3; at most 2 at once`);
    }
  });

  it("PG-01 (a) 18 the same consumer answers over the two ends of calls, and its conversation is closed", async () => {
    const { lines } = await runExample("18-calls.ts");
    expect(lines).to.deep.equal([...(await runExample("10-coroutine.ts")).lines, "[CONSUMER] Closed"]);
  });
});
