/**
 * A SOCKS5 proxy: a handshake in bytes, and then a forwarder that ends each direction by itself.
 *
 *     npx tsx examples/25-socks5-proxy.ts 127.0.0.1:1080
 *     curl --socks5-hostname 127.0.0.1:1080 https://example.org/
 *
 * Without an address it picks a port, goes through itself to a server that counts words, and ends. That server answers only when it has seen
 * the end of what it is sent: the forwarder has to pass on that one side has ended, and keep the other one open.
 */
import { gather, run } from "rendezvous";
import { ConnectionError, dial, listen, serve, type Connection } from "rendezvous/net";

const [version, noPassword, connect] = [5, 0, 1];
const reply = { done: 0, refused: 5, unreachable: 4, unknownCommand: 7 };

// -- Forwarding ------------------------------------------------------------------------------------------------------------------------

async function forward(from: Connection, to: Connection): Promise<void> {
  for await (const chunk of from) await to.send(chunk); // a slow reader slows the sender down
  await to.closeWrite();
}

/** Both directions, until both have ended. If one fails, the other one is cancelled. */
const splice = (one: Connection, other: Connection): Promise<unknown> => gather([() => forward(one, other), () => forward(other, one)]);

// -- The proxy -------------------------------------------------------------------------------------------------------------------------

async function proxy(client: Connection): Promise<void> {
  const [, methods = 0] = await client.readExactly(2);
  await client.readExactly(methods);
  await client.send(Uint8Array.of(version, noPassword));
  const [, command, , kind = 0] = await client.readExactly(4);
  const [host, port] = [await hostOf(client, kind), Buffer.from(await client.readExactly(2)).readUInt16BE()];
  const answer = (code: number): Promise<void> => client.send(Uint8Array.of(version, code, 0, 1, 0, 0, 0, 0, 0, 0));
  if (command !== connect) return answer(reply.unknownCommand);
  try {
    await using target = await dial({ host, port, timeout: 10_000 });
    await answer(reply.done);
    await splice(client, target);
  } catch (error) {
    if (!(error instanceof ConnectionError) || error.phase === undefined) throw error; // it was connected already: the client sees a reset
    await answer(error.code === "ECONNREFUSED" ? reply.refused : reply.unreachable);
  }
}

async function hostOf(client: Connection, kind: number): Promise<string> {
  if (kind === 1) return (await client.readExactly(4)).join(".");
  if (kind === 4) return Buffer.from(await client.readExactly(16)).toString("hex").match(/.{4}/g)?.join(":") ?? "";
  const [length = 0] = await client.readExactly(1);
  return Buffer.from(await client.readExactly(length)).toString();
}

// -- A client --------------------------------------------------------------------------------------------------------------------------

/** A connection to a host and port, through a proxy. The name is the proxy's to look up. */
async function dialThrough(address: string, host: string, port: number): Promise<Connection> {
  const tunnel = await dial(address);
  await tunnel.send(Uint8Array.of(version, 1, noPassword));
  await tunnel.readExactly(2);
  const name = Buffer.from(host);
  await tunnel.send([Uint8Array.of(version, connect, 0, 3, name.length), name, Uint8Array.of(port >> 8, port & 255)]);
  const [, code] = await tunnel.readExactly(10);
  if (code === reply.done) return tunnel; // from here on it is a connection like any other; `startTls` makes it a secure one
  tunnel.destroy();
  throw new Error(`the proxy cannot reach ${host}: code ${code}`);
}

// -- To try it -------------------------------------------------------------------------------------------------------------------------

async function countWords(client: Connection): Promise<void> {
  let words = 0;
  for await (const line of client.lines()) words += line.split(" ").length;
  await client.send(`${words} words\n`);
}

await run(async (s) => {
  const [, , address] = process.argv;
  const listener = s.use(await listen(address ?? "127.0.0.1:0"));
  s.go(() => serve(listener, proxy, { onError: () => undefined }));
  if (address !== undefined) return;
  const [here, counter] = [`127.0.0.1:${listener.address.port}`, s.use(await listen("127.0.0.1:0"))];
  s.go(() => serve(counter, countWords));
  const port = counter.address.port ?? 0;

  await using tunnel = await dialThrough(here, "localhost", port);
  await tunnel.send(["one two three\n", "four five"]);
  await tunnel.closeWrite();
  console.log(await tunnel.readLine());

  await counter.shutdown();
  console.log(await dialThrough(here, "localhost", port).catch(String));
  await listener.shutdown();
});

// Prints, without an address:
// 5 words
// Error: the proxy cannot reach localhost: code 5
