/**
 * The broker in memory, as its users see it: remotes, and the faults.
 *
 * Idea: turmoil's hosts, for an engine of messages.
 */
import { randomFraction, touch } from "../../core/controller.ts";
import { perform } from "../../core/perform.ts";
import { misuse, show } from "../../errors.ts";
import { knownOptions, type Known } from "../../support/given.ts";
import { checkedDelay } from "../../time/timer.ts";
import { sleeping } from "../../time/sleep.ts";
import { ClientRemote, clientOver, type Remote, type RemoteOptions } from "../../nats/remote.ts";
import type { Client } from "../../nats/client.ts";
import { MemoryConnection } from "./connection.ts";
import { Engine } from "./engine.ts";

/** How a broker in memory is made. */
export interface MemoryBrokerOptions {
  /**
   * How many bytes a message may have.
   *
   * @defaultValue 1,048,576
   */
  maxBytes?: number | undefined;
  /**
   * Whether it stores: `false` is a server without JetStream.
   *
   * @defaultValue `true`
   */
  storage?: boolean | undefined;
}

/** A client of a broker in memory. */
export interface MemoryRemoteOptions extends RemoteOptions {
  /** What traces call it. */
  name?: string | undefined;
}

/** A broker in memory, its clients, and its faults. */
export interface MemoryBroker {
  /** A client: it stands for a process with a connection of its own. */
  remote(options?: MemoryRemoteOptions): Remote;
  /** Cuts the connection of a client. What it sends meanwhile does not leave, what is on the way is lost. */
  disconnect(client: Remote): void;
  /** Undoes a {@link disconnect}: its subscriptions come back. */
  reconnect(client: Remote): void;
  /** Kills the process of a client: it is silent for ever, its waits stay pending, and its leases run out. */
  kill(client: Remote): void;
  /**
   * Restarts the broker: all disconnect, and are back after `away` milliseconds.
   *
   * @param options - `lose`: `"memory"`, the queues with storage `"memory"`; `"unsynced"`, what was stored after the last {@link sync}
   */
  restart(options?: {
    /** What is lost. */
    lose?: "memory" | "unsynced" | undefined;
    /** In milliseconds. */
    away?: number | undefined;
  }): Promise<void>;
  /** What is stored by now survives a restart that loses what is `"unsynced"`. */
  sync(): void;
  /** How long everything takes from here on, each way, in milliseconds: a number, or a range, of which each message takes its own share, in order. */
  delay(ms: number | readonly [least: number, most: number]): void;
  /** The next `n` answers of requests, and of the store, get lost after they have had their effect. `Infinity`: all of them; 0 ends it. */
  loseAnswers(n: number): void;
  /** How many clients are neither disposed nor killed. */
  readonly clients: number;
  /** How many waits there are in all clients. */
  readonly waiting: number;
}

const brokerOptions: Known<MemoryBrokerOptions> = { maxBytes: true, storage: true };

interface Process {
  readonly client: Client;
  readonly connection: MemoryConnection;
}

/**
 * A broker in memory, for deterministic tests of what talks over `rendezvous/nats`: the same remotes, in virtual time, with restarts, lost
 * connections, lost answers and killed processes. It works in {@link bubble} and in {@link explore}, where every message is one of the choices.
 *
 * @param options - `maxBytes`: how many bytes a message may have; `storage`: `false` for a server that stores nothing
 * @throws RangeError for an option out of its range
 *
 * @example
 * ```ts
 * import { bubble, memoryBroker } from "rendezvous/testing";
 *
 * await bubble(async () => {
 *   const broker = memoryBroker();
 *   const jobs = await broker.remote().queue<string>("jobs", { lease: 1000 });
 *   const worker = broker.remote();
 *   const mine = await worker.queue<string>("jobs", { lease: 1000 });
 *   await jobs.send("resize");
 *   await mine.receive();
 *   broker.kill(worker);
 *   const again = await jobs.receive();
 *   console.log(again.value, again.attempt); // resize 2
 *   await again.done();
 * });
 * ```
 *
 * Idea: turmoil's faults, at the level of messages.
 */
export function memoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  const { maxBytes = 1_048_576, storage = true } = knownOptions(options, brokerOptions, "memoryBroker");
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1024) throw new RangeError(`maxBytes of memoryBroker is a whole number from 1024 up; got ${show(maxBytes)}`);
  const engine = new Engine();
  const processes = new Map<Remote, Process>();
  let latency: readonly [number, number] = [0, 0];
  const delayed = (): number => {
    const [least, most] = latency;
    return most > least ? least + randomFraction() * (most - least) : least;
  };
  let made = 0;
  const processOf = (remote: Remote): Process => {
    const found = processes.get(remote);
    if (!found) throw new TypeError(`a broker in memory knows the remotes that it has made and that are neither disposed nor killed; got ${show(remote)}`);
    return found;
  };
  return {
    remote(given = {}) {
      if (typeof given !== "object") throw misuse("a remote of memoryBroker", "its options as an object, as { name }", given);
      const { name = `client-${++made}`, ...rest } = given;
      const connection = new MemoryConnection(engine, name, delayed, maxBytes, storage);
      const client = clientOver(connection, rest, "a remote of memoryBroker");
      const remote = new ClientRemote(client);
      processes.set(remote, { client, connection });
      const ended = (): undefined => {
        processes.delete(remote);
      };
      client.join({ before: undefined, after: undefined, connected: () => undefined, disconnected: () => undefined, ended });
      return remote;
    },
    disconnect: (remote) => { processOf(remote).connection.disconnect(); },
    reconnect: (remote) => { processOf(remote).connection.reconnect(); },
    kill(remote) {
      const { client, connection } = processOf(remote);
      connection.kill();
      client.freeze();
      processes.delete(remote);
    },
    async restart({ lose, away = 0 } = {}) {
      checkedDelay(away, "the option away of restart");
      const connected = [...processes.values()].filter(({ connection }) => connection.connected);
      for (const { connection } of connected) connection.disconnect();
      engine.restart(lose);
      await perform(sleeping(away));
      for (const { connection } of connected) connection.reconnect();
    },
    sync() {
      touch(engine);
      for (const stream of engine.streams.values()) stream.sync();
    },
    delay(ms) {
      const [least, most] = typeof ms === "number" ? [ms, ms] : ms;
      if (!(least >= 0) || !(most >= least) || most === Infinity) throw new RangeError(`the delay of a broker is a number of milliseconds from 0 up, or a range of them; got ${show(ms)}`);
      latency = [least, most];
    },
    loseAnswers(n) {
      touch(engine);
      engine.lost = n;
    },
    get clients() {
      return processes.size;
    },
    get waiting() {
      let count = 0;
      for (const { client } of processes.values()) count += client.waiting;
      return count;
    },
  };
}
