/**
 * Serving: one child for each connection, under one scope.
 *
 * 1. A connection belongs to its handler: shut down when that returns, reset when it throws. The others go on.
 * 2. What a handler starts in its scope ends before its connection does.
 * 3. It ends when the listener is shut down and every handler has ended. Cancelled, it stops listening, cancels the handlers, and ends
 *    when nothing is left: no task, no connection, no port.
 *
 *        listener ─► place free? ─► child: handler ─► returns: shutdown
 *                                                  └► throws:  reset, onError
 *
 * Idea: trio's `serve_tcp`, with the error of one connection kept to it.
 */
import { chan, type Channel } from "../channel/channel.ts";
import { knownOptions, type Known } from "../support/given.ts";
import type { Operation, WaitOptions } from "../core/operation.ts";
import { performIn, promised } from "../core/perform.ts";
import { settling } from "../ops/promise.ts";
import { ClosedError, isError, misuse, show } from "../errors.ts";
import { checkedBody, type GivenBody } from "../task/body.ts";
import { ScopeHandle } from "../task/scope/scope-handle.ts";
import { ScopeState } from "../task/scope/scope-state.ts";
import { checkedOptions } from "../task/scope/scope-options.ts";
import type { Scope } from "../task/scope/scope-types.ts";
import type { Connection } from "./connection.ts";
import { ConnectionError, IncompleteReadError } from "./errors.ts";
import type { Listener } from "./listener.ts";

/** How to serve. Its `signal` cancels everything. */
export interface ServeOptions extends WaitOptions {
  /**
   * How many connections are served at a time: a whole number from 1 up, or `Infinity`. More clients wait at the listener, at most its
   * `maxPending`. `Infinity`.
   */
  maxConnections?: number | undefined;
  /**
   * Called for each handler that has failed, once its connection has ended. If it throws, everything ends with that error. Left out,
   * a failure is a warning of the process, unless it is only that the peer has gone (`ConnectionError`, `ClosedError`,
   * `IncompleteReadError`).
   */
  onError?: ((error: unknown, connection: Connection) => void) | undefined;
}

/**
 * Serves every connection of a listener: runs a handler for each, all at the same time.
 *
 * A connection is shut down when its handler returns, and reset when it throws; the others go on. Each handler has a scope of its own:
 * what it starts there ends before its connection does, and fails with it.
 *
 * @param listener - from `listen`; it is shut down when serving ends
 * @param handler - an async, a plain or a generator function of the connection and its scope
 * @param options - `maxConnections`, `onError`, a `signal`
 * @returns fulfils when the listener was shut down and every handler has ended. Cancelled, it rejects (with `signal.reason`, or the
 * `CancelledError` of the scope around it) when all of them have, their connections are closed, and the address is free. Rejects with a
 * `TypeError` or `RangeError` for what is none
 *
 * @example
 * ```ts
 * import { scope } from "rendezvous";
 * import { dial, listen, serve } from "rendezvous/net";
 *
 * await scope(async (s) => {
 *   const listener = await listen("127.0.0.1:0");
 *   s.go(() => serve(listener, async (connection) => {
 *     for await (const line of connection.lines()) await connection.send(`${line.toUpperCase()}\n`);
 *   }));
 *   const client = s.use(await dial(`127.0.0.1:${listener.address.port}`));
 *   await client.send("hello\n");
 *   console.log(await client.readLine()); // HELLO
 *   await client.shutdown();
 *   await listener.shutdown();
 * });
 * ```
 *
 * Idea: trio's `serve_tcp`.
 */
