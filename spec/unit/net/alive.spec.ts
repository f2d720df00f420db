/** Law 10 for sockets: tasks that only talk to each other do not starve them. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { expect } from "chai";
import { chan, checkpoint, scope } from "../../../src/node.ts";

describe("sockets under traffic", () => {
  const traffics: Record<string, (goesOn: () => boolean) => Promise<void>> = {
    "handovers": async (goesOn) => {
      const ch = chan<number>();
      await scope(async (s) => {
        s.go(async () => { for await (const _ of ch); });
        while (goesOn()) await ch.send(1);
        ch.close();
      });
    },
    "handovers of generator tasks": async (goesOn) => {
      const ch = chan<number>();
      await scope((s) => {
        s.go(function* () { while ((yield* ch.nexting()).done !== true); });
        s.go(function* () {
          while (goesOn()) yield* ch.sending(1);
          ch.close();
        });
      });
    },
    "checkpoints with work between them": async (goesOn) => {
      while (goesOn()) {
        for (const began = performance.now(); performance.now() - began < 3;);
        await checkpoint();
      }
    },
  };

  for (const [name, traffic] of Object.entries(traffics)) {
    it(`RT-04, law 10: an echo comes back under full traffic: ${name}`, async function () {
      this.timeout(20_000);
      const server = createServer((socket) => { socket.pipe(socket); }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").setNoDelay();
      await once(socket, "connect");
      let echoed = 0;
      let sentAt = 0;
      let fastest = Infinity;
      const send = (): void => {
        sentAt = performance.now();
        socket.write("x");
      };
      socket.on("data", () => {
        fastest = Math.min(fastest, performance.now() - sentAt);
        if (++echoed < 8) send();
      });
      send();
      await traffic(() => echoed < 8);
      socket.destroy();
      server.close();
      // The fastest of eight: a slow machine cannot fail it. Where immediates do not let sockets in, none came before 180 ms.
      expect(fastest).to.be.lessThan(100);
    });
  }
});
