/**
 * A client of Redis in forty lines: many commands in one go (pipelining), their replies in the same order.
 *
 *     npx tsx examples/22-redis.ts 127.0.0.1:6379
 */
import { gather } from "rendezvous";
import { dial, type Connection } from "rendezvous/net";

type Reply = string | number | null | Error | Reply[];

/** Reads the next reply, whose first byte gives its type. */
async function reply(connection: Connection): Promise<Reply> {
  const line = await connection.readLine();
  if (line === undefined) throw new Error("the server has gone");
  const [kind = "", rest] = [line[0], line.slice(1)];
  switch (kind) {
    case "+": return rest;
    case "-": return new Error(rest);
    case ":": return Number(rest);
    case "$": return rest === "-1" ? null : text(connection, Number(rest));
    case "*": return rest === "-1" ? null : replies(connection, Number(rest));
    default: throw new Error(`no reply of Redis: ${JSON.stringify(line)}`);
  }
}

async function text(connection: Connection, length: number): Promise<string> {
  const bytes = await connection.readExactly(length);
  await connection.readLine(); // the rest of its line
  return Buffer.from(bytes).toString();
}

async function replies(connection: Connection, count: number): Promise<Reply[]> {
  const all: Reply[] = [];
  while (all.length < count) all.push(await reply(connection));
  return all;
}

/** Sends while it reads, since a server whose replies are not read accepts no more commands. */
async function pipeline(connection: Connection, commands: string[]): Promise<Reply[]> {
  const [, all] = await gather([
    () => connection.send(commands.map((command) => `${command}\r\n`).join("")),
    () => replies(connection, commands.length),
  ]);
  return all;
}

const redis = await dial(process.argv[2] ?? "127.0.0.1:6379");
console.log(await pipeline(redis, ["DEL rendezvous", "SET rendezvous 41", "INCR rendezvous", "GET rendezvous"]));
console.log(await pipeline(redis, ["DEL rendezvous", "RPUSH rendezvous one two", "LRANGE rendezvous 0 -1", "INCR rendezvous"])
  .then((all) => all.map((each) => (each instanceof Error ? each.message.split(" ")[0] : each))));
console.log(await pipeline(redis, ["DEL rendezvous", "GET rendezvous"]));

const many = Array.from({ length: 10_000 }, () => "INCR rendezvous");
console.log((await pipeline(redis, many)).at(-1), await pipeline(redis, ["DEL rendezvous"]));
await redis.shutdown();

// Prints:
// [ 0, 'OK', 42, '42' ]
// [ 1, 2, [ 'one', 'two' ], 'WRONGTYPE' ]
// [ 1, null ]
// 10000 [ 1 ]
