/**
 * How a client of Postgres begins: it asks for TLS by eight bytes, gets one byte for an answer, and starts TLS over the same connection.
 *
 *     npx tsx examples/29-postgres.ts 127.0.0.1:5432 postgres
 *
 * The arguments are an address and a user who needs no password. Without them it talks to a server of its own.
 */
import { run, timeout } from "rendezvous";
import { dial, listen, serve, type Connection } from "rendezvous/net";
import { cert, key } from "./support/certificate.ts";

const [sslRequest, protocol] = [80_877_103, 196_608]; // 1234.5679 and 3.0, in the place of a version

// -- Messages: a letter, a length that counts itself, and bytes ------------------------------------------------------------------------

interface Message {
  type: string;
  body: Buffer;
}

const int = (n: number): Buffer => Buffer.from([n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
const strings = (...texts: string[]): Buffer => Buffer.from(texts.map((text) => `${text}\0`).join(""));

/** The first message has no letter: servers from before there were letters tell it by its version. */
const send = (connection: Connection, type: string, ...body: Buffer[]): Promise<void> =>
  connection.send([type, int(4 + body.reduce((sum, { length }) => sum + length, 0)), ...body]);

async function readBody(connection: Connection): Promise<Buffer> {
  const length = Buffer.from(await connection.readExactly(4)).readInt32BE();
  return Buffer.from(await connection.readExactly(length - 4));
}

async function read(connection: Connection): Promise<Message> {
  const type = Buffer.from(await connection.readExactly(1)).toString();
  return { type, body: await readBody(connection) };
}

// -- The client ------------------------------------------------------------------------------------------------------------------------

/** A connection to a database, ready for queries; within five seconds, or it is destroyed. */
async function connect(address: string, user: string, ca?: string): Promise<Connection> {
  const connection = await dial(address);
  try {
    return await timeout(5000, async () => {
      await send(connection, "", int(sslRequest));
      const answer = Buffer.from(await connection.readExactly(1)).toString();
      // Whatever comes behind that byte in plaintext was not said under TLS, and fails.
      if (answer === "S") await connection.startTls({ ca, rejectUnauthorized: ca !== undefined });
      await send(connection, "", int(protocol), strings("user", user, "database", "postgres", ""));
      await readUntilReady(connection);
      return connection;
    });
  } catch (error) {
    connection.destroy(error);
    throw error;
  }
}

/** The messages up to the one that says that the server waits for a query. */
async function readUntilReady(connection: Connection): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const message = await read(connection);
    if (message.type === "Z") return messages;
    if (message.type === "E") throw new Error(message.body.toString().split("\0").find((field) => field.startsWith("M"))?.slice(1));
    if (message.type === "R" && message.body.readInt32BE() !== 0) throw new Error("it asks for a password");
    messages.push(message);
  }
}

/** The rows of an answer, each a list of texts. */
async function query(connection: Connection, sql: string): Promise<string[][]> {
  await send(connection, "Q", strings(sql));
  const rows = (await readUntilReady(connection)).filter(({ type }) => type === "D");
  return rows.map(({ body }) => {
    const row: string[] = [];
    for (let at = 2; at < body.length;) {
      const length = Math.max(0, body.readInt32BE(at)); // -1 is NULL
      row.push(body.subarray(at + 4, at + 4 + length).toString());
      at += 4 + length;
    }
    return row;
  });
}

// -- A server, which gives back the numbers that it finds in a query -------------------------------------------------------------------

async function talk(client: Connection): Promise<void> {
  await readBody(client); // the request for TLS
  await client.send("S");
  await client.startTls({ isServer: true, cert, key });
  await readBody(client); // who it is
  await send(client, "R", int(0));
  for (;;) {
    await send(client, "Z", Buffer.from("I"));
    const { type, body } = await read(client);
    if (type === "X") return;
    const values = body.toString().match(/\d+/g) ?? [];
    await send(client, "D", Buffer.from([0, values.length]), ...values.flatMap((value) => [int(value.length), Buffer.from(value)]));
  }
}

await run(async (s) => {
  const [, , address, user = "postgres"] = process.argv;
  const listener = address === undefined ? s.use(await listen("127.0.0.1:0")) : undefined;
  if (listener) s.go(() => serve(listener, talk));
  const database = s.use(await connect(address ?? `127.0.0.1:${listener?.address.port}`, user, listener && cert));
  console.log(database.tls === undefined ? "plaintext" : database.tls.protocol);
  for (const row of await query(database, "SELECT 1, 42")) console.log(row.join(", "));
  await send(database, "X");
  await listener?.shutdown();
});

// Prints, with a server that has TLS:
// TLSv1.3
// 1, 42
