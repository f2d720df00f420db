/**
 * A remote over the user's own connection of the official client of NATS. Nothing of that is imported: it is called by its shape.
 */
import { ClosedError, misuse } from "../errors.ts";
import { ClientRemote, clientOver, type Remote, type RemoteOptions } from "./remote.ts";
import type { JetStreamLike, JetStreamManagerLike, NatsConnectionLike } from "./server/client-types.ts";
import { NatsBroker } from "./server/nats-broker.ts";
import { openLog } from "./server/nats-log.ts";
import { notesOver } from "./server/nats-notes.ts";

/** How a remote talks over NATS. What is stored needs both `jetstream` and `manager`. */
export interface NatsRemoteOptions extends RemoteOptions {
  /** `jetstream(connection)` of `@nats-io/jetstream`. */
  jetstream?: JetStreamLike | undefined;
  /** `await jetstreamManager(connection)` of `@nats-io/jetstream`. */
  manager?: JetStreamManagerLike | undefined;
}

/**
 * Makes a remote of a connection of NATS. The connection stays yours: dispose of the remote, then drain the connection, to lose nothing.
 *
 * @param connection - of `connect` of `@nats-io/transport-node`, version 3; with `maxReconnectAttempts: -1` it comes back however long the server is away
 * @param options - `jetstream` and `manager` for queues; see {@link NatsRemoteOptions}
 * @throws ClosedError when the connection is closed, TypeError when it is none, Error for a server older than 2.9
 *
 * Idea: `database/sql` of Go, in which the driver is the user's.
 */
export function overNats(connection: NatsConnectionLike, options: NatsRemoteOptions = {}): Remote {
  const given = connection as Partial<NatsConnectionLike> | null | undefined;
  for (const verb of ["publish", "subscribe", "request", "flush", "status", "closed", "isClosed"] as const) {
    if (typeof given?.[verb] !== "function") throw misuse("overNats", "a connection of @nats-io/transport-node or another transport of version 3, as overNats(await connect({ servers }))", connection);
  }
  if (connection.isClosed()) throw new ClosedError("overNats: the connection is closed");
  const { version } = connection.info ?? {};
  const [major = 2, minor = 9] = (version ?? "2.9").split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 9)) throw new Error(`overNats needs a NATS server of version 2.9 or later; this one is ${String(version)}`);
  const { jetstream, manager, ...others } = options;
  if ((jetstream === undefined) !== (manager === undefined)) throw misuse("overNats", "both jetstream and manager, or none of them", jetstream ?? manager);
  const broker = new NatsBroker(connection);
  const client = clientOver(broker, others, "overNats");
  broker.inbox = client.subject("i", `${client.id}.a`);
  if (jetstream !== undefined && manager !== undefined) {
    const { prefix } = client.settings;
    let asked = 0;
    const inbox = (): string => client.subject("i", `${client.id}.l.${(++asked).toString(36)}`);
    const store = { client: jetstream, manager, prefix, inbox };
    broker.logs = { open: (name, settings) => openLog(broker, store, name, settings) };
    broker.notes = notesOver(store);
  }
  return new ClientRemote(client);
}
