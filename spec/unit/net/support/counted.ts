/**
 * How many sockets, connects and listeners keep the process alive. Node counts them; elsewhere (Bun names none, Deno some, and those that are over, too)
 * each is noted where it begins.
 */
import { Server, Socket } from "node:net";

export type Kind = "TCPSocketWrap" | "PipeWrap" | "ConnectWrap" | "TCPServerWrap";

const noted = "Bun" in globalThis || "Deno" in globalThis;

/** Each that has begun; `true`: at the path of a Unix socket. */
const sockets = new Map<Socket, boolean>();
const servers = new Set<Server>();

/** How many of a kind there are. */
export function resources(wanted: Kind): number {
  if (!noted) return process.getActiveResourcesInfo().filter((kind) => kind === wanted).length;
  const open = [...sockets].filter(([{ destroyed }]) => !destroyed);
  switch (wanted) {
    case "TCPSocketWrap": return open.filter(([, atPath]) => !atPath).length;
    case "PipeWrap": return open.filter(([, atPath]) => atPath).length;
    case "ConnectWrap": return open.filter(([{ connecting }]) => connecting).length;
    case "TCPServerWrap": return [...servers].filter((server) => server.listening && typeof server.address() !== "string").length;
  }
}

function note(socket: Socket, atPath: boolean): void {
  sockets.set(socket, atPath);
  socket.once("close", () => sockets.delete(socket));
}

type Method<Self> = (this: Self, ...given: unknown[]) => unknown;

/** Before each call of the method, the other one is called. */
function before<Self extends object>(prototype: Self, name: string, first: (self: Self, given: unknown[]) => void): void {
  const method = Reflect.get(prototype, name) as Method<Self>;
  const both: Method<Self> = function (...given) {
    first(this, given);
    return method.apply(this, given);
  };
  Reflect.set(prototype, name, both);
}

if (noted) {
  before(Socket.prototype, "connect", (socket, [to]) => { note(socket, typeof (to as { path?: unknown } | undefined)?.path === "string"); });
  before(Server.prototype, "listen", (server) => {
    server.once("listening", () => servers.add(server));
    server.once("close", () => servers.delete(server));
  });
  before(Server.prototype, "emit", (server, [event, socket]) => {
    if (event === "connection" && servers.has(server)) note(socket as Socket, typeof server.address() === "string");
  });
}
