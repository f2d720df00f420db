/**
 * One end of a connection in memory, as a transport.
 *
 * 1. Of its bytes at most `window` are on the way or unread at the peer; a write waits for room. They go in segments of at most `maxSegment`
 *    bytes.
 * 2. It has closed when its FIN is out and it has met the peer's, when it is destroyed, or when it has failed.
 * 3. Destroyed, it sends its FIN behind what it has sent; a reset if bytes are unread, or when more come.
 *
 * Idea: the memory streams of trio's testing module, with the ways of TCP to end.
 */
import { EventEmitter } from "node:events";
import { Queue } from "../../support/queue.ts";
import { touch } from "../../core/controller.ts";

import { nextTurn } from "../../core/scheduler.ts";
import type { Transport } from "../../net/transport.ts";
import type { Delivery, Link } from "./link.ts";

/** How connections are carried; checked already. */
export interface Carriage {
  /** Milliseconds, one way. */
  readonly latency: number;
  readonly maxSegment: number;
  readonly window: number;
  /** Writes are taken a turn of the event loop later. */
  readonly lateWrites: boolean;
}

/** The address of an end, in the platform's words. */
export interface EndAddress {
  readonly address: string;
  readonly port: number;
  readonly family: string;
}

/** A write that is not wholly taken. */
interface PendingWrite {
  bytes: Uint8Array;
  readonly taken: (() => void) | undefined;
  /** It may be taken. */
  due: boolean;
}

/** The connection that a socket is an end of. */
export interface Ends {
  peerOf(socket: MemorySocket): MemorySocket;
  /** An end has closed. */
  closed(): void;
}

/** One end of a connection. */
export class MemorySocket extends EventEmitter implements Transport {
  readonly inMemory = true as const;
  readonly pair: Ends;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly localFamily: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  destroyed = false;
  closed = false;
  errored: Error | null = null;
  readonly #carriage: Carriage;
  readonly #link: Link;
  /** It is somebody's. */
  #begun = false;
  /** Bytes are wanted, as they come. */
  #flowing = false;
  readonly #unread = new Queue<Uint8Array>();
  /** The peer's FIN has come; 'end' has been told. */
  #finCame = false;
  #endTold = false;
  /** The own FIN is out. */
  #finished = false;
  /** Writes that are not wholly taken, and how many bytes that are. */
  readonly #writes = new Queue<PendingWrite>();
  #untaken = 0;
  /** Of the own bytes: on the way, or unread at the peer. */
  #onTheWay = 0;

  constructor(pair: Ends, carriage: Carriage, link: Link, local: EndAddress | undefined, remote: EndAddress | undefined) {
    super();
    this.pair = pair;
    this.#carriage = carriage;
    this.#link = link;
    this.localAddress = local?.address;
    this.localPort = local?.port;
    this.localFamily = local?.family;
    this.remoteAddress = remote?.address;
    this.remotePort = remote?.port;
    this.remoteFamily = remote?.family;
  }

