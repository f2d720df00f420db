/** What calls do, in memory and on a server alike. */
import { expect } from "chai";
import { sleep } from "../../../src/node.ts";
import { RemoteError } from "../../../src/nats/index.ts";
import { rejectionOf } from "../../support/settle.ts";
import type { Scenarios } from "./support.ts";

export const callsScenarios: Scenarios = {
  "NT-52 a call is answered; a handler that throws is a RemoteError with name and code; a name that nobody serves waits": async (world) => {
    const [here, there] = [await world.remote(), (await world.remote()).calls<number, number>("root")];
    const serving = there.server.serve((n) => {
      if (n < 0) throw Object.assign(new RangeError("too small"), { code: "E_SMALL" });
      return Math.sqrt(n);
    });
    const { client } = here.calls<number, number>("root");
    expect(await client.call(49)).to.equal(7);
    const error = await rejectionOf(client.call(-1));
    expect(error).to.be.instanceOf(RemoteError);
    expect(error).to.include({ remoteName: "RangeError", remoteCode: "E_SMALL", message: "too small" });
    const stop = new AbortController();
    const waiting = rejectionOf(here.calls("other").client.call(1, { signal: stop.signal }));
    await sleep(50);
    stop.abort("enough");
    expect(await waiting).to.equal("enough");
    there.close();
    await serving;
  },

  "NT-52 (b) answers that take a while, and many at once, come to their callers": async (world) => {
    const there = (await world.remote()).calls<number, number>("slow");
    const answering = (async () => {
      for await (const call of there.server) void sleep(20).then(() => call.reply(call.value * 2));
    })();
    const { client } = (await world.remote()).calls<number, number>("slow");
    const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => client.call(n)));
    expect(answers).to.deep.equal(Array.from({ length: 64 }, (_, n) => 2 * n));
    there.close();
    await answering;
  },

  "NT-57 a call waits for a server, and is answered when there is one": async (world) => {
    const { client } = (await world.remote()).calls<string, string>("late");
    const answer = client.call("there?");
    await sleep(30);
    const there = (await world.remote()).calls<string, string>("late");
    const serving = there.server.serve((text) => `${text} yes`);
    expect(await answer).to.equal("there? yes");
    there.close();
    await serving;
  },
};
