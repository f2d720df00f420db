/**
 * A client of NATS: one task reads, and hands each message to the channel of its subscription; whoever has something to say sends.
 *
 *     npx tsx examples/27-nats.ts 127.0.0.1:4222
 *
 * Without an address it talks to a server of its own, which knows no more than the example needs. For NATS in earnest there is `rendezvous/nats`.
 */
import { chan, run, timeout, type Channel, type Scope } from "rendezvous";
import { dial, listen, serve, type Connection } from "rendezvous/net";

interface Message {
  subject: string;
  reply: string | undefined;
  text: string;
}

// -- The client ------------------------------------------------------------------------------------------------------------------------

class Nats {
  readonly #connection: Connection;
  readonly #subscriptions = new Map<string, Channel<Message>>();

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Connects; what the server says is read by a task of the scope. */
  static async connect(address: string, s: Scope): Promise<Nats> {
    const connection = s.use(await dial(address));
    await connection.readLine(); // INFO, in JSON
    await connection.send(`CONNECT {"verbose":false,"pedantic":false}\r\n`);
    const nats = new Nats(connection);
    s.go(() => nats.#listen());
    return nats;
  }

  async #listen(): Promise<void> {
    for await (const line of this.#connection.lines()) {
      const [verb = "", subject = "", id = "", ...rest] = line.split(" ");
      if (verb === "PING") await this.#connection.send("PONG\r\n");
      else if (verb === "-ERR") throw new Error(line);
      else if (verb === "MSG") {
        const text = Buffer.from(await this.#connection.readExactly(Number(rest.at(-1)))).toString();
        await this.#connection.readLine(); // the end of the payload
        // Waits if the channel is full: a slow subscriber slows the connection down, and TCP the server.
        await this.#subscriptions.get(id)?.send({ subject, reply: rest.length > 1 ? rest[0] : undefined, text });
      }
    }
    for (const messages of this.#subscriptions.values()) messages.close();
  }

  async subscribe(subject: string): Promise<Channel<Message>> {
    const id = String(this.#subscriptions.size + 1);
    const messages = chan<Message>(100);
    this.#subscriptions.set(id, messages);
    await this.#connection.send(`SUB ${subject} ${id}\r\n`);
    return messages;
  }

  publish(subject: string, text: string, reply = ""): Promise<void> {
    return this.#connection.send([`PUB ${subject} ${reply && `${reply} `}${Buffer.byteLength(text)}\r\n`, text, "\r\n"]);
  }

  /** Asks, with a subject for the answer that nobody else has. */
  async request(subject: string, text: string): Promise<string> {
    const inbox = `_INBOX.${crypto.randomUUID()}`;
    const answers = await this.subscribe(inbox);
    await this.publish(subject, text, inbox);
    return timeout(1000, async () => (await answers.receive()).text);
  }

  close(): Promise<void> {
    return this.#connection.closeWrite();
  }
}

// -- A server --------------------------------------------------------------------------------------------------------------------------

const subscribers: { pattern: RegExp; id: string; client: Connection }[] = [];

async function talk(client: Connection): Promise<void> {
  await client.send("INFO {}\r\n");
  for await (const line of client.lines()) {
    const [verb = "", subject = "", ...rest] = line.split(" ");
    if (verb === "SUB") subscribers.push({ pattern: new RegExp(`^${subject.replace("*", "[^.]+").replace(">", ".+")}$`), id: rest.at(-1) ?? "", client });
    if (verb !== "PUB") continue;
    const payload = await client.readExactly(Number(rest.at(-1)));
    await client.readLine();
    for (const { id, client: to } of subscribers.filter(({ pattern }) => pattern.test(subject))) {
      await to.send([`MSG ${[subject, id, ...rest].join(" ")}\r\n`, payload, "\r\n"]);
    }
  }
}

await run(async (s) => {
  const listener = process.argv[2] === undefined ? s.use(await listen("127.0.0.1:0")) : undefined;
  if (listener) s.go(() => serve(listener, talk));
  const nats = await Nats.connect(process.argv[2] ?? `127.0.0.1:${listener?.address.port}`, s);

  const greetings = await nats.subscribe("greet.*");
  for (const name of ["ann", "bob"]) await nats.publish(`greet.${name}`, `Hello ${name}!`);
  for (let n = 0; n < 2; n++) {
    const { subject, text } = await greetings.receive();
    console.log(`${subject}: ${text}`);
  }

  const questions = await nats.subscribe("double");
  s.go(async () => {
    for await (const { text, reply } of questions) if (reply !== undefined) await nats.publish(reply, String(2 * Number(text)));
  });
  console.log(await nats.request("double", "21"));
  await nats.close();
  await listener?.shutdown();
});

// Prints:
// greet.ann: Hello ann!
// greet.bob: Hello bob!
// 42