  get #peer(): MemorySocket {
    return this.pair.peerOf(this);
  }

  /** Lets something happen at the peer. */
  #send(...deliveries: readonly Delivery[]): void {
    this.#link.send(...deliveries);
  }

  // -- Connecting --

  /** The client connects; `arrive` is what happens where it wants to. */
  connect(arrive: () => void): void {
    this.#begun = true;
    this.#send(arrive);
  }

  /** The server's end is there: the client is told. */
  accept(): void {
    touch(this.pair);
    this.#begun = true;
    const client = this.#peer;
    this.#send(() => { if (!client.destroyed) client.emit("connect"); });
  }

  /** There will be no server's end: the client is told why. */
  refuse(error: Error): void {
    const client = this.#peer;
    this.#send(() => { client.fail(error); });
  }

  // -- Bytes out --

  get writableLength(): number {
    return this.#untaken;
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    const write: PendingWrite = { bytes, taken, due: !this.#carriage.lateWrites };
    this.#writes.push(write);
    this.#untaken += bytes.byteLength;
    if (write.due) this.#take();
    else nextTurn(() => {
      write.due = true;
      for (const each of this.#take()) each?.();
    });
  }

  /** Take as much of the writes as there is room for; gives what is to be called for those that are wholly taken. */
  #take(): PendingWrite["taken"][] {
    touch(this.pair);
    const { maxSegment, window } = this.#carriage;
    const peer = this.#peer;
    const deliveries: Delivery[] = [];
    const wholly: PendingWrite["taken"][] = [];
    for (let write = this.#writes.first; write?.due === true && (this.#onTheWay < window || write.bytes.byteLength === 0); write = this.#writes.first) {
      const length = Math.min(write.bytes.byteLength, window - this.#onTheWay);
      for (let from = 0; from < length; from += maxSegment) {
        // A copy, also of a Buffer: the bytes are the sender's again.
        const segment = new Uint8Array(write.bytes.subarray(from, Math.min(from + maxSegment, length)));
        deliveries.push(() => { peer.#receive(segment); });
      }
      this.#onTheWay += length;
      this.#untaken -= length;
      write.bytes = write.bytes.subarray(length);
      if (write.bytes.byteLength === 0) wholly.push(this.#writes.shift().taken);
    }
    if (deliveries.length > 0) this.#send(...deliveries);
    return wholly;
  }

  #dropWrites(): void {
    while (this.#writes.size > 0) this.#writes.shift();
    this.#untaken = 0;
  }

  /** The peer has read. */
  #makeRoom(count: number): void {
    this.#onTheWay -= count;
    for (const taken of this.#take()) taken?.();
  }

  end(): void {
    touch(this.pair);
    const peer = this.#peer;
    this.#finished = true;
    this.#send(() => { peer.#finish(); });
    this.emit("finish");
    this.#closeIfDone();
  }

  // -- Bytes in --

  #receive(bytes: Uint8Array): void {
    touch(this.pair);
    if (this.destroyed) {
      this.#sendReset();
      return;
    }
    this.#unread.push(bytes);
    this.#flow();
  }

  #finish(): void {
    touch(this.pair);
    this.#finCame = true;
    this.#flow();
  }

  pause(): void {
    this.#flowing = false;
  }

  resume(): void {
    this.#flowing = true;
    this.#flow();
  }

  /** Tells what has come, as long as that is wanted. */
  #flow(): void {
    while (this.#flowing && !this.destroyed && this.#unread.size > 0) this.emit("data", this.read());
    if (!this.#flowing || this.destroyed || !this.#finCame || this.#endTold) return;
    this.#endTold = true;
    this.emit("end");
    this.#closeIfDone();
  }

  read(): Uint8Array | null {
    touch(this.pair);
    if (this.#unread.size === 0) return null;
    const bytes = this.#unread.shift();
    this.#peer.#makeRoom(bytes.byteLength);
    return bytes;
  }

  // -- The end --

  #closeIfDone(): void {
    if (this.destroyed || !this.#finished || !this.#endTold) return;
    this.destroyed = true;
    this.#close();
  }

  destroy(): void {
    if (this.destroyed) return;
    const peer = this.#peer;
    if (this.#unread.size > 0) this.#sendReset();
    else if (!this.#finished) this.#send(() => { peer.#finish(); });
    this.#vanish();
  }

  resetAndDestroy(): void {
    if (this.destroyed) return;
    this.#sendReset();
    this.#vanish();
  }

  #vanish(): void {
    touch(this.pair);
    this.destroyed = true;
    this.#dropWrites();
    while (this.#unread.size > 0) this.#unread.shift();
    this.#close();
  }

  #sendReset(): void {
    const peer = this.#peer;
    this.#send(() => { peer.fail(connectionReset()); });
  }

  /** Ends it, with an error. What has come can still be read. */
  fail(error: Error): void {
    if (this.destroyed) return;
    touch(this.pair);
    this.destroyed = true;
    this.errored = error;
    this.#dropWrites();
    if (this.#begun) this.emit("error", error);
    this.#close();
  }

  #close(): void {
    this.closed = true;
    this.emit("close");
    const peer = this.#peer;
    if (!peer.#begun) peer.closed = peer.destroyed = true;
    this.pair.closed();
  }

  // -- What a socket of the platform has, and memory has no use for --

  cork(): void { /* each write is taken by itself */ }

  uncork(): void { /* see above */ }

  setKeepAlive(): void { /* nobody vanishes without a word */ }

  setNoDelay(): void { /* nothing is delayed */ }

  ref(): void { /* it keeps no process alive */ }

  unref(): void { /* see above */ }
}

/** What both ends see of a reset. */
export function connectionReset(): Error {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
}
