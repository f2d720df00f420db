/**
 * A client of MQTT 3.1.1: packets of bytes, whose length comes first, seven bits at a time.
 *
 *     npx tsx examples/28-mqtt.ts 127.0.0.1:1883
 *
 * One loop reads, and pings when nothing has come for a while: a select over the next byte and a sleep. If the sleep wins, no byte was taken.
 * Without an address it talks to a broker of its own.
 */
import { chan, run, select, sleeping, type Channel, type Scope } from "rendezvous";
import { dial, listen, serve, type Connection } from "rendezvous/net";

const kinds = { connect: 1, connected: 2, publish: 3, published: 4, subscribe: 8, subscribed: 9, ping: 12, disconnect: 14 };
const keepAlive = 60; // seconds; the broker drops whoever is silent for half as long again

interface Packet {
  kind: number;
  flags: number;
  body: Buffer;
}

// -- Packets ---------------------------------------------------------------------------------------------------------------------------

/** The rest of a packet, whose first byte has been read. */
async function packet(connection: Connection, [first = 0]: Uint8Array): Promise<Packet> {
  let length = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    const [byte = 0] = await connection.readExactly(1);
    length += (byte & 127) << shift;
    more = byte > 127;
  }
  return { kind: first >> 4, flags: first & 15, body: Buffer.from(await connection.readExactly(length)) };
}

function send(connection: Connection, kind: number, flags: number, ...parts: Uint8Array[]): Promise<void> {
  const head = [(kind << 4) | flags];
  let left = parts.reduce((sum, { length }) => sum + length, 0);
  do {
    head.push((left & 127) | (left > 127 ? 128 : 0));
    left >>= 7;
  } while (left > 0);
  return connection.send([Uint8Array.from(head), ...parts]); // one send, however many parts
}

const number = (n: number): Buffer => Buffer.from([n >> 8, n & 255]);
const text = (string: string): Buffer => Buffer.concat([number(Buffer.byteLength(string)), Buffer.from(string)]);
/** A text at the beginning of some bytes, and what is behind it. */
const split = (body: Buffer): [string, Buffer] => [body.subarray(2, 2 + body.readUInt16BE()).toString(), body.subarray(2 + body.readUInt16BE())];

// -- The client ------------------------------------------------------------------------------------------------------------------------

interface Client {
  readonly connection: Connection;
  /** What the broker has acknowledged: the kind of the packet, and its number. */
  readonly acknowledged: Channel<string>;
  readonly messages: Channel<[topic: string, text: string]>;
}

async function connect(address: string, s: Scope): Promise<Client> {
  const client: Client = { connection: s.use(await dial(address)), acknowledged: chan(), messages: chan(100) };
  await send(client.connection, kinds.connect, 0, text("MQTT"), Buffer.from([4, 2]), number(keepAlive), text(""));
  s.go(read, client);
  await client.acknowledged.receive();
  return client;
}

async function read({ connection, acknowledged, messages }: Client): Promise<void> {
  for (;;) {
    const next = await select({ byte: connection.readingExactly(1), idle: sleeping(keepAlive * 1000 / 2) });
    if (next.case === "idle") {
      await send(connection, kinds.ping, 0);
      continue;
    }
    const { kind, flags, body } = await packet(connection, next.value);
    if (kind === kinds.publish) {
      const [topic, rest] = split(body);
      await messages.send([topic, rest.subarray(flags & 6 ? 2 : 0).toString()]);
    } else if (kind === kinds.connected && body[1] !== 0) throw new Error(`the broker refuses: ${body[1]}`);
    else if (kind !== kinds.ping + 1) await acknowledged.send(`${kind} ${kind === kinds.connected ? 0 : body.readUInt16BE()}`);
  }
}

// -- A broker of one client, whose messages go back to it ------------------------------------------------------------------------------

async function talk(client: Connection): Promise<void> {
  for (;;) {
    const { kind, flags, body } = await packet(client, await client.readExactly(1));
    if (kind === kinds.connect) await send(client, kinds.connected, 0, Buffer.from([0, 0]));
    if (kind === kinds.subscribe) await send(client, kinds.subscribed, 0, body.subarray(0, 2), Buffer.from([1]));
    if (kind === kinds.disconnect) return;
    if (kind !== kinds.publish) continue;
    await send(client, kinds.published, 0, split(body)[1].subarray(0, 2));
    await send(client, kinds.publish, flags, body);
  }
}

await run(async (s) => {
  const listener = process.argv[2] === undefined ? s.use(await listen("127.0.0.1:0")) : undefined;
  if (listener) s.go(() => serve(listener, talk));
  const { connection, acknowledged, messages } = await connect(process.argv[2] ?? `127.0.0.1:${listener?.address.port}`, s);

  await send(connection, kinds.subscribe, 2, number(1), text("rendezvous/#"), Buffer.from([0]));
  console.log("acknowledged:", await acknowledged.receive());
  await send(connection, kinds.publish, 2, text("rendezvous/kitchen"), number(2), Buffer.from("21 °C")); // to be acknowledged
  console.log("acknowledged:", await acknowledged.receive());
  console.log((await messages.receive()).join(": "));
  await send(connection, kinds.disconnect, 0);
  s.cancel();
});

// Prints:
// acknowledged: 9 1
// acknowledged: 4 2
// rendezvous/kitchen: 21 °C
