/**
 * Which ports answer? It tries many at the same time, but never more than a few dozen, and none for longer than the time limit.
 *
 *     npx tsx examples/23-port-scanner.ts 127.0.0.1 1 1024
 *
 * Without arguments it tries four ports of this machine, two of which it has opened itself.
 */
import { gather, TimeoutError } from "rendezvous";
import { ConnectionError, dial, listen } from "rendezvous/net";

type State = "open" | "closed" | "silent";

async function probe(host: string, port: number): Promise<State> {
  try {
    const connection = await dial({ host, port, timeout: 500 });
    connection.destroy();
    return "open";
  } catch (error) {
    if (error instanceof TimeoutError) return "silent";
    if (error instanceof ConnectionError && error.code === "ECONNREFUSED") return "closed";
    throw error;
  }
}

async function scan(host: string, ports: number[]): Promise<[port: number, state: State][]> {
  const states = await gather(ports.map((port) => () => probe(host, port)), { limit: 50 });
  return ports.map((port, index) => [port, states[index] ?? "closed"]);
}

const [host = "127.0.0.1", first, last] = process.argv.slice(2);
if (first !== undefined) {
  const ports = Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, index) => Number(first) + index);
  for (const [port, state] of await scan(host, ports)) if (state !== "closed") console.log(`${port} ${state}`);
} else {
  const listeners = await gather(Array.from({ length: 4 }, () => () => listen(`${host}:0`)));
  const ports = listeners.map(({ address }) => address.port ?? 0);
  await gather(listeners.slice(2).map((listener) => () => listener.shutdown())); // two of them close again
  for (const [, state] of await scan(host, ports)) console.log(state);
  await gather(listeners.map((listener) => () => listener.shutdown()));
}

// Prints, without arguments:
// open
// open
// closed
// closed
