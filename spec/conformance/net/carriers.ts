/** Everything that a connection runs over: a maker of both ends for each kind. */
import { dial, type Connection, type ConnectionOptions, type DialOptions, type ListenOptions } from "../../../src/net/index.ts";
import { memoryNet, type MemoryNetOptions } from "../../../src/testing/index.ts";
import { certificateFor } from "../../unit/net/support/certificate.ts";
import { kept, listenerAt, socketPath } from "../../unit/net/support/peers.ts";
import type { Pair } from "./streams.ts";

/** Both ends of a connection by `listen` and `dial`. */
function over(at: () => ListenOptions, to: (listening: ListenOptions, port: number) => DialOptions): Pair {
  return async (options: ConnectionOptions = {}) => {
    const place = { ...at(), ...options };
    const listener = await listenerAt(place);
    const dialling = dial({ ...to(place, listener.port), ...options });
    const [ours, theirs]: [Connection, Connection] = await Promise.all([dialling, listener.receive()]);
    await listener.shutdown();
    return { ours: kept(ours), theirs: kept(theirs) };
  };
}

/** Both ends of a connection in memory. */
function inMemory(carriage?: MemoryNetOptions): Pair {
  return async (options = {}) => {
    const net = memoryNet(carriage);
    const listener = await net.listen({ host: "server.example", port: 80, ...options });
    const [ours, theirs] = await Promise.all([net.dial({ host: "server.example", port: 80, ...options }), listener.receive()]);
    await listener.shutdown();
    return { ours: kept(ours), theirs: kept(theirs) };
  };
}

const host = "127.0.0.1";
const certificate = certificateFor("localhost", host);

// A further kind of connection is one line more.
export const kinds: Readonly<Record<string, Pair>> = {
  "TCP": over(() => ({ host, port: 0 }), (_, port) => ({ host, port })),
  "Unix sockets": over(() => ({ path: socketPath() }), ({ path }) => ({ path })),
  "TLS": over(() => ({ host, port: 0, tls: certificate }), (_, port) => ({ host, port, tls: { ca: certificate.cert } })),
  "TLS over Unix sockets": over(
    () => ({ path: socketPath(), tls: certificate }),
    ({ path }) => ({ path, tls: { ca: certificate.cert } }),
  ),
  "memory": inMemory(),
  "memory, in small pieces": inMemory({ maxSegment: 1000, window: 3000 }),
  "memory, with late writes": inMemory({ writes: "late" }),
};
