/** What a channel does, in memory and on a server alike. */
import { expect } from "chai";
import { sleep } from "../../../src/node.ts";
import type { Scenarios } from "./support.ts";

export const channelScenarios: Scenarios = {
  "NT-01 a send waits for a receiver in another process, which gets an equal value": async (world) => {
    const [here, there] = [(await world.remote()).channel<unknown>("work"), (await world.remote()).channel<unknown>("work")];
    let sent = false;
    const sending = here.send({ picture: ["cat", 7, null] }).then(() => { sent = true; });
    await sleep(50);
    expect(sent).to.equal(false);
    expect(await there.receive()).to.deep.equal({ picture: ["cat", 7, null] });
    await sending;
  },

  "NT-02 a receive that comes first gets the value": async (world) => {
    const [here, there] = [(await world.remote()).channel<number>("work"), (await world.remote()).channel<number>("work")];
    const receiving = there.receive();
    await sleep(20);
    await here.send(7);
    expect(await receiving).to.equal(7);
  },

  "NT-03 of three receivers each gets some of 300 values, each value goes to one, in order at each": async (world) => {
    const here = (await world.remote()).channel<number>("work");
    const got: number[][] = [[], [], []];
    const receivers = await Promise.all(got.map(async (values) => {
      const end = (await world.remote()).channel<number>("work");
      const read = async (): Promise<void> => {
        for await (const value of end) {
          values.push(value);
          await sleep(1);
        }
      };
      return { reading: read() };
    }));
    for (let n = 0; n < 300; n++) await here.send(n);
    here.close();
    await Promise.all(receivers.map(({ reading }) => reading));
    for (const values of got) expect(values).to.have.length.above(0).and.deep.equal([...values].sort((a, b) => a - b));
    expect(got.flat().sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 300 }, (_, n) => n));
  },
};
