/** N-78: the same properties over everything that a connection runs over. */
import { hangUp } from "../../unit/net/support/peers.ts";
import { kinds } from "./carriers.ts";
import { edgesBehave } from "./edges.ts";
import { connectionsBehave } from "./streams.ts";

for (const [kind, pair] of Object.entries(kinds)) {
  describe(`N-78 connections over ${kind}`, () => {
    afterEach(hangUp);
    connectionsBehave(pair);
    edgesBehave(pair, { resets: !kind.includes("Unix"), holds: kind.startsWith("memory") ? 2000 : 150_000 });
  });
}
