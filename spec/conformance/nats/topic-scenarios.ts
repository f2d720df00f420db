/** What a topic does, in memory and on a server alike. */
import { expect } from "chai";
import type { Scenarios } from "./support.ts";

export const topicScenarios: Scenarios = {
  "NT-47 each subscriber has all values, in order": async (world) => {
    const topic = (await world.remote()).topic<number>("prices");
    const subscribers = await Promise.all([1, 2, 3].map(async () => (await world.remote()).topic<number>("prices").subscribe()));
    for (let n = 0; n < 100; n++) await topic.send(n);
    for (const subscriber of subscribers) {
      const got: number[] = [];
      while (got.length < 100) got.push(await subscriber.receive());
      expect(got).to.deep.equal(Array.from({ length: 100 }, (_, n) => n));
    }
  },

  "NT-49 what another process sends after a subscribe has fulfilled is seen": async (world) => {
    const [here, there] = [await world.remote(), await world.remote()];
    for (let n = 0; n < 10; n++) {
      const subscriber = await here.topic<number>("prices").subscribe();
      await there.topic<number>("prices").send(n);
      expect(await subscriber.receive()).to.equal(n);
      subscriber.cancel();
    }
  },

  "NT-50 of a group one gets each value": async (world) => {
    const topic = (await world.remote()).topic<number>("prices");
    const members = await Promise.all([1, 2].map(async () => (await world.remote()).topic<number>("prices").subscribe({ group: "desk" })));
    const all = await (await world.remote()).topic<number>("prices").subscribe();
    for (let n = 0; n < 50; n++) await topic.send(n);
    for (let n = 0; n < 50; n++) await all.receive();
    await (await (await world.remote()).topic<number>("other").subscribe()).cancel(); // by now all has come
    const got = members.flatMap((member) => {
      const values: number[] = [];
      for (let next = member.tryReceive(); next?.done === false; next = member.tryReceive()) values.push(next.value);
      return values;
    });
    expect(got.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 50 }, (_, n) => n));
  },
};
