/** What the errors of an ended channel say: which operation failed, on which channel, how that has ended, and what to do. */
import { expect } from "chai";
import { chan, ClosedError } from "../../../src/node.ts";
import { rejectionOf } from "../../support/settle.ts";

describe("Messages: the end of a channel", () => {
  for (const [how, end] of [["closed", "close"], ["cancelled", "cancel"]] as const) {
    const sendText = `send on ${how} channel "jobs": nobody received the value; check closed first`;
    const receiveText = `receive on ${how} channel "jobs": nothing is left; next() and for await see the end as data`;

    it(`Messages: a send and a receive on a ${how} channel say so, and what to do instead`, async () => {
      const channel = chan<number>({ name: "jobs" });
      channel[end]();
      expect(await rejectionOf(channel.send(1))).to.be.instanceOf(ClosedError).with.property("message", sendText);
      expect(() => channel.trySend(1)).to.throw(ClosedError, sendText);
      expect(await rejectionOf(channel.receive())).to.be.instanceOf(ClosedError).with.property("message", receiveText);
    });

    it(`Messages: those that wait when the channel is ${how} get the same`, async () => {
      const channel = chan<number>({ name: "jobs" });
      const received = channel.receive();
      channel[end]();
      expect(await rejectionOf(received)).to.have.property("message", receiveText);
      if (how === "closed") return; // a send that waits has been accepted
      const other = chan<number>({ name: "jobs" });
      const sent = other.send(1);
      other[end]();
      expect(await rejectionOf(sent)).to.have.property("message", sendText);
    });
  }
});
