/**
 * Adopting: a stream of the platform's, made elsewhere, becomes a connection.
 *
 * A socket is one already; any other stream of bytes in both directions gets the few verbs that only sockets have.
 */
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { show } from "../errors.ts";
import { knownOptions } from "../support/given.ts";
import { checkedConnectionOptions, connectionOptions, type Connection, type ConnectionOptions } from "./connection.ts";
import { SocketConnection } from "./socket.ts";
import type { Transport } from "./transport.ts";

/**
 * Makes a connection of a stream that is there already: the socket of an HTTP upgrade, a child process's, a tunnel through a proxy. What the stream
 * has read and nobody has taken comes first; put an upgrade's `head` back with `socket.unshift(head)` before. From then on the stream is the
 * connection's: each side ends by itself, and the connection ends when both have.
 *
 * @param stream - a socket, or any other stream of bytes (no objects, no text) that can be read and written
 * @param options - see {@link ConnectionOptions}
 * @throws TypeError for what is no such stream; RangeError or TypeError for a bad option
 *
 * @example
 * ```ts
 * import { duplexPair } from "node:stream";
 * import { adopt } from "rendezvous/net";
 *
 * const [near, far] = duplexPair();
 * const [ours, theirs] = [adopt(near), adopt(far)];
 * await ours.send("hello\n");
 * console.log(await theirs.readLine()); // hello
 * await Promise.all([ours.shutdown(), theirs.shutdown()]);
 * ```
 *
 * Idea: Go's `net.FileConn`, for streams.
 */
export function adopt(stream: Socket | Duplex, options: ConnectionOptions = {}): Connection {
  if (!(stream instanceof Duplex)) throw new TypeError(`adopt takes a stream that can be read and written, such as a socket; got ${show(stream)}`);
  if (stream.readableObjectMode || stream.writableObjectMode || stream.readableEncoding !== null) {
    throw new TypeError("adopt takes a stream of bytes; got one of objects or text: leave out objectMode and setEncoding");
  }
  const checked = checkedConnectionOptions(knownOptions(options, connectionOptions, "adopt"));
  stream.allowHalfOpen = true;
  const connection = new SocketConnection(stream instanceof Socket ? stream : asTransport(stream), checked, { adopted: true });
  return connection;
}

/** A stream with what only sockets have, and a stream has no use for. */
function asTransport(stream: Duplex): Transport {
  const none = (): void => { /* see above */ };
  return Object.assign(stream, { setNoDelay: none, setKeepAlive: none, ref: none, unref: none, resetAndDestroy: () => stream.destroy() });
}
