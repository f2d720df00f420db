/**
 * Asks several hosts at once for their front pages, and prints the header lines as they come.
 *
 *     npx tsx examples/04-wget.ts example.org localhost:8080
 *
 * Without arguments it starts three local servers. Idea: the `wget` of asyncio's first documentation.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gather } from "rendezvous";
import { dial } from "rendezvous/net";

async function wget(host: string): Promise<void> {
  console.log(`wget ${host}...`);
  const connection = await dial(host.includes(":") ? host : `${host}:80`);
  try {
    await connection.send(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    for await (const line of connection.lines()) {
      if (line === "") break; // the header ends here
      console.log(`${host} header > ${line}`);
    }
  } finally {
    await connection.shutdown();
  }
  console.log(`Done ${host}`);
}

/** Prints the name of a host that fails, and goes on with the others. */
async function wgetOrSay(host: string): Promise<void> {
  await wget(host).catch((error: unknown) => { console.log(`wget ${host}: ${String(error)}`); });
}

const answers: [status: number, header: Record<string, string>, body?: string][] = [
  [302, { "Location": "http://elsewhere.example/" }, "It has moved."],
  [302, { "Location": "/front", "Content-Length": "0" }],
  [200, { "Content-Type": "text/plain" }, "Hello world!"],
];

async function serve([status, header, body]: (typeof answers)[number]): Promise<Server> {
  const server = createServer((_request, response) => response.writeHead(status, header).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

let hosts = process.argv.slice(2);
const servers = hosts.length > 0 ? [] : await gather(answers.map((answer) => () => serve(answer)));
if (hosts.length === 0) hosts = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);

await gather(hosts.map((host) => () => wgetOrSay(host)));
for (const server of servers) server.close();

// Prints for each host, the hosts in any order:
// wget HOST...
// HOST header > HTTP/1.1 302 Found
// HOST header > Location: http://elsewhere.example/
// HOST header > Date: ...
// HOST header > Connection: close
// Done HOST
