/**
 * A real `nats-server` for specs: on a free port of the loopback, with a store of its own, ended by its id.
 *
 * It is the one that `NATS_SERVER` names, or the one on the PATH. Where there is none, its specs are told as not run; with `RENDEZVOUS_NATS=required` they
 * fail.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { overNats, type Remote, type RemoteOptions } from "../../../src/nats/index.ts";
import { asBytes, type World } from "./support.ts";

const binary = process.env["NATS_SERVER"] ?? "nats-server";
const hasServer = spawnSync(binary, ["--version"]).status === 0;
const isRequired = process.env["RENDEZVOUS_NATS"] === "required";

/** Specs that need a server; skipped where there is none, unless it is required. */
export const describeOnServer = (title: string, specs: (this: Mocha.Suite) => void): void => {
  if (hasServer || isRequired) describe(`on a real nats-server, ${title}`, specs);
  else describe.skip(`on a real nats-server (not run: there is none on the PATH, and NATS_SERVER names none), ${title}`, specs);
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

/** Whether somebody listens there. */
const listens = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = dial(port, "127.0.0.1", () => {
    socket.destroy();
    resolve(true);
  });
  socket.on("error", () => { resolve(false); });
});

export class NatsServer {
  readonly port: number;
  readonly #store: string | undefined;
  #process: ChildProcess | undefined = undefined;

  private constructor(port: number, store: string | undefined) {
    this.port = port;
    this.#store = store;
  }

  /** Starts one. */
  static async start({ stores = true } = {}): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), stores ? mkdtempSync(join(tmpdir(), "nats-")) : undefined);
    await server.begin();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async begin(): Promise<void> {
    const options = ["-a", "127.0.0.1", "-p", String(this.port), ...(this.#store === undefined ? [] : ["-js", "-sd", this.#store])];
    const child = (this.#process = spawn(binary, options, { stdio: "ignore" }));
    let failure: unknown;
    child.once("error", (error) => { failure = error; });
    child.once("exit", (code) => { failure ??= code === null ? undefined : new Error(`${binary} has ended with ${String(code)}`); });
    while (!(await listens(this.port))) {
      await pause(10);
      if (failure !== undefined) throw new Error(`${binary} cannot be started: install Debian's nats-server, or name one by NATS_SERVER`, { cause: failure });
    }
  }

  #send(signal: NodeJS.Signals): void {
    // By its number: Deno's `child.kill` reaches it once, whatever the signal.
    if (this.#process?.pid !== undefined && this.#process.exitCode === null) process.kill(this.#process.pid, signal);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const gone = new Promise((resolve) => { this.#process?.once("exit", resolve); });
    this.#send("SIGKILL");
    await gone;
  }

  /** Stops it for a while, and lets it go on. */
  async halt(ms: number): Promise<void> {
    this.#send("SIGSTOP");
    await pause(ms);
    this.#send("SIGCONT");
  }

  async end(): Promise<void> {
    await this.kill();
    if (this.#store !== undefined) rmSync(this.#store, { recursive: true, force: true });
  }
}

let worlds = 0;

/** Remotes over connections of their own, under a prefix of their own. */
export class ServerWorld implements World {
  readonly prefix: string = `world${++worlds}`;
  readonly #server: NatsServer;
  readonly #connections: NatsConnection[] = [];

  constructor(server: NatsServer) {
    this.#server = server;
  }

  async connection(port: number = this.#server.port): Promise<NatsConnection> {
    const connection = await connect({ servers: `nats://127.0.0.1:${port}`, maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10 });
    this.#connections.push(connection);
    return connection;
  }

  async remote(options: RemoteOptions = {}): Promise<Remote> {
    const connection = await this.connection();
    return overNats(connection, { prefix: this.prefix, ...options, jetstream: jetstream(connection), manager: await jetstreamManager(connection) });
  }

  async raw(name: string): Promise<{ send(bytes: Uint8Array): Promise<void> }> {
    return (await this.remote({ codec: asBytes })).queue<Uint8Array>(name);
  }

  async end(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}
