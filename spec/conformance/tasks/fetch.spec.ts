/** The platform's own API in a scope: what takes a signal is cancelled by the scope's. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { attempting, perform, scope } from "../../../src/node.ts";
import { rejectionOf } from "../../support/settle.ts";
import { failOnUnhandledRejections } from "../channels/support.ts";
import { expectCancelled, foreign, lanes } from "./support.ts";

describe("fetch in a scope", () => {
  let server: Server;
  let url: string;
  failOnUnhandledRejections();

  before(async () => {
    server = createServer(); // answers nothing
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  for (const lane of lanes) {
    const { lib } = lane;
    const starts: [name: string, start: (signal: AbortSignal) => Promise<unknown>][] = [
      ["fetch with the scope's signal", (signal: AbortSignal) => fetch(url, { signal })],
      ["attempting a fetch, in a select", (signal: AbortSignal) => lib.select({ f: lib.attempting((own) => fetch(url, { signal: own })), n: lib.never }, { signal })],
    ];
    for (const [name, start] of starts) {
      it(`S-65: ${lane.name}: ${name}: the scope is cancelled, and it rejects with the same CancelledError object`, async () => {
        const reason = { why: "enough" };
        const rejected = foreign<unknown>();
        let own: unknown;
        const ended = lib.scope(lane.main(function* (wait, s) {
          s.go(() => start(s.signal).catch((error: unknown) => { rejected.resolve(error); }));
          yield* wait(once(server, "request"));
          s.cancel(reason);
          own = s.signal.reason;
          yield* wait(lib.never);
        }));
        expectCancelled(lib, await rejectionOf(ended), reason);
        expect(await rejected.promise).to.equal(own);
      });
    }

    it(`S-65: ${lane.name}: a child fails by the fetch that was cancelled, and that is no failure of the scope`, async () => {
      const ended = lib.scope(lane.main(function* (wait, s) {
        s.go(() => fetch(url, { signal: s.signal }));
        yield* wait(once(server, "request"));
        s.cancel();
        return "value";
      }));
      expect(await ended).to.equal("value");
    });
  }

  it("S-65: attempting in a cancelled task aborts the work that it has started, without passing a signal on", async () => {
    const log: string[] = [];
    await scope(async (s) => {
      s.go(() => perform(attempting((signal) => {
        signal.addEventListener("abort", () => log.push("aborted"));
        return fetch(url, { signal });
      })));
      await once(server, "request");
      s.cancel("enough");
      log.push("cancel has returned");
    });
    expect(log).to.deep.equal(["cancel has returned", "aborted"]); // in no stack of whoever cancels
  });
});
