/** A remote over a connection of its own. It ends with the scope, and loses nothing: the remote first, then the connection. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { Scope } from "rendezvous";
import { overNats, type Remote, type RemoteOptions } from "rendezvous/nats";

export async function remoteAt(s: Scope, servers: string, options: RemoteOptions = {}): Promise<Remote> {
  const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  const remote = overNats(connection, { ...options, jetstream: jetstream(connection), manager: await jetstreamManager(connection) });
  s.defer(async () => {
    await remote[Symbol.asyncDispose]();
    await connection.drain();
  });
  return remote;
}
