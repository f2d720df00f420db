/**
 * Listening: an address becomes a listener.
 *
 * 1. A listen that happens gives one listener; one that is withdrawn, or fails, leaves nothing.
 * 2. A Unix socket that nobody listens on any more is removed on request, and only then (see `stale.ts`).
 *
 * Idea: Go's `net.Listen`.
 */
import { createServer, type Server } from "node:net";
import { nothing, Performable, type Nothing, type WaitOptions } from "../core/operation.ts";
import { perform, promised } from "../core/perform.ts";
import { asksFor } from "../support/resources.ts";
import { release, type WaitPlace, type Waiter } from "../core/wait-queue.ts";
import { codeOf, ConnectionError } from "./errors.ts";
import { SocketListener, type Listener } from "./listener.ts";
import { takeOver, type Release } from "./stale.ts";
import { checkedListenTarget, type ListenOptions, type ListenTarget } from "./listen-options.ts";

/**
 * Listens at an address, and gives the {@link Listener}: a channel of connections.
 *
 * @param address - "host:port", ":port" (every address of this machine), "[::1]:80", "unix:/path", or {@link ListenOptions}; the port may be 0
 * @param options - a `signal` to give up by; aborting it after the listener is there does nothing to it
 * @returns rejects with a {@link ConnectionError} (`code` EADDRINUSE, EACCES, ...), with a `TypeError` or `RangeError` for an address or
 * option that is none, with `signal.reason` when aborted first
 *
 * @example
 * ```ts
 * import { dial, listen } from "rendezvous/net";
 *
 * await using listener = await listen({ host: "127.0.0.1", port: 0 });
 * await using client = await dial({ host: "127.0.0.1", port: listener.address.port });
 * for await (const connection of listener) {
 *   await connection.send("one at a time\n");
 *   await connection.shutdown();
 *   break;
 * }
 * console.log(await client.readLine()); // one at a time
 * ```
 *
 * Idea: Go's `net.Listen`.
 */
export function listen(address: ListenOptions | string, options?: WaitOptions): Promise<Listener> {
  return promised(() => perform(new Listening(checkedListenTarget(address)), options));
}

class Listening extends Performable<Listener> {
  readonly #target: ListenTarget;

  constructor(target: ListenTarget) {
    super();
    this.#target = target;
    asksFor(this);
  }

  override attempt(): Nothing {
    return nothing;
  }

  override enlist(waiter: Waiter): void {
    new Opening(waiter, this.#target, this).begin();
  }
}

/** One listening, on the way. */
class Opening implements WaitPlace {
  readonly #waiter: Waiter;
  readonly #target: ListenTarget;
  /** The operation. */
  readonly #by: Performable<unknown>;
  readonly #server: Server;
  #over = false;
  /** Ends its turn at the path. */
  #release: Release = () => { /* it has none */ };

  constructor(waiter: Waiter, target: ListenTarget, by: Performable<unknown>) {
    this.#waiter = waiter;
    this.#target = target;
    this.#by = by;
    const plain = target.settings.tls === undefined;
    this.#server = createServer({ allowHalfOpen: plain, pauseOnConnect: plain });
  }

  begin(): void {
    this.#waiter.place = this;
    this.#server.on("error", this.#onError);
    this.#server.once("listening", () => { this.#listening(); });
    const { at, unlinkStale } = this.#target;
    if (unlinkStale && "path" in at) void takeOver(at.path).then((release) => { this.#takenOver(at.path, release); });
    else this.#listen();
  }

  #takenOver(path: string, release: Release | undefined): void {
    this.#release = release ?? this.#release;
    if (this.#over) this.#release();
    else if (release === undefined) this.#onError(addressInUse(path));
    else this.#listen();
  }

  #listen(): void {
    const { at, backlog } = this.#target;
    this.#server.listen({ ...at, backlog });
  }

  #listening(): void {
    if (this.#over) {
      this.#server.close(); // given up while the name was resolved
      return;
    }
    try {
      const listener = new SocketListener(this.#server, this.#target.settings, this.#by);
      this.#server.off("error", this.#onError);
      this.#finish();
      this.#waiter.resume("value", listener);
    } catch (error) {
      this.#fail(error); // options of TLS that it refuses, such as a certificate that is none
    }
  }

  readonly #onError = (error: Error): void => {
    if (!this.#over) this.#fail(listenFailure(this.#target.name, error));
  };

  #fail(error: unknown): void {
    this.withdraw();
    this.#waiter.resume("error", error);
  }

  describe(): string {
    return String(this.#by);
  }

  withdraw(): void {
    this.#server.close();
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#release();
    release(this.#waiter);
  }
}

/** What the platform says when somebody listens there. */
export function addressInUse(name: string): Error {
  return Object.assign(new Error(`listen EADDRINUSE: address already in use ${name}`), { code: "EADDRINUSE", syscall: "listen" });
}

/** A listen that has failed, for the platform's reason. */
export function listenFailure(name: string, error: Error): ConnectionError {
  return new ConnectionError(`listen on ${name} has failed: ${codeOf(error)} (${error.message})`, [error]);
}
