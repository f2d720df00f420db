/**
 * SMTP with STARTTLS, both sides: a mail goes over line by line, and in the middle of it the connection becomes a secure one.
 *
 *     npx tsx examples/24-smtp-starttls.ts mail.example.org:25
 *
 * With an address it greets that server, starts TLS, and says what was agreed on. Without one it sends a mail to a server of its own.
 */
import { run } from "rendezvous";
import { dial, listen, serve, type Connection } from "rendezvous/net";
import { cert, key } from "./support/certificate.ts";

interface Mail {
  from: string;
  to: string;
  text: string;
}

// -- The client ------------------------------------------------------------------------------------------------------------------------

/** Sends a command, if any, and reads the reply: lines of which all but the last have a hyphen behind their code. */
async function ask(server: Connection, expected: number, command?: string): Promise<string[]> {
  if (command !== undefined) await server.send(`${command}\r\n`);
  const reply: string[] = [];
  for await (const line of server.lines()) {
    if (!line.startsWith(String(expected))) throw new Error(`${command ?? "the greeting"} was answered by: ${line}`);
    reply.push(line.slice(4));
    if (line[3] !== "-") break; // the connection stays open
  }
  return reply;
}

async function greet(address: string, ca?: string): Promise<Connection> {
  const server = await dial(address);
  await ask(server, 220);
  const offers = await ask(server, 250, "EHLO client.example");
  if (!offers.includes("STARTTLS")) throw new Error(`${address} offers no TLS`);
  await ask(server, 220, "STARTTLS");
  await server.startTls({ ca }); // it fails if the server, or somebody between, has said more than that in plaintext
  await ask(server, 250, "EHLO client.example"); // what was offered before may have been forged
  return server;
}

async function deliver(server: Connection, { from, to, text }: Mail): Promise<void> {
  await ask(server, 250, `MAIL FROM:<${from}>`);
  await ask(server, 250, `RCPT TO:<${to}>`);
  await ask(server, 354, "DATA");
  const lines = text.split("\n").map((line) => (line.startsWith(".") ? `.${line}` : line));
  await ask(server, 250, [...lines, "."].join("\r\n"));
}

// -- The server ------------------------------------------------------------------------------------------------------------------------

async function talk(client: Connection, onMail: (mail: Mail) => void): Promise<void> {
  const mail: Mail = { from: "", to: "", text: "" };
  await client.send("220 small.example ESMTP\r\n");
  for await (const line of client.lines()) {
    const address = /<(.*)>/.exec(line)?.[1] ?? "";
    switch (line.slice(0, 4).toUpperCase()) {
      case "EHLO":
        await client.send(client.tls ? "250 small.example\r\n" : "250-small.example\r\n250 STARTTLS\r\n");
        continue;
      case "STAR":
        await client.send("220 go ahead\r\n");
        await client.startTls({ isServer: true, cert, key }); // the loop goes on, over the same connection
        continue;
      case "MAIL": mail.from = address; break;
      case "RCPT": mail.to = address; break;
      case "DATA":
        await client.send("354 a line with a dot ends it\r\n");
        mail.text = await textOf(client);
        onMail(mail);
        break;
      case "QUIT":
        await client.send("221 bye\r\n");
        return;
      default:
        await client.send("502 not here\r\n");
        continue;
    }
    await client.send("250 ok\r\n");
  }
}

async function textOf(client: Connection): Promise<string> {
  const lines: string[] = [];
  for await (const line of client.lines()) {
    if (line === ".") break;
    lines.push(line.replace(/^\./, ""));
  }
  return lines.join("\n");
}

await run(async (s) => {
  const [, , address] = process.argv;
  const listener = address === undefined ? s.use(await listen("127.0.0.1:0")) : undefined;
  if (listener) s.go(() => serve(listener, (client) => talk(client, ({ from, to, text }) => { console.log(`mail from ${from} to ${to}: ${text}`); })));
  await using server = await greet(address ?? `127.0.0.1:${listener?.address.port}`, listener && cert);
  console.log(server.tls?.protocol, server.tls?.authorized ? "trusted" : "not trusted");
  if (listener) await deliver(server, { from: "ann@client.example", to: "bob@small.example", text: "Hello Bob,\n.. dots are doubled on the wire." });
  await ask(server, 221, "QUIT");
  await listener?.shutdown();
});

// Prints, without an address:
// TLSv1.3 trusted
// mail from ann@client.example to bob@small.example: Hello Bob,
// .. dots are doubled on the wire.
