/**
 * HTTP/1.1 by hand, both sides: many requests over one connection (keep-alive), bodies with a length or in chunks, in both directions.
 *
 *     npx tsx examples/26-http.ts 127.0.0.1:8080                 a server: curl -T README.md http://127.0.0.1:8080/
 *     npx tsx examples/26-http.ts http://localhost:80/ ...       a client: GET one after the other, over one connection
 *
 * Without arguments the client talks to the server. A message is lines up to a blank one, then bytes; whoever reads them as such is never
 * out of step. A server that fails in the middle of an answer has to reset the connection, or a part looks like the whole: `serve` does so.
 */
import { run } from "rendezvous";
import { dial, listen, serve, type Bytes, type Connection } from "rendezvous/net";

type Header = Map<string, string>;
interface Message {
  /** The first line: of a request or of a response. */
  start: string;
  header: Header;
  body: Uint8Array;
}

// -- Messages --------------------------------------------------------------------------------------------------------------------------

/** The next message; undefined when the peer has sent its last one. */
async function read(connection: Connection): Promise<Message | undefined> {
  const start = await connection.readLine();
  if (start === undefined) return undefined;
  const header: Header = new Map();
  for await (const line of connection.lines({ maxLine: 8192 })) {
    if (line === "") break;
    const [, name = "", value = ""] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
    header.set(name.toLowerCase(), value);
  }
  if (header.has("expect")) await connection.send("HTTP/1.1 100 Continue\r\n\r\n"); // curl asks before it sends a long body
  const body = header.get("transfer-encoding") === "chunked" ? await chunked(connection) : connection.readExactly(Number(header.get("content-length") ?? 0));
  return { start, header, body: await body };
}

async function chunked(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const size = Number.parseInt((await connection.readLine()) ?? "", 16);
    if (Number.isNaN(size)) throw new Error("the size of a chunk is a number");
    if (size > 0) chunks.push(await connection.readExactly(size));
    const end = await connection.readLine(); // of the chunk; behind the last one there may be more lines of header
    if (size === 0 && end === "") return Buffer.concat(chunks);
  }
}

/** Sends a message; its body in one piece with a length, or in chunks as they come. */
async function write(connection: Connection, start: string, header: Record<string, string>, body: Bytes | AsyncIterable<string>): Promise<void> {
  const lines = Object.entries(header).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  if (typeof body === "string" || Symbol.iterator in body) {
    const bytes = Buffer.concat([body].flat().map((part) => Buffer.from(part as string)));
    return connection.send([`${start}\r\n${lines}Content-Length: ${bytes.length}\r\n\r\n`, bytes]); // in one send
  }
  await connection.send(`${start}\r\n${lines}Transfer-Encoding: chunked\r\n\r\n`);
  for await (const chunk of body) if (chunk !== "") await connection.send(`${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
  await connection.send("0\r\n\r\n");
}

// -- Server and client -----------------------------------------------------------------------------------------------------------------

async function* countdown(): AsyncGenerator<string> {
  for (let n = 3; n > 0; n--) yield `${n} `;
}

/** Answers the requests of one connection, one after the other. */
async function answer(connection: Connection): Promise<void> {
  for (let request = await read(connection); request !== undefined; request = await read(connection)) {
    const [method = "", path = ""] = request.start.split(" ");
    const last = request.header.get("connection") === "close";
    const header = { "Content-Type": "text/plain", "Connection": last ? "close" : "keep-alive" };
    if (path === "/countdown") await write(connection, "HTTP/1.1 200 OK", header, countdown());
    else await write(connection, "HTTP/1.1 200 OK", header, `${method} ${path}, ${request.body.length} bytes\n`);
    if (last) return;
  }
}

async function ask(connection: Connection, host: string, start: string, body: Bytes | AsyncIterable<string> = ""): Promise<string> {
  await write(connection, `${start} HTTP/1.1`, { Host: host }, body);
  const response = await read(connection);
  if (response === undefined) throw new Error("the server has closed the connection instead of answering");
  return `${response.start}: ${Buffer.from(response.body).toString().trim()}`;
}

await run(async (s) => {
  const [first, ...others] = process.argv.slice(2);
  if (first?.startsWith("http:") === true) {
    const { host, hostname, port } = new URL(first);
    await using connection = await dial({ host: hostname, port: Number(port) || 80 });
    for (const url of [first, ...others]) console.log(await ask(connection, host, `GET ${new URL(url).pathname}`));
    return;
  }
  const listener = s.use(await listen(first ?? "127.0.0.1:0"));
  s.go(() => serve(listener, answer, { onError: (error) => { console.log("a client:", error); } }));
  if (first !== undefined) return;
  await using connection = await dial(`127.0.0.1:${listener.address.port}`);
  console.log(await ask(connection, "localhost", "GET /"));
  console.log(await ask(connection, "localhost", "GET /countdown"));
  console.log(await ask(connection, "localhost", "PUT /length", "hello"));
  console.log(await ask(connection, "localhost", "PUT /chunks", countdown()));
  await connection.shutdown();
  await listener.shutdown();
});

// Prints, without arguments:
// HTTP/1.1 200 OK: GET /, 0 bytes
// HTTP/1.1 200 OK: 3 2 1
// HTTP/1.1 200 OK: PUT /length, 5 bytes
// HTTP/1.1 200 OK: PUT /chunks, 6 bytes
