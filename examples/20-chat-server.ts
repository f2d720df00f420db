/**
 * A chat with rooms, over lines of text: try it with `nc`.
 *
 *     npx tsx examples/20-chat-server.ts 127.0.0.1:4000
 *
 * Each guest has a mailbox, and a task that empties it. So a speaker never waits for the listeners: the mailbox of a guest who does not
 * read is full soon, and the server disconnects that guest. Without an address the server picks a port, plays three guests itself, and closes.
 */
import { chan, run, type Channel } from "rendezvous";
import { dial, listen, serve, type Connection } from "rendezvous/net";

const mailboxSize = 100; // lines

interface Guest {
  readonly name: string;
  readonly mail: Channel<string>;
  /** Show him out. */
  leave(reason: string): void;
}

const rooms = new Map<string, Set<Guest>>();

function tell(room: string, line: string, except?: Guest): void {
  for (const guest of rooms.get(room) ?? []) {
    if (guest !== except && !guest.mail.trySend(line)) guest.leave("too slow");
  }
}

function enter(guest: Guest, room: string): void {
  const guests = rooms.get(room) ?? new Set();
  rooms.set(room, guests.add(guest));
  tell(room, `* ${guest.name} has come`, guest);
  guest.mail.trySend(`* in ${room}: ${[...guests].map(({ name }) => name).join(", ")}`);
}

function exit(guest: Guest, room: string): void {
  rooms.get(room)?.delete(guest);
  if (rooms.get(room)?.size === 0) rooms.delete(room);
  tell(room, `* ${guest.name} has gone`);
}

async function deliver(mail: Channel<string>, connection: Connection): Promise<void> {
  for await (const line of mail) await connection.send(`${line}\n`);
}

const listener = await listen(process.argv[2] ?? "127.0.0.1:0");
if (process.argv[2] !== undefined) console.log(`listening on port ${listener.address.port}`);

const chat = (): Promise<void> => serve(listener, async (connection, s) => {
  await connection.send("your name? ");
  const name = await connection.readLine();
  if (name === undefined) return;
  const mail = chan<string>(mailboxSize);
  const guest: Guest = { name, mail, leave: (reason) => { connection.destroy(new Error(reason)); } };
  s.go(deliver, mail, connection);
  let room = "lobby";
  enter(guest, room);
  try {
    for await (const line of connection.lines()) {
      const next = /^\/join (\S+)$/.exec(line)?.[1];
      if (line === "/quit") break;
      if (next === undefined) tell(room, `${name}: ${line}`, guest);
      else {
        exit(guest, room);
        room = next;
        enter(guest, room);
      }
    }
  } finally {
    exit(guest, room);
    mail.close(); // lines that are in it are still delivered
  }
});

// -- Three guests ----------------------------------------------------------------------------------------------------------------------

async function guests(): Promise<void> {
  const arrive = async (name: string, room: string): Promise<Connection> => {
    const guest = await dial(`127.0.0.1:${listener.address.port}`);
    await guest.send(`${name}\n/join ${room}\n`);
    await guest.readUntil(`in ${room}: `);
    console.log(`${name} sees: ${await guest.readLine()}`);
    return guest;
  };
  const ann = await arrive("ann", "tea");
  const bob = await arrive("bob", "tea");
  const cid = await arrive("cid", "coffee");
  console.log(`ann sees: ${await ann.readLine()}`);
  await cid.send("is anybody here?\n"); // nobody else is
  await ann.send("hello\nhow are you?\n");
  console.log(`bob sees: ${await bob.readLine()}`);
  console.log(`bob sees: ${await bob.readLine()}`);
  await bob.send("fine\n/quit\n");
  console.log(`ann sees: ${await ann.readLine()}`);
  console.log(`ann sees: ${await ann.readLine()}`);
  for (const guest of [ann, bob, cid]) await guest.shutdown();
  await listener.shutdown();
}

await run(async (s) => {
  s.go(chat);
  if (process.argv[2] === undefined) await guests();
});

// Prints, without an address:
// ann sees: ann
// bob sees: ann, bob
// cid sees: cid
// ann sees: * bob has come
// bob sees: ann: hello
// bob sees: ann: how are you?
// ann sees: bob: fine
// ann sees: * bob has gone
