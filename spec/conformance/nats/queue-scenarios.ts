/** What a queue does, in memory and on a server alike. */
import { expect } from "chai";
import { go, scope, sleep } from "../../../src/node.ts";
import type { DeadLetter, Delivery } from "../../../src/nats/index.ts";
import { rejectionOf } from "../../support/settle.ts";
import { aNumber, bytes, type Scenarios } from "./support.ts";

export const queueScenarios: Scenarios = {
  "NT-24 a value that was sent is there for another process, also when its sender has gone": async (world) => {
    const sender = await world.remote();
    await (await sender.queue<string>("jobs")).send("resize");
    await sender[Symbol.asyncDispose]();
    const jobs = await (await world.remote()).queue<string>("jobs");
    const delivery = await jobs.receive();
    expect(delivery.value).to.equal("resize");
    expect(delivery.attempt).to.equal(1);
    expect(delivery.sentAt).to.be.instanceOf(Date);
    await delivery.done();
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
  },

  "NT-29 the same id is stored once, also after it was done": async (world) => {
    const jobs = await (await world.remote()).queue<string>("jobs");
    await jobs.send("first", { id: "order-7" });
    await jobs.send("second", { id: "order-7" });
    const delivery = await jobs.receive();
    expect([delivery.value, delivery.id]).to.deep.equal(["first", "order-7"]);
    await delivery.done();
    await jobs.send("third", { id: "order-7" });
    await jobs.send("other", { id: "order-8" });
    expect((await jobs.receive()).value).to.equal("other");
  },

  "NT-29 (b) a queue that is opened twice in one process stores what each end sends": async (world) => {
    const remote = await world.remote();
    const [one, other] = [await remote.queue<string>("jobs"), await remote.queue<string>("jobs")];
    await one.send("first");
    await other.send("second");
    expect([(await one.receive()).value, (await one.receive()).value]).to.deep.equal(["first", "second"]);
  },

  "NT-30 at its capacity a send waits, in order, until one is done (queue-sends.ts 2)": async (world) => {
    const jobs = await (await world.remote()).queue<number>("jobs", { capacity: 10 });
    for (let n = 0; n < 10; n++) await jobs.send(n);
    const stored: number[] = [];
    const late = [10, 11, 12].map(async (n) => {
      await jobs.send(n);
      stored.push(n);
    });
    await sleep(60);
    expect(stored).to.deep.equal([]);
    const seen: number[] = [];
    for await (const delivery of jobs) {
      seen.push(delivery.value);
      await delivery.done();
      if (seen.length === 13) break;
    }
    await Promise.all(late);
    expect(stored).to.deep.equal([10, 11, 12]);
    expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  },

  "NT-32 what cannot be read goes to the dead letters at once, and the others go on": async (world) => {
    const remote = await world.remote();
    const jobs = await remote.queue<number>("jobs", { validate: aNumber });
    const raw = await world.raw("jobs");
    await raw.send(bytes("{no json"));
    await raw.send(bytes('"seven"'));
    await raw.send(bytes("7"));
    const delivery = await jobs.receive();
    expect(delivery.value).to.equal(7);
    await delivery.done();
    const dead = await remote.queue<DeadLetter<number>>("jobs.dead");
    const letters = [await dead.receive(), await dead.receive()].map(({ value }) => value);
    expect(letters.map(({ queue, attempts, reason }) => [queue, attempts, reason.name])).to.deep.equal([["jobs", 1, "SyntaxError"], ["jobs", 1, "TypeError"]]);
    expect(letters.map((letter) => new TextDecoder().decode(letter.bytes))).to.deep.equal(["{no json", '"seven"']);
    expect(letters[0]?.at).to.be.instanceOf(Date);
  },

  "NT-31 (a) a handler that fulfils has done it; one that rejects is tried again, and in the end its value is a dead letter": async (world) => {
    const remote = await world.remote();
    const jobs = await remote.queue<string>("jobs", { attempts: 3, backoff: [20, 40] });
    const seen: string[] = [];
    const serving = go(() => jobs.serve((value, { attempt }) => {
      seen.push(`${value}${attempt}`);
      if (value === "bad") throw new RangeError("too bad");
    }));
    await jobs.send("bad");
    await jobs.send("good");
    const dead = await remote.queue<DeadLetter<string>>("jobs.dead");
    const { value: letter } = await dead.receive();
    expect({ ...letter, at: 0, id: "" }).to.deep.equal({
      value: "bad", attempts: 3, queue: "jobs", at: 0, id: "", reason: { name: "RangeError", message: "too bad" },
    });
    expect(seen).to.deep.equal(["bad1", "good1", "bad2", "bad3"]);
    jobs.close();
    await serving;
  },

  "NT-39 cancelled, serve unwinds its handlers, and all that it held is at once available to others": async (world) => {
    const jobs = await (await world.remote()).queue<number>("jobs");
    let [running, unwound] = [0, 0];
    let allRun: () => void;
    const allRunning = new Promise<void>((resolve) => { allRun = resolve; });
    const stop = new AbortController();
    const serving = jobs.serve(async (n) => {
      if (n < 100) return; // quick ones: it reads ahead
      if (++running === 4) allRun();
      try {
        await sleep(100_000);
      } finally {
        unwound++;
      }
    }, { concurrency: 4, signal: stop.signal });
    await Promise.all(Array.from({ length: 100 }, (_, n) => jobs.send(n)));
    await Promise.all(Array.from({ length: 24 }, (_, n) => jobs.send(100 + n)));
    await allRunning;
    for (;;) {
      const { leased, waiting } = await jobs.size();
      if (leased === 24 && waiting === 0) break;
      await sleep(5);
    }
    stop.abort("enough");
    expect(await rejectionOf(serving)).to.equal("enough");
    expect(unwound).to.equal(4);
    const others = await (await world.remote()).queue<number>("jobs");
    const got: Delivery<number>[] = [];
    while (got.length < 24) got.push(await others.receive());
    expect(got.map(({ value }) => value).sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 24 }, (_, n) => 100 + n));
    expect(got.every(({ attempt }) => attempt === 2)).to.equal(true);
    for (const delivery of got) await delivery.done();
  },

  "NT-46 dead letters are received, and sent again": async (world) => {
    const remote = await world.remote();
    const jobs = await remote.queue<string>("jobs");
    await jobs.send("bad");
    await (await jobs.receive()).reject(new Error("not today"));
    const dead = await remote.queue<DeadLetter<string>>("jobs.dead");
    await scope(async () => {
      await using letter = await dead.receive();
      expect(letter.value.reason.message).to.equal("not today");
      await jobs.send(letter.value.value as string, { id: `${letter.id.slice(0, 100)}-again` });
      await letter.done();
    });
    const again = await jobs.receive();
    expect([again.value, again.attempt]).to.deep.equal(["bad", 1]);
    await again.done();
    expect(await jobs.size()).to.deep.equal({ waiting: 0, leased: 0, dead: 0 });
  },
};
