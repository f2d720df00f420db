/** What a channel does on overflow. */
import { expect } from "chai";
import { chan } from "../../../src/index.ts";
import { isPending } from "../../support/settle.ts";

describe("overflow", () => {
  for (const overflow of ["wait", undefined] as const) {
    it(`"wait", ${overflow ? "given by name" : "left out"}: a send to a full channel waits for room, and nothing is dropped`, async () => {
      const dropped: number[] = [];
      const channel = chan<number>({ capacity: 1, overflow, onDrop: (value) => { dropped.push(value); } });
      expect([channel.trySend(1), channel.trySend(2)]).to.deep.equal([true, false]);
      const sent = channel.send(3);
      expect(await isPending(sent)).to.equal(true);
      expect([await channel.receive(), await channel.receive()]).to.deep.equal([1, 3]);
      await sent;
      expect(dropped).to.deep.equal([]);
    });
  }
});
