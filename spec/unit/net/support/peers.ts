/** The other side of a connection, in the hands of a spec: plain sockets on the loopback, on ports that the system chooses. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { Worker } from "node:worker_threads";
import { dial, listen, type Connection, type DialOptions, type Listener, type ListenOptions as OurListenOptions } from "../../../../src/net/index.ts";
import { settle } from "../../../support/settle.ts";
import { resources } from "./counted.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();
const connections: Connection[] = [];
const workers: Worker[] = [];
const folders: string[] = [];
const listeners: Listener[] = [];

/** A server on 127.0.0.1 (or another address of the loopback), and its port. */
export async function serverOf(onSocket: (socket: Socket) => void, host = "127.0.0.1"): Promise<{ server: Server; port: number }> {
  const server = await serverAt({ port: 0, host }, onSocket);
  return { server, port: (server.address() as AddressInfo).port };
}

/** A server on an address of the spec's choice. */
export async function serverAt(address: ListenOptions, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => { onSocket(known(socket)); });
  await listening(server, address);
  return server;
}

/** A server that speaks TLS, on 127.0.0.1, and its port. Below each secured socket there is the plain one of its client. */
export async function secureServerOf(
  options: TlsOptions,
  onSocket: (socket: Socket, plain: Socket) => void,
): Promise<{ server: Server; port: number }> {
  const plains = new Map<number | undefined, Socket>();
  const server = createTlsServer({ allowHalfOpen: true, ...options }, (socket) => {
    onSocket(known(socket), plains.get(socket.remotePort) as Socket);
  });
  server.on("tlsClientError", () => undefined); // clients that do not trust it are part of the game
  server.on("connection", (socket: Socket) => plains.set(socket.remotePort, known(socket)));
  await listening(server, { port: 0, host: "127.0.0.1" });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Servers on one port of several addresses. */
export async function serversOf(hosts: string[], onSocket: (socket: Socket, host: string) => void): Promise<{ port: number }> {
  const [first, ...others] = hosts;
  for (;;) {
    const { server, port } = await serverOf((socket) => onSocket(socket, first as string), first);
    try {
      for (const host of others) await serverAt({ port, host }, (socket) => onSocket(socket, host));
      return { port };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      server.close(); // somebody has that port on another address: take another one
    }
  }
}

function known(socket: Socket): Socket {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => undefined); // resets are part of the game
  return socket;
}

async function listening(server: Server, address: ListenOptions): Promise<void> {
  servers.push(server);
  server.listen(address);
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
}

/** A path for a Unix socket; its folder goes with `hangUp`. */
export function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "rendezvous-"));
  folders.push(folder);
  return join(folder, "socket");
}

/** A connection of ours and the peer's socket, which is paused: nothing is read of it before the spec says so. */
export async function pair(options: Partial<DialOptions> = {}): Promise<{ connection: Connection; peer: Socket }> {
  let accept: (socket: Socket) => void = () => undefined;
  const accepted = new Promise<Socket>((resolve) => { accept = resolve; });
  const { port } = await serverOf((socket) => { accept(socket); });
  const connection = await dialed({ host: "127.0.0.1", port, ...options });
  return { connection, peer: await accepted };
}

/** A connection that `hangUp` ends. */
export async function dialed(address: DialOptions | string): Promise<Connection> {
  const connection = await dial(address);
  connections.push(connection);
  return connection;
}

/** A listener of ours that `hangUp` shuts down. */
export async function listenerAt(address: OurListenOptions | string = "127.0.0.1:0"): Promise<Listener & { readonly port: number }> {
  const listener = await listen(address);
  listeners.push(listener);
  return Object.assign(listener, { port: listener.address.port ?? 0 });
}

/** A connection that a listener has given, and that `hangUp` ends. */
export function kept(connection: Connection): Connection {
  connections.push(connection);
  return connection;
}

/** A plain client on 127.0.0.1, connected. */
export async function client(port: number): Promise<Socket> {
  const socket = known(connect({ host: "127.0.0.1", port, allowHalfOpen: true }));
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

/** A plain client that is turned away, perhaps before it knows that it is connected: the code of its error. */
export async function turnedAway(port: number): Promise<string | undefined> {
  const socket = known(connect({ host: "127.0.0.1", port }));
  const error = once(socket, "error");
  socket.resume();
  return ((await error) as NodeJS.ErrnoException).code;
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const { server, port } = await serverOf(() => undefined);
  server.close();
  await once(server, "close");
  return port;
}

/** An address that never answers: a listener that accepts no client, and whose backlog is full. Making it takes real time. */
export async function blackHole(): Promise<{ host: string; port: number }> {
  const host = "127.0.0.2";
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const server = require("node:net").createServer();
     server.listen({ port: 0, host: "${host}", backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
     });`,
    { eval: true },
  );
  workers.push(worker);
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  // The backlog of 1 holds two. The only way to know that it is full is to try: further attempts stay unanswered.
  for (let connected = true; connected;) {
    const socket = connect({ host, port });
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    const answered = new Promise<boolean>((resolve) => socket.once("connect", () => resolve(true)));
    connected = await Promise.race([answered, unanswered()]);
  }
  return { host, port };
}

/** On the loopback a handshake that is answered at all is there a few turns of the event loop later. */
async function unanswered(): Promise<boolean> {
  for (let turns = 0; turns < 20; turns++) await settle();
  return false;
}

/** How many TCP sockets that are no listeners, connected or on the way, keep the process alive. */
export const openSockets = (): number => resources("TCPSocketWrap");
/** The same of Unix sockets. */
export const openPipes = (): number => resources("PipeWrap");
/** How many connects are on the way. */
export const connecting = (): number => resources("ConnectWrap");

/** Ends whatever the specs have left. For `afterEach`. */
export async function hangUp(): Promise<void> {
  for (const listener of listeners.splice(0)) await listener.shutdown();
  const ends = connections.splice(0).map((connection) => {
    connection.destroy();
    return connection.ended;
  });
  for (const socket of sockets) socket.destroy();
  const closes = servers.splice(0).map(async (server) => {
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  });
  const exits = workers.splice(0).map((worker) => worker.terminate());
  await Promise.all([...ends, ...closes, ...exits]);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  await settle();
}

/** An event, once. */
export function once(emitter: NodeJS.EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event, resolve));
}

/** What a peer has received when at least `count` bytes are there, or it is at the end, as text. */
export async function received(peer: Socket, count: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  let proceed = (): void => undefined;
  const events = ["readable", "end", "close"];
  const onEvent = (): void => { proceed(); };
  for (const event of events) peer.on(event, onEvent);
  while (length < count) {
    const chunk = peer.read() as Buffer | null;
    if (chunk !== null) {
      chunks.push(chunk);
      length += chunk.byteLength;
    } else if (peer.readableEnded || peer.destroyed) break;
    else await new Promise<void>((resolve) => { proceed = resolve; });
  }
  for (const event of events) peer.off(event, onEvent);
  return Buffer.concat(chunks).toString("utf8");
}

/** All that a peer receives up to the end, as text. */
export const receivedToEnd = (peer: Socket): Promise<string> => received(peer, Infinity);

/** Writes, and waits until the kernel has it. */
export function write(peer: Socket, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => peer.write(data, () => resolve()));
}

/** Closes with a reset instead of a FIN. */
export function reset(peer: Socket): void {
  peer.resetAndDestroy();
}

/** Bytes as text. */
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
/** Text as bytes. */
export const bytes = (string: string): Uint8Array => new TextEncoder().encode(string);
