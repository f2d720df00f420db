/**
 * GET by hand, over http and https: the header line by line, then a body that has a length or comes in chunks.
 *
 *     npx tsx examples/21-wget-https.ts https://example.org/ http://localhost:8080/
 *
 * Without arguments it asks two local servers, one of them with a self-made certificate. It reads the connection by lines and by bytes in
 * turn, and loses nothing in between.
 */
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { gather } from "rendezvous";
import { dial, type Connection } from "rendezvous/net";
import { cert, key } from "./support/certificate.ts";

interface Answer {
  status: string;
  header: Map<string, string>;
  body: Uint8Array;
}

async function get(url: URL, ca?: string): Promise<Answer> {
  const tls = url.protocol === "https:" && (ca === undefined ? true : { ca });
  const host = url.hostname.replace(/^\[|\]$/g, "");
  await using connection = await dial({ host, port: Number(url.port) || (tls ? 443 : 80), tls, timeout: 10_000 });
  await connection.send(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
  const status = (await connection.readLine()) ?? "";
  const header = new Map<string, string>();
  for await (const line of connection.lines()) {
    if (line === "") break; // the header ends here, the body begins
    const [, name = "", value = ""] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
    header.set(name.toLowerCase(), value);
  }
  return { status, header, body: await bodyOf(connection, header) };
}

async function bodyOf(connection: Connection, header: Map<string, string>): Promise<Uint8Array> {
  if (header.get("transfer-encoding") === "chunked") return chunked(connection);
  const length = header.get("content-length");
  if (length !== undefined) return connection.readExactly(Number(length));
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection) chunks.push(chunk); // until the peer ends
  return Buffer.concat(chunks);
}

async function chunked(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const size = Number.parseInt((await connection.readLine()) ?? "", 16);
    if (Number.isNaN(size)) throw new Error("the size of a chunk is a number");
    if (size === 0) break;
    chunks.push(await connection.readExactly(size));
    await connection.readLine(); // the end of the chunk
  }
  return Buffer.concat(chunks);
}

async function show(name: string, url: URL, ca?: string): Promise<void> {
  const { status, header, body } = await get(url, ca);
  const how = header.get("transfer-encoding") ?? `length ${header.get("content-length")}`;
  console.log(`${name}: ${status}, ${how}, ${JSON.stringify(Buffer.from(body).toString())}`);
}

// -- Servers of its own ----------------------------------------------------------------------------------------------------------------

const answer: RequestListener = (request, response) => {
  if (request.url === "/length") response.setHeader("Content-Length", 6).end("hello\n");
  else {
    response.write("one "); // without a length it comes in chunks
    response.end("two");
  }
};

async function urlOf(scheme: string, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const urls = process.argv.slice(2);
if (urls.length > 0) await gather(urls.map((url) => () => show(url, new URL(url))));
else {
  const servers = [createServer(answer), createSecureServer({ cert, key }, answer)] as const;
  const [plain, secure] = await gather([() => urlOf("http", servers[0]), () => urlOf("https", servers[1])]);
  await show("http", new URL(`${plain}/length`));
  await show("http", new URL(`${plain}/chunks`));
  await show("https", new URL(`${secure}/length`), cert);
  await show("https", new URL(`${secure}/chunks`), cert);
  for (const server of servers) server.close();
}

// Prints, without arguments:
// http: HTTP/1.1 200 OK, length 6, "hello\n"
// http: HTTP/1.1 200 OK, chunked, "one two"
// https: HTTP/1.1 200 OK, length 6, "hello\n"
// https: HTTP/1.1 200 OK, chunked, "one two"
