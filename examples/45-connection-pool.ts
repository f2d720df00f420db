/**
 * A pool of connections: five tasks share two connections to a server, each for one question at a time. A connection whose user fails is
 * closed, since nobody knows what would be answered on it next; the pool opens another one when it is needed.
 */
import { gather, scope } from "rendezvous";
import { dial, listen, serve } from "rendezvous/net";
import { pool } from "rendezvous/sync";

await scope(async (s) => {
  let accepted = 0;
  await using listener = await listen("127.0.0.1:0");
  const server = s.go(() => serve(listener, async (connection) => {
    accepted++;
    for await (const line of connection.lines()) await connection.send(`${line.toUpperCase()}\n`);
  }));

  {
    await using connections = pool({
      create: () => dial({ host: "127.0.0.1", port: listener.address.port }),
      destroy: (connection) => connection.shutdown(),
      max: 2,
      name: "echo",
    });
    const ask = (question: string): Promise<string | undefined> => connections.use(async (connection) => {
      if (question === "fail") throw new Error("lost interest");
      await connection.send(`${question}\n`);
      return connection.readLine();
    });
    const answers = await gather(["one", "two", "fail", "three", "four"].map((question) => () => ask(question)), { returnErrors: true });
    for (const answer of answers) console.log(answer instanceof Error ? `error: ${answer.message}` : answer);
    console.log(`connections at a time: ${connections.size <= 2 ? "at most two" : "too many"}`);
  }
  await listener.shutdown();
  await server;
  console.log(`connections in all: ${accepted >= 2 && accepted <= 3 ? "two or three" : accepted}`);
});

// Prints:
// ONE
// TWO
// error: lost interest
// THREE
// FOUR
// connections at a time: at most two
// connections in all: two or three