export function serve<Y = never, Z = never, P = never>(
  listener: Listener,
  handler: GivenBody<"serve(listener, (connection) => answer(connection))", [connection: Connection, s: Scope], unknown, Y, Z, P>,
  options?: ServeOptions,
): Promise<void>;
export function serve(listener: Listener, given: unknown, options: ServeOptions = {}): Promise<void> {
  return promised(() => {
    const handler = checkedBody(given as (connection: Connection, s: Scope) => unknown, "serve", "serve(listener, (connection) => answer(connection))");
    const { signal, maxConnections = Infinity, onError } = knownOptions(options, serveOptions, "serve");
    if (!(Number.isSafeInteger(maxConnections) || (maxConnections as unknown) === Infinity) || maxConnections < 1) {
      throw new RangeError(`maxConnections of serve is a whole number from 1 up, or Infinity; got ${show(maxConnections)}`);
    }
    if (onError !== undefined && typeof (onError as unknown) !== "function") {
      throw new TypeError(`onError of serve is a function; got ${show(onError)}`);
    }
    const scopeOptions = { ...checkedOptions({ name: "serve", signal }, "serve"), passReason: true };
    if (typeof (listener as Partial<Listener> | null | undefined)?.shutdown !== "function") throw misuse("serve", 'a listener, as await listen("127.0.0.1:8080")', listener);
    const state = new ScopeState("scope", undefined, scopeOptions);
    return new Serving(state, listener, handler, maxConnections, onError).run();
  });
}

const serveOptions: Known<ServeOptions> = { signal: true, maxConnections: true, onError: true };

class Serving {
  readonly #state: ScopeState;
  readonly #listener: Listener;
  readonly #handler: (connection: Connection, s: Scope) => unknown;
  readonly #onError: ServeOptions["onError"];
  /** One for each connection that is served. */
  readonly #places: Channel<undefined>;
  readonly #connections = new Set<Connection>();

  constructor(
    state: ScopeState,
    listener: Listener,
    handler: (connection: Connection, s: Scope) => unknown,
    maxConnections: number,
    onError: ServeOptions["onError"],
  ) {
    this.#state = state;
    this.#listener = listener;
    this.#handler = handler;
    this.#onError = onError;
    this.#places = chan(maxConnections);
  }

  run(): Promise<void> {
    this.#state.defer(() => this.#end());
    return this.#state.run(() => this.#accept(), []);
  }

  /** Until all is cancelled, also where the platform does not carry along what the running code is part of. */
  #perform<T>(operation: Operation<T>): Promise<T> {
    return performIn(this.#state.cancelScope, operation);
  }

  async #accept(): Promise<void> {
    try {
      for (;;) {
        await this.#perform(this.#places.sending(undefined));
        const next = this.#listener.tryReceive() ?? (await this.#perform(this.#listener.nexting()));
        if (next.done === true) return;
        this.#begin(next.value);
        this.#beginThoseWhoWait();
      }
    } finally {
      await this.#listener.shutdown(); // cancelled: no more clients, before the handlers have unwound
    }
  }

  /** A turn of the event loop may bring many clients: taken one a turn, they would pile up behind the tasks of those before them. */
  #beginThoseWhoWait(): void {
    while (this.#places.trySend(undefined)) {
      const next = this.#listener.tryReceive();
      if (next?.done !== false) {
        this.#places.tryReceive(); // its place is given back
        return;
      }
      this.#begin(next.value);
    }
  }

  #begin(connection: Connection): void {
    this.#connections.add(connection);
    this.#state.go(() => this.#conduct(connection));
  }

  async #conduct(connection: Connection): Promise<void> {
    const state = new ScopeState("scope", this.#handler, { name: "connection", signal: this.#state.cancelScope.signal });
    try {
      await state.run(this.#handler, [connection, new ScopeHandle(state)] as never[]);
      await this.#perform(settling(connection.shutdown()));
    } catch (error) {
      const cancelled = this.#state.cancelScope.isCancel(error);
      if (cancelled) connection.destroy();
      else connection.reset(error);
      await connection.ended;
      if (!cancelled) this.#failed(error, connection);
    } finally {
      this.#connections.delete(connection);
      this.#places.tryReceive();
    }
  }

  #failed(error: unknown, connection: Connection): void {
    if (this.#onError) this.#onError(error, connection);
    else if (!isEndOfPeer(error)) process.emitWarning(isError(error) ? error : String(error));
  }

  /** Whatever was cancelled before it had begun. */
  async #end(): Promise<void> {
    await this.#listener.shutdown();
    for (const connection of this.#connections) {
      connection.destroy();
      await connection.ended;
    }
  }
}

const isEndOfPeer = (error: unknown): boolean =>
  [ConnectionError, ClosedError, IncompleteReadError].some((kind) => error instanceof kind);
