/**
 * Sockets whose write has failed, while the peer may have sent something before it went: an answer, and then the end.
 *
 * 1. The platform destroys such a socket, and what it has not read by then is lost. Here it is kept until its end has come, or the error that
 *    its reading meets, and is destroyed then, with the error of the write.
 *
 * What can still come is bounded: the peer takes nothing any more, so it is what the kernel has.
 */
import type { Duplex } from "node:stream";

/**
 * Keep a socket open behind the error of a write, which its stream is about to destroy it by. What comes is given to `onBytes`. The result gives
 * up on the end, and destroys the socket with that error.
 */
export function heldOpen(socket: Duplex, error: Error, onBytes: (bytes: Uint8Array) => void): () => void {
  const letGo = (): void => {
    for (const own of ["destroy", "push"]) Reflect.deleteProperty(socket, own);
  };
  const ended = (): void => {
    letGo();
    socket.destroy(error);
  };
  socket.destroy = (reason?: Error) => {
    if (reason === error) return socket;
    letGo();
    return socket.destroy(reason === undefined ? undefined : error); // the first error is the one that is reported
  };
  // After an error a stream asks for nothing by itself, and drops what it gets.
  socket.push = (chunk: Uint8Array | null) => {
    if (chunk === null) ended();
    else onBytes(chunk);
    return true; // go on
  };
  socket._read(0);
  return ended;
}

/**
 * Whether the peer's end has come already, told or not. Where the platform does not tell of an end that waits behind bytes, its socket is held
 * open in vain, for at most `linger`.
 */
export function hasEnded(socket: Duplex): boolean {
  const { _readableState: state } = socket as { _readableState?: { ended?: boolean } };
  return socket.readableEnded || state?.ended === true;
}
