/**
 * Channels, section B: loops over a channel.
 */
import { expect } from "chai";
import { chan, go, type Channel } from "../../../src/index.ts";
import { isPending, rejectionOf, settle } from "../../support/settle.ts";
import { failOnUnhandledRejections } from "./support.ts";

const letters = "abcdefghijklmnopqrstuvwxyz";

const lanes: Record<string, (channel: Channel<string>) => void> = {
  "an async task": (channel) => {
    go(async () => {
      for (const letter of letters) await channel.send(letter);
      channel.close();
    });
  },
  "a generator task": (channel) => {
    go(function* () {
      for (const letter of letters) yield* channel.sending(letter);
      channel.close();
    });
  },
};

describe("loops over a channel", () => {
  failOnUnhandledRejections();

  for (const [lane, start] of Object.entries(lanes)) {
    for (const capacity of [0, 1, 26]) {
      it(`CL-07 a loop gives everything up to the close and ends exactly there: ${lane}, capacity ${String(capacity)}`, async () => {
        const channel = chan<string>(capacity);
        start(channel);
        let text = "";
        for await (const letter of channel) text += letter;
        expect(text).to.equal(letters);
        expect(channel.closed).to.equal(true);
        const another = chan<string>(capacity);
        start(another);
        let rounds = 0;
        for await (const _ of another) rounds++;
        expect(rounds).to.equal(26);
      });
    }

    it(`CL-07 (b) break leaves the channel open: another loop goes on with the next value: ${lane}`, async () => {
      const channel = chan<string>();
      start(channel);
      for await (const letter of channel) if (letter === "e") break;
      expect(channel.closed).to.equal(false);
      await settle();
      let rest = "";
      for await (const letter of channel) rest += letter;
      expect(rest).to.equal(letters.slice(5));
    });

    it(`CL-07 (c) a throw in the body also leaves the channel open: ${lane}`, async () => {
      const channel = chan<string>();
      const error = new Error("in the body");
      start(channel);
      const failure = await rejectionOf((async () => {
        for await (const letter of channel) if (letter === "e") throw error;
      })());
      expect(failure).to.equal(error);
      expect(channel.closed).to.equal(false);
      let rest = "";
      for await (const letter of channel) rest += letter;
      expect(rest).to.equal(letters.slice(5));
    });

    it(`CL-07 (d) two loops on one channel share its values: each value goes to one of them: ${lane}`, async () => {
      const channel = chan<string>();
      const loop = async (): Promise<string> => {
        let text = "";
        for await (const letter of channel) text += letter;
        return text;
      };
      const both = [loop(), loop()];
      start(channel);
      const [one, other] = await Promise.all(both) as [string, string];
      expect([...one, ...other].sort().join("")).to.equal(letters);
      expect(one.length).to.be.within(1, 25);
      expect([...one].sort().join("")).to.equal(one);
      expect([...other].sort().join("")).to.equal(other);
    });
  }

  it("CL-07 (e) a loop does not end before the close", async () => {
    const channel = chan<string>(2);
    await channel.send("a");
    const loop = (async () => {
      let text = "";
      for await (const letter of channel) text += letter;
      return text;
    })();
    expect(await isPending(loop)).to.equal(true);
    await channel.send("b");
    expect(await isPending(loop)).to.equal(true);
    channel.close();
    expect(await loop).to.equal("ab");
  });
});
