/** A user's program with all parts of the package: a type that two modules share is one type. */
import { scope, type Receiver, type Scope, type Sender } from "rendezvous";
import { dial, listen, serve, type Connection, type Listener } from "rendezvous/net";
import { bubble, explore, memoryNet } from "rendezvous/testing";
import "rendezvous/debug";

async function echo(connection: Connection, s: Scope): Promise<void> {
  const from: Receiver<Uint8Array> = connection;
  const to: Sender<Uint8Array> = connection;
  for await (const bytes of from) await to.send(bytes);
  s.cancel();
}

async function ask(connection: Connection): Promise<string | undefined> {
  await connection.send("hello\n");
  const line = await connection.readLine();
  await connection.shutdown();
  return line;
}

const answer = await scope(async (s) => {
  const listener: Listener = await listen("127.0.0.1:0");
  s.go(() => serve(listener, echo));
  const line = await ask(await dial(`127.0.0.1:${listener.address.port}`));
  await listener.shutdown();
  return line;
});

const inMemory = await bubble(async () => scope(async (s) => {
  const net = memoryNet();
  const listener: Listener = await net.listen("there:1");
  s.go(() => serve(listener, echo));
  const line = await ask(await net.dial("there:1"));
  await listener.shutdown();
  return line;
}));

console.log(answer, inMemory, (await explore(() => undefined)).complete); // hello hello true
