/**
 * A test of a client that does not give up, without a network: its server is in memory, and the test decides when each fault comes. The client
 * takes `dial` as an argument; production passes the one of `rendezvous/net`. Under a fake clock, as in the specs, none of it takes real time.
 */
import { scope, sleep } from "rendezvous";
import { serve, type dial as Dial } from "rendezvous/net";
import { memoryNet } from "rendezvous/testing";

async function ask(dial: typeof Dial, question: string): Promise<string | undefined> {
  await using connection = await dial({ host: "oracle.example", port: 7, timeout: 1000 });
  await connection.send(`${question}\n`);
  return await connection.readLine();
}

async function insist(dial: typeof Dial, question: string): Promise<string | undefined> {
  for (let attempt = 1; attempt < 9; attempt++) {
    try {
      return await ask(dial, question);
    } catch (error) {
      console.log(`attempt ${attempt}: ${(error as Error).message}`);
      await sleep(1000);
    }
  }
  return undefined;
}

const net = memoryNet({ latency: 5, maxSegment: 1 }); // byte by byte

await scope(async (s) => {
  const answer = s.go(() => insist(net.dial, "is anybody there?"));
  await sleep(500); // the first attempt has found no server
  const listener = await net.listen("oracle.example:7");
  net.partition("oracle.example:7");

  let asked = 0;
  s.go(() => serve(listener, async (connection) => {
    for await (const line of connection.lines()) {
      if (++asked === 1) net.reset(connection); // in the middle of the conversation
      await connection.send(`${line} Yes.\n`);
    }
  }));
  await sleep(2000); // the second attempt has reached its time limit
  net.heal();

  console.log(await answer.join());
  await listener.shutdown();
});
console.log(`${net.connections} connections are left`);

// Prints:
// attempt 1: dial oracle.example:7 has failed: ECONNREFUSED 10.0.0.1:7
// attempt 2: dial oracle.example:7 timed out after 1000 ms in the phase "connect" (10.0.0.1:7)
// attempt 3: connection to 10.0.0.1:7 has failed: ECONNRESET (read ECONNRESET)
// is anybody there? Yes.
// 0 connections are left
