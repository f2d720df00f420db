/**
 * A server that shuts down gracefully: on Ctrl-C it accepts no more connections and answers the requests that it has accepted. Then the
 * process exits with the code that a shell expects, 130. A second Ctrl-C exits at once.
 *
 *     npx tsx examples/14-graceful-shutdown.ts
 *     curl --data-binary hello http://127.0.0.1:PORT/
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { finished } from "node:stream/promises";
import { never, perform, run } from "rendezvous";

await run(async (s) => {
  const server = createServer((request, response) => {
    console.log("request");
    s.go(async () => {
      let bytes = 0;
      for await (const chunk of request) bytes += (chunk as Buffer).length;
      await finished(response.end(`${bytes} bytes\n`));
      console.log("answered");
    });
  });
  s.defer(() => { console.log("good bye"); }); // when all requests are answered

  server.listen(0, "127.0.0.1");
  await once(server, "listening", { signal: s.signal });
  console.log(`listening on port ${(server.address() as AddressInfo).port}`);
  try {
    await perform(never); // until Ctrl-C
  } finally {
    server.close();
    console.log("closing");
  }
}, { grace: 10_000 });

// Prints, when Ctrl-C comes while a request is under way:
// listening on port PORT
// request
// closing
// answered
// good bye
